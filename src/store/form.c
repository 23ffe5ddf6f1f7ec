#include "form.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char magic[] = "SQLite format 3";
enum { HEAD_BYTES = 48 };

/* SQLite's own words for these are of one who used it wrongly. */
static const struct {
	size_t at;
	unsigned char most;
	const char *name;
} formats[] = {
	{ 18, 2, "write version" },
	{ 19, 2, "read version" },
	{ 47, 4, "schema format" },
};

/* Of the file's head, whose first bytes are right. */
static enum status
check_formats(const unsigned char *head, struct error *err)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (head[formats[i].at] > formats[i].most)
			return error_set(
			    err, STATUS_CORRUPT,
			    "its header is damaged: %s %u, of which there are "
			    "%u",
			    formats[i].name, head[formats[i].at],
			    formats[i].most);
	}
	return STATUS_OK;
}

static enum status
check_kind(const char *path, struct error *err)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return error_set(err,
				 errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO,
				 "it cannot be opened: %s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return error_set(err, STATUS_INVALID, "it is no file");
	/* One of ours is whole before it has its name (birth.c). */
	if (st.st_size == 0)
		return error_set(err, STATUS_CORRUPT,
				 "the file is empty: that is no database of "
				 "toggled, but one that was lost, or a copy "
				 "that was cut off. Restore a backup; where "
				 "there never was anything, remove the file");
	return STATUS_OK;
}

enum status
form_check(const char *path, struct error *err)
{
	unsigned char head[HEAD_BYTES] = { 0 };
	FILE *file = NULL;
	size_t n = 0;
	enum status status = check_kind(path, err);

	if (status != STATUS_OK)
		return status;
	file = fopen(path, "rbe");
	if (file == NULL)
		return error_set(err, STATUS_IO, "it cannot be opened: %s",
				 strerror(errno));
	n = fread(head, 1, sizeof(head), file);
	(void)fclose(file);
	if (n < sizeof(magic) || memcmp(head, magic, sizeof(magic)) != 0)
		return error_set(err, STATUS_CORRUPT,
				 "the file is no database, or its head is "
				 "damaged");
	return check_formats(head, err);
}
