/*
 * Each file is read, cut into parts that a change may hold, and sent part by
 * part, to a server or to a registry on the database itself. Broken targeting
 * is stored and reported, not refused: a flag that one system cannot evaluate
 * must not keep all the others from moving.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "input.h"
#include "marker.h"
#include "model/credential.h"
#include "model/name.h"
#include "offline.h"
#include "part.h"
#include "remote.h"
#include "wire/json.h"

enum {
	FILE_BYTES_MAX = 256 * 1024 * 1024,
	ANSWER_DEPTH = 2 * LIMIT_JSON_DEPTH
};

/* What became of a file. */
struct sums {
	int64_t revision; /* the newest */
	size_t toggles;
	size_t segments;
	size_t broken;
};

struct import {
	const struct options *options;
	const char *path;        /* of the file at hand */
	struct offline *offline; /* NULL: a server takes it */
	struct sums sums;
	bool is_broken; /* something in any of the files */
};

/* --- a server takes it ---------------------------------------------------- */

static size_t
member_count(const struct value *answer, const char *name)
{
	const struct value *value = value_get(answer, name);

	return value && value->type == VALUE_OBJECT ? value->object.count : 0;
}

static const char *
text_of(const struct value *object, const char *name)
{
	const struct value *value = value_get(object, name);

	return value && value->type == VALUE_STRING ? value->string.data : "";
}

static void
report_broken(struct import *import, const char *pointer, const char *detail)
{
	import->sums.broken++;
	fprintf(stderr, "toggled: %s: %s: %s\n", import->path, pointer, detail);
}

/* What is stored as it was asked, and perhaps not meant. */
static void
report_warning(const struct import *import, const char *pointer,
	       const char *detail)
{
	fprintf(stderr, "toggled: %s: %s: warning: %s\n", import->path, pointer,
		detail);
}

static void
take_answer(struct import *import, const struct value *answer)
{
	const struct value *revision = value_get(answer, "revision");
	const struct value *errors = value_get(answer, "errors");
	const struct value *warnings = value_get(answer, "warnings");

	if (revision && revision->type == VALUE_INTEGER)
		import->sums.revision = revision->integer;
	import->sums.toggles += member_count(answer, "toggles");
	import->sums.segments += member_count(answer, "segments");
	for (size_t i = 0;
	     errors && errors->type == VALUE_ARRAY && i < errors->array.count;
	     i++) {
		const struct value *place = &errors->array.items[i];

		report_broken(import, text_of(place, "pointer"),
			      text_of(place, "detail"));
	}
	for (size_t i = 0; warnings && warnings->type == VALUE_ARRAY &&
			   i < warnings->array.count;
	     i++) {
		const struct value *warning = &warnings->array.items[i];

		report_warning(import, text_of(warning, "pointer"),
			       text_of(warning, "detail"));
	}
}

static enum status
send_part(struct import *import, const struct bytes *part, struct error *err)
{
	const struct options *options = import->options;
	const struct json_limits limits = { .depth = ANSWER_DEPTH };
	struct client_request request = { .method = "POST",
					  .content_type = "application/json",
					  .body = part->data,
					  .length = part->length,
					  .comment = options->comment,
					  .fd = -1 };
	struct client_answer answer;
	struct value value = { .type = VALUE_NULL };
	struct arena arena;
	struct bytes path;
	enum status rc;

	bytes_init(&path);
	arena_init(&arena);
	client_answer_init(&answer);
	bytes_printf(&path, "/v1/envs/%s/changes?lenient=%s%s",
		     options->environment, options->strict ? "false" : "true",
		     options->dry_run ? "&dryRun=true" : "");
	request.path = path.data;
	rc = remote_fetch(options, &request, &answer, err);
	if (rc == STATUS_OK)
		rc = json_decode(answer.body.data ? answer.body.data : "",
				 answer.body.length, &limits, &arena, &value,
				 err);
	if (rc == STATUS_OK)
		take_answer(import, &value);
	client_answer_fini(&answer);
	arena_fini(&arena);
	bytes_fini(&path);
	return rc;
}

/* --- the database itself -------------------------------------------------- */

static void
take_change(struct import *import, const struct job *job)
{
	size_t shown = job->error.place_count < ERROR_PLACES_MAX
			   ? job->error.place_count
			   : ERROR_PLACES_MAX;

	import->sums.revision = job->revision;
	for (size_t i = 0; job->change && i < job->change->count; i++) {
		enum kind kind = job->change->items[i].kind;

		import->sums.toggles += kind == KIND_TOGGLE;
		import->sums.segments += kind == KIND_SEGMENT;
	}
	for (size_t i = 0; i < shown; i++)
		report_broken(import, job->error.places[i].pointer,
			      job->error.places[i].detail);
	import->sums.broken += job->error.place_count - shown;
	for (size_t i = 0; i < job->warnings.count; i++)
		report_warning(import, job->warnings.items[i].pointer,
			       job->warnings.items[i].detail);
}

static struct string
string_of(const char *text)
{
	return (struct string){ text ? text : "", text ? strlen(text) : 0 };
}

