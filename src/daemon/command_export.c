#include <stdbool.h>

#include "command.h"
#include "offline.h"
#include "output.h"
#include "remote.h"
#include "salvaging.h"
#include "wire/document.h"

static enum status
from_server(const struct options *options, struct output *output,
	    struct error *err)
{
	static const char *const names[] = {
		[FORM_TOGGLED] = "toggles", [FORM_FLAGD] = "flags"
	};
	struct bytes path;
	struct client_answer answer;
	struct client_request request = { .method = "GET", .fd = output->fd };
	enum status rc;

	bytes_init(&path);
	client_answer_init(&answer);
	bytes_printf(&path, "/v1/envs/%s/%s", options->environment,
		     names[options->form]);
	request.path = path.data;
	rc = remote_fetch(options, &request, &answer, err);
	client_answer_fini(&answer);
	bytes_fini(&path);
	return rc;
}

static void
encode(const struct offline *offline, const struct snapshot *snapshot,
       enum document_form form, struct bytes *out)
{
	const struct selection all = { .prefix = { "", 0 }, .tag = { "", 0 } };
	const char *epoch = offline->catalog->epoch;

	switch (form) {
	case FORM_TOGGLED:
		document_toggles(snapshot, epoch, &all, out);
		break;
	case FORM_FLAGD:
		document_flagd(snapshot, out);
		break;
	}
}

static enum status
from_file(const struct options *options, struct output *output,
	  struct error *err)
{
	const struct snapshot *snapshot = NULL;
	struct offline offline = { 0 };
	struct bytes text;
	enum status rc = offline_check(options->database, err);

	bytes_init(&text);
	if (rc == STATUS_OK)
		rc = offline_open(&offline, options->database, STORE_READ, err);
	if (rc == STATUS_OK)
		rc = offline_find(&offline, options->environment, &snapshot,
				  err);
	if (rc == STATUS_OK) {
		encode(&offline, snapshot, (enum document_form)options->form,
		       &text);
		rc = output_write(output, text.data, text.length, err);
	}
	offline_close(&offline);
	bytes_fini(&text);
	return rc;
}

static enum status
salvage(const struct options *options, struct output *output, bool *whole,
	struct error *err)
{
	struct bytes text;
	enum status rc = offline_check(options->database, err);

	bytes_init(&text);
	if (rc == STATUS_OK)
		rc = salvaging_run(options->database, options->environment,
				   &text, whole, err);
	if (rc == STATUS_OK)
		rc = output_write(output, text.data, text.length, err);
	bytes_fini(&text);
	return rc;
}

enum status
command_export_check(const struct options *options, struct error *err)
{
	if (options->salvage &&
	    options_source(options, "database") == SOURCE_DEFAULT)
		return error_set(err, STATUS_INVALID,
				 "export: --salvage is for a file: --database "
				 "FILE");
	if (options->salvage && options->form != (int)FORM_TOGGLED)
		return error_set(err, STATUS_INVALID,
				 "export: --salvage writes the format toggled");
	return remote_check(options, err);
}

enum status
command_export(const struct options *options, struct error *err)
{
	bool whole = true;
	struct output output;
	enum status rc = output_open(
	    &output,
	    options->operands.count > 0 ? options->operands.items[0] : NULL,
	    err);

	if (rc == STATUS_OK && options->salvage)
		rc = salvage(options, &output, &whole, err);
	else if (rc == STATUS_OK)
		rc = remote_is_meant(options)
			 ? from_server(options, &output, err)
			 : from_file(options, &output, err);
	if (rc == STATUS_OK && output.path == NULL)
		rc = output_write(&output, "\n", 1, err);
	if (rc == STATUS_OK)
		rc = output_commit(&output, err);
	if (rc != STATUS_OK)
		error_wrap(err, "export");
	output_close(&output);
	/* What is lost was named. */
	return rc == STATUS_OK && !whole ? STATUS_CORRUPT : rc;
}
