#include <stdio.h>

#include "base/version.h"
#include "command.h"
#include "libraries.h"

enum status
command_version(const struct options *options, struct error *err)
{
	(void)options;
	(void)err;
	printf("toggled %s\n", TOGGLED_VERSION);
	for (const struct library *row = libraries; row->name != NULL; row++)
		printf("%s %s%s\n", row->name, row->version(),
		       library_is_tested(row) ? "" : ", never tested");
	return STATUS_OK;
}
