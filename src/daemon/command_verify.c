#include <inttypes.h>
#include <stdio.h>

#include "command.h"
#include "offline.h"
#include "store/database.h"

enum status
command_verify(const struct options *options, struct error *err)
{
	const char *path = options->database;
	struct database_facts facts = { .oldest = 1 };
	struct error why;
	enum status rc = offline_check(path, err);

	error_init(&why);
	if (rc != STATUS_OK)
		return rc;
	rc = database_verify(path, &facts, &why);
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
	printf("\n");
	return STATUS_OK;
}
