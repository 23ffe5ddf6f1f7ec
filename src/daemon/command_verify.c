#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "command.h"
#include "offline.h"
#include "store/store.h"

enum status
command_verify(const struct options *options, struct error *err)
{
	struct clock clock = clock_system();
	struct store *store = NULL;
	int64_t changes = 0;
	enum status rc = offline_check(options->database, err);

	if (rc == STATUS_OK)
		rc = store_open(options->database, clock_wall_ms(&clock),
				&store, err);
	if (rc == STATUS_OK)
		rc = store_verify(store, &changes, err);
	if (rc == STATUS_OK)
		printf("toggled: %s is whole: %" PRId64 " changes\n",
		       options->database, changes);
	else
		error_wrap(err, "%s", options->database);
	store_close(store);
	return rc;
}
