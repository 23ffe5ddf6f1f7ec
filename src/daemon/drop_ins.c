#include "drop_ins.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"

static bool
is_drop_in(const char *name)
{
	static const char suffix[] = ".conf";
	const size_t length = strlen(name);
	const size_t least = sizeof(suffix) - 1;

	return name[0] != '.' && length > least &&
	       strcmp(name + length - least, suffix) == 0;
}

static char *
join(const char *a, const char *b, const char *c)
{
	struct bytes text;

	bytes_init(&text);
	bytes_printf(&text, "%s%s%s", a, b, c);
	return bytes_take(&text);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
add(struct drop_ins *drop_ins, const char *name)
{
	drop_ins->paths =
	    mem_resize(drop_ins->paths, drop_ins->count + 1, sizeof(char *));
	drop_ins->paths[drop_ins->count++] = join(drop_ins->folder, "/", name);
}

enum status
drop_ins_find(struct drop_ins *drop_ins, const char *path, struct error *err)
{
	struct dirent *entry;
	enum status rc = STATUS_OK;
	DIR *folder;

	*drop_ins = (struct drop_ins){ .folder = join(path, ".d", "") };
	folder = opendir(drop_ins->folder);
	if (!folder && errno == ENOENT)
		return STATUS_OK;
	errno = folder ? 0 : errno;
	for (entry = folder ? readdir(folder) : NULL; entry;
	     entry = readdir(folder)) {
		if (is_drop_in(entry->d_name))
			add(drop_ins, entry->d_name);
		errno = 0;
	}
	if (errno)
		rc = error_set(err, STATUS_IO, "%s: %s", drop_ins->folder,
			       strerror(errno));
	if (folder)
		closedir(folder);
	if (rc != STATUS_OK)
		drop_ins_fini(drop_ins);
	else if (drop_ins->count > 1)
		qsort(drop_ins->paths, drop_ins->count, sizeof(char *),
		      by_name);
	return rc;
}

void
drop_ins_fini(struct drop_ins *drop_ins)
{
	for (size_t i = 0; i < drop_ins->count; i++)
		free(drop_ins->paths[i]);
	free(drop_ins->paths);
	free(drop_ins->folder);
	*drop_ins = (struct drop_ins){ 0 };
}
