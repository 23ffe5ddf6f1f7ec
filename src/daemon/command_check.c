#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "command.h"
#include "marker.h"
#include "model/name.h"
#include "serve.h"
#include "store/store.h"

static enum status
take_item(const struct stored_item *item, void *ctx, struct error *err)
{
	bool *guarded = ctx;

	(void)item;
	(void)err;
	*guarded = true;
	return STATUS_OK;
}

/* Has anybody made an access token? */
static enum status
find_tokens(struct store *store, bool *guarded, struct error *err)
{
	static const struct string environment = {
		NAME_ACCESS_ENVIRONMENT, sizeof(NAME_ACCESS_ENVIRONMENT) - 1
	};

	return store_load(store, environment, INT64_MAX, take_item, guarded,
			  err);
}

/* Nothing is written: the migrations it lacks are run on a copy. */
static enum status
check_database(const struct options *options, bool *guarded, struct error *err)
{
	const char *path = options->database;
	enum store_mode mode;
	struct clock clock = clock_system();
	struct store *store = NULL;
	enum status rc;

	rc = marker_judge(options, &mode, err);
	if (rc == STATUS_OK && mode >= STORE_CREATE) {
		printf("toggled: %s is not there yet, serving will make it\n",
		       path);
		return STATUS_OK;
	}
	if (rc == STATUS_OK)
		rc = store_open(path, STORE_READ, clock_wall_ms(&clock), &store,
				err);
	if (rc == STATUS_OK)
		rc = find_tokens(store, guarded, err);
	if (rc == STATUS_OK)
		printf("toggled: %s can be opened\n", path);
	store_close(store);
	return rc;
}

/* What systemd hands to the service is nobody else's to read; of an older one
 * (252) not even that of its ExecReload=. It does not change while it runs. */
static bool
is_credential_of_another(const char *path)
{
	static const char credentials[] = "/run/credentials/";

	return path &&
	       strncmp(path, credentials, sizeof(credentials) - 1) == 0 &&
	       access(path, R_OK) && errno == EACCES;
}

/* The server would start, and only say so in its log. */
static enum status
check_tls(const struct options *options, struct error *err)
{
	struct clock clock = clock_system();
	char until[CLOCK_TEXT_BYTES];
	int64_t until_ms;
	enum status rc;

	if (is_credential_of_another(options->tls_certificate) ||
	    is_credential_of_another(options->tls_key)) {
		printf("toggled: the certificate and its key are not looked "
		       "at: only the service may read its credentials\n");
		return STATUS_OK;
	}
	rc = serve_check_tls(options, &until_ms, err);
	if (rc != STATUS_OK || until_ms > clock_wall_ms(&clock))
		return rc;
	clock_format(until_ms, until);
	printf("toggled: the certificate in %s has expired at %s: clients will "
	       "not trust it\n",
	       options->tls_certificate, until);
	return STATUS_OK;
}

/* Options and file were read before this runs. The database of the file is left
 * alone: it may be in use. So whether there are access tokens is only known of
 * the one on the command line. */
enum status
command_check(const struct options *options, struct error *err)
{
	bool is_named = options_source(options, "database") == SOURCE_LINE;
	bool guarded = false;
	struct error unsafe;
	enum status rc = STATUS_OK;

	error_init(&unsafe);
	rc = check_tls(options, err);
	if (rc == STATUS_OK && is_named)
		rc = check_database(options, &guarded, err);
	if (rc != STATUS_OK)
		return rc;
	rc = serve_check(options, guarded, &unsafe);
	if (rc != STATUS_OK && is_named) {
		*err = unsafe;
		return rc;
	}
	if (rc != STATUS_OK)
		printf("toggled: unless there are tokens already: %s\n",
		       unsafe.text);
	printf("toggled: the configuration is good\n");
	return STATUS_OK;
}
