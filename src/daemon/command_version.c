#include <stdio.h>

#include "base/version.h"
#include "command.h"

enum status
command_version(const struct options *options, struct error *err)
{
	(void)options;
	(void)err;
	printf("toggled %s\n", TOGGLED_VERSION);
	return STATUS_OK;
}
