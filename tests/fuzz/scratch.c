#include "scratch.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char directory[64];

void
finding(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)fprintf(stderr, "finding: ");
	(void)vfprintf(stderr, fmt, args);
	(void)fprintf(stderr, "\n");
	va_end(args);
	abort();
}

void
scratch_clear(void)
{
	DIR *open = opendir(directory);
	struct dirent *entry;
	char path[512];

	while (open != NULL) {
		entry = readdir(open);
		if (entry == NULL)
			break;
		(void)snprintf(path, sizeof(path), "%s/%s", directory,
			       entry->d_name);
		(void)unlink(path);
	}
	if (open != NULL)
		(void)closedir(open);
}

static void
remove_directory(void)
{
	scratch_clear();
	(void)rmdir(directory);
}

const char *
scratch_path(const char *name)
{
	static char path[128];

	if (directory[0] == '\0') {
		(void)snprintf(
		    directory, sizeof(directory), "%s/toggled-fuzz-XXXXXX",
		    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
		if (mkdtemp(directory) == NULL)
			finding("no directory %s", directory);
		(void)atexit(remove_directory);
	}
	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

void
scratch_write(const char *path, const void *data, size_t length)
{
	FILE *f = fopen(path, "wb");

	if (f == NULL || fwrite(data, 1, length, f) != length || fclose(f) != 0)
		finding("cannot write %s", path);
}

void
scratch_read(const char *path, struct bytes *out)
{
	FILE *f = fopen(path, "rb");
	char buffer[8192];
	size_t n;

	if (f == NULL)
		finding("cannot read %s", path);
	do {
		n = fread(buffer, 1, sizeof(buffer), f);
		bytes_append(out, buffer, n);
	} while (n > 0);
	(void)fclose(f);
}