static enum status
commit_edits(struct import *import, const struct edit_list *list,
	     struct error *err)
{
	const struct options *options = import->options;
	struct job job;
	enum status rc;

	job_init(&job, JOB_WRITE);
	job.by.kind = PRINCIPAL_PROGRAM;
	job.environment = string_of(options->environment);
	job.actor = string_of("import");
	job.comment =
	    options->comment ? string_of(options->comment) : list->comment;
	job.dry_run = options->dry_run;
	job.write.edits = list->edits;
	job.write.count = list->count;
	job.write.lenient = !options->strict;
	rc = offline_run(import->offline, &job, err);
	if (rc == STATUS_OK && job.status != STATUS_OK) {
		rc = job.status;
		*err = job.error;
	}
	if (rc == STATUS_OK)
		take_change(import, &job);
	job_fini(&job);
	return rc;
}

static enum status
commit_part(struct import *import, const struct bytes *part, struct error *err)
{
	struct arena arena;
	struct value value;
	struct edit_list list;
	enum status rc;

	arena_init(&arena);
	rc = json_decode(part->data, part->length, NULL, &arena, &value, err);
	if (rc == STATUS_OK)
		rc = edit_decode_changes(&value, &arena, &list, err);
	if (rc == STATUS_OK)
		rc = commit_edits(import, &list, err);
	arena_fini(&arena);
	return rc;
}

/* --- files ---------------------------------------------------------------- */

static enum status
take_parts(struct import *import, const struct parts *parts, struct error *err)
{
	enum status rc = STATUS_OK;

	for (size_t i = 0; i < parts->count; i++) {
		rc = import->offline
			 ? commit_part(import, &parts->items[i], err)
			 : send_part(import, &parts->items[i], err);
		if (rc != STATUS_OK && parts->count > 1)
			error_wrap(err, "part %zu of %zu, after %zu stored",
				   i + 1, parts->count, i);
		if (rc != STATUS_OK)
			break;
	}
	return rc;
}

static void
print_sums(const struct import *import, size_t parts)
{
	const struct sums *sums = &import->sums;

	printf("toggled: %s: %s%zu toggles and %zu segments in %zu %s, "
	       "revision %" PRId64 "\n",
	       import->path, import->options->dry_run ? "would change " : "",
	       sums->toggles, sums->segments, parts,
	       parts == 1 ? "change" : "changes", sums->revision);
	if (sums->broken > 0)
		printf("toggled: %s: %zu faults in targeting; what has one "
		       "answers with an error until it is mended\n",
		       import->path, sums->broken);
}

static enum status
take_file(struct import *import, struct error *err)
{
	struct bytes text;
	struct arena arena;
	struct value document = { .type = VALUE_NULL };
	struct parts parts = { NULL, 0 };
	enum status rc;

	bytes_init(&text);
	arena_init(&arena);
	import->sums = (struct sums){ 0 };
	rc = input_read(import->path, FILE_BYTES_MAX, &text, err);
	if (rc == STATUS_OK && text.length > 0 &&
	    credential_is_within(text.data, text.length))
		rc = error_set(err, STATUS_INVALID,
			       "%s has an access token in it: what is imported "
			       "is kept for good and shown to others",
			       import->path);
	if (rc != STATUS_OK)
		goto out;
	rc = json_decode(text.data ? text.data : "", text.length, NULL, &arena,
			 &document, err);
	if (rc == STATUS_OK) {
		parts_init(&parts, &document);
		rc = take_parts(import, &parts, err);
	}
	if (import->sums.broken > 0)
		import->is_broken = true;
	if (rc == STATUS_OK)
		print_sums(import, parts.count);
	else
		error_wrap(err, "%s", import->path);
out:
	parts_fini(&parts);
	arena_fini(&arena);
	bytes_fini(&text);
	return rc;
}

enum status
command_import_check(const struct options *options, struct error *err)
{
	if (options->comment && strlen(options->comment) > NAME_COMMENT_MAX)
		return error_set(err, STATUS_INVALID,
				 "a comment has at most %d bytes",
				 NAME_COMMENT_MAX);
	if (options->comment &&
	    credential_is_within(options->comment, strlen(options->comment)))
		return error_set(err, STATUS_INVALID,
				 "the comment has an access token in it");
	return remote_check(options, err);
}

enum status
command_import(const struct options *options, struct error *err)
{
	struct offline offline = { 0 };
	struct import import = { .options = options };
	enum store_mode mode = STORE_READ;
	enum status rc = STATUS_OK;

	if (!remote_is_meant(options)) {
		rc = options->dry_run ? offline_check(options->database, err)
				      : marker_judge(options, &mode, err);
		if (rc == STATUS_OK)
			rc = offline_open(&offline, options->database, mode,
					  err);
		import.offline = &offline;
	}
	for (size_t i = 0; i < options->operands.count && rc == STATUS_OK;
	     i++) {
		import.path = options->operands.items[i];
		rc = take_file(&import, err);
	}
	if (rc != STATUS_OK)
		error_wrap(err, "import");
	offline_close(&offline);
	/* It has been named. */
	return rc == STATUS_OK && import.is_broken ? STATUS_INVALID : rc;
}
