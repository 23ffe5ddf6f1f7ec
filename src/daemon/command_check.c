#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "command.h"
#include "serve.h"
#include "store/store.h"

/* Opening runs the migrations it lacks, as serving would. */
static enum status
check_database(const char *path, struct error *err)
{
	struct clock clock = clock_system();
	struct store *store = NULL;
	enum status rc;

	if (access(path, F_OK)) {
		printf("toggled: %s is not there yet, serving will make it\n",
		       path);
		return STATUS_OK;
	}
	rc = store_open(path, clock_wall_ms(&clock), &store, err);
	if (rc == STATUS_OK)
		printf("toggled: %s can be opened\n", path);
	else
		error_wrap(err, "%s", path);
	store_close(store);
	return rc;
}

/* Options and file were read before this runs. The database of the file is left
 * alone: it may be in use. */
enum status
command_check(const struct options *options, struct error *err)
{
	enum status rc = serve_check(options, err);

	if (rc == STATUS_OK)
		printf("toggled: the configuration is good\n");
	if (rc == STATUS_OK &&
	    options_source(options, "database") == SOURCE_LINE)
		rc = check_database(options->database, err);
	return rc;
}
