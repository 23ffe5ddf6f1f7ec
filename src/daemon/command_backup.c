/*
 * A running server makes the copy between its writes and sends it. Without one
 * the file is opened here; that fails while a server holds it.
 */
#include <stdbool.h>
#include <stdio.h>

#include "base/clock.h"
#include "command.h"
#include "offline.h"
#include "output.h"
#include "remote.h"
#include "store/store.h"

enum { PAGES_AT_ONCE = 1000 };

static enum status
from_server(const struct options *options, const char *path, struct error *err)
{
	struct client_request request = { .method = "GET",
					  .path = "/v1/backup" };
	struct client_answer answer;
	struct output output;
	enum status rc = output_open(&output, path, err);

	client_answer_init(&answer);
	request.fd = output.fd;
	if (rc == STATUS_OK)
		rc = remote_fetch(options, &request, &answer, err);
	if (rc == STATUS_OK)
		rc = output_commit(&output, err);
	output_close(&output);
	client_answer_fini(&answer);
	return rc;
}

static enum status
copy(struct store *store, const char *path, struct error *err)
{
	struct store_backup *backup = NULL;
	bool done = false;
	enum status rc = store_backup_begin(store, path, &backup, err);

	while (rc == STATUS_OK && !done)
		rc = store_backup_step(backup, PAGES_AT_ONCE, &done, err);
	store_backup_end(backup);
	return rc;
}

static enum status
from_file(const char *database, const char *path, struct error *err)
{
	struct clock clock = clock_system();
	struct store *store = NULL;
	struct output output;
	enum status rc = output_prepare(&output, path, err);

	if (rc == STATUS_OK)
		rc = offline_check(database, err);
	if (rc == STATUS_OK)
		rc = store_open(database, STORE_READ, clock_wall_ms(&clock),
				&store, err);
	if (rc == STATUS_OK)
		rc = copy(store, output.part, err);
	if (rc == STATUS_OK)
		rc = output_commit(&output, err);
	output_close(&output);
	store_close(store);
	return rc;
}

enum status
command_backup(const struct options *options, struct error *err)
{
	const char *path = options->operands.items[0];
	bool has_file = options_source(options, "database") != SOURCE_DEFAULT;
	enum status rc = STATUS_BUSY;
	struct error first;

	error_init(&first);
	if (options->server || !has_file)
		rc = from_server(options, path, &first);
	if (rc == STATUS_BUSY && has_file)
		rc = from_file(options->database, path, err);
	else if (rc != STATUS_OK)
		*err = first;
	if (rc == STATUS_OK)
		fprintf(stderr, "toggled: wrote %s\n", path);
	else
		error_wrap(err, "backup");
	return rc;
}
