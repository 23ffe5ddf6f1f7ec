#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "offline.h"
#include "store/database.h"

/* "42:9f86d0…", as GET /v1/head, a change or the log says them. */
static enum status
parse_expected(const char *text, struct chain_point *known, struct error *err)
{
	const char *colon = strchr(text, ':');
	char *end = NULL;

	errno = 0;
	known->revision = strtoll(text, &end, 10);
	if (errno == 0 && end == colon && *text >= '0' && *text <= '9' &&
	    known->revision > 0 &&
	    sha256_parse(colon + 1, strlen(colon + 1), known->hash))
		return STATUS_OK;
	return error_set(err, STATUS_INVALID,
			 "--expect '%s': a revision and its hash, as "
			 "42:9f86…, 64 hexadecimal digits, was expected",
			 text);
}

enum status
command_verify_check(const struct options *options, struct error *err)
{
	struct chain_point known;

	return options->expect == NULL
		   ? STATUS_OK
		   : parse_expected(options->expect, &known, err);
}

enum status
command_verify(const struct options *options, struct error *err)
{
	const char *path = options->database;
	struct chain_point known = { .revision = 0 };
	struct database_facts facts = { .oldest = 1 };
	struct error why;
	enum status rc = offline_check(path, err);

	error_init(&why);
	if (rc != STATUS_OK)
		return rc;
	if (options->expect != NULL)
		rc = parse_expected(options->expect, &known, err);
	if (rc != STATUS_OK)
		return rc;
	rc = database_verify_against(
	    path, options->expect == NULL ? NULL : &known, &facts, &why);
	if (rc == STATUS_BUSY)
		return error_set(err, rc,
				 "%s is in use: a toggled that runs holds it. "
				 "Verify a copy; `toggled backup FILE` makes "
				 "one",
				 path);
	if (rc != STATUS_OK) {
		*err = why;
		return rc;
	}
	printf("toggled: %s is whole: %" PRId64 " changes", path,
	       facts.changes);
	if (facts.oldest > 1)
		printf(", from revision %" PRId64 " on", facts.oldest);
	if (options->expect != NULL)
		printf(", revision %" PRId64 " is the one expected",
		       known.revision);
	printf("\n");
	return STATUS_OK;
}
