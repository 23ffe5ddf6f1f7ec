#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "command.h"
#include "store/database.h"

/* It takes the place of what is there, so that has to be named. */
enum status
command_restore_check(const struct options *options, struct error *err)
{
	if (options_source(options, "database") != SOURCE_DEFAULT)
		return STATUS_OK;
	return error_set(err, STATUS_INVALID,
			 "restore: say with --database FILE where to restore "
			 "to");
}

enum status
command_restore(const struct options *options, struct error *err)
{
	const struct clock clock = clock_system();
	const struct restore_order order = {
		.backup = options->operands.items[0],
		.database = options->database,
		.replace = options->replace,
		.now_ms = clock_wall_ms(&clock),
	};
	struct restored restored = { .kept = NULL };
	enum status rc = database_restore(&order, &restored, err);

	if (rc != STATUS_OK) {
		error_wrap(err, "restore");
		return rc;
	}
	printf("toggled: restored %s to %s: revision %" PRId64 ", epoch %s\n",
	       order.backup, order.database, restored.facts.head,
	       restored.epoch);
	if (restored.kept)
		printf("toggled: what was there is %s\n", restored.kept);
	free(restored.kept);
	return STATUS_OK;
}
