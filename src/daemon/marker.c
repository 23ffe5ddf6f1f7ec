#include "marker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/mem.h"
#include "output.h"

/*
 * The name is that of the database and a hash of all of its path, so that
 * several databases find room in one directory, and whoever looks in there sees
 * what is meant.
 */
enum { NAME_DIGITS = 12 };

static const char tokens_line[] = "tokens = yes\n";

/* From the root on. Links are not followed: what they lead to may be what is
 * gone. */
static char *
absolute(const char *path)
{
	char here[PATH_MAX];
	struct bytes out;

	bytes_init(&out);
	while (path[0] == '.' && path[1] == '/') {
		path += 2;
		while (*path == '/')
			path++;
	}
	if (path[0] != '/' && getcwd(here, sizeof(here)) != NULL) {
		bytes_append_str(&out, here);
		bytes_append_char(&out, '/');
	}
	for (; *path != '\0'; path++) {
		if (path[0] != '/' || path[1] != '/')
			bytes_append_char(&out, *path);
	}
	return bytes_take(&out);
}

static void
put_directory(const struct marker *marker, const struct options *options,
	      struct bytes *out)
{
	const char *named = options->state_dir;
	size_t length;

	if (named == NULL)
		named = getenv("STATE_DIRECTORY");
	/* systemd lists several with colons between them. */
	if (named != NULL && options->state_dir == NULL)
		length = strcspn(named, ":");
	else
		length = named == NULL ? 0 : strlen(named);
	if (length > 0 && (named[0] == '/' || options->state_dir != NULL)) {
		bytes_append(out, named, length);
		bytes_append_char(out, '/');
	} else {
		bytes_append(out, marker->database,
			     (size_t)(strrchr(marker->database, '/') + 1 -
				      marker->database));
	}
}

static char *
marker_path(const struct marker *marker, const struct options *options)
{
	char digits[SHA256_HEX_BYTES];
	uint8_t hash[SHA256_BYTES];
	struct sha256 state;
	struct bytes out;

	sha256_init(&state);
	sha256_update(&state, marker->database, strlen(marker->database));
	sha256_final(&state, hash);
	sha256_hex(hash, digits);
	bytes_init(&out);
	put_directory(marker, options, &out);
	bytes_printf(&out, "%s.served-%.*s", strrchr(marker->database, '/') + 1,
		     NAME_DIGITS, digits);
	return bytes_take(&out);
}

static void
read_marker(struct marker *marker)
{
	char text[PATH_MAX + 512];
	const int fd =
	    open(marker->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t n = -1;

	marker->is_there = fd >= 0 || (errno != ENOENT && errno != ENOTDIR);
	marker->had_tokens = marker->is_there;
	if (fd < 0)
		return;
	n = read(fd, text, sizeof(text) - 1);
	if (n >= 0) {
		text[n] = '\0';
		marker->had_tokens = strstr(text, tokens_line) != NULL;
	}
	close(fd);
}

void
marker_open(struct marker *marker, const struct options *options)
{
	marker->database = absolute(options->database);
	marker->path = marker_path(marker, options);
	read_marker(marker);
}

/* A directory that was named and is not there may hold what has to be known. */
static enum status
check_directory(const struct options *options, struct error *err)
{
	struct stat st;

	if (options->state_dir == NULL ||
	    (stat(options->state_dir, &st) == 0 && S_ISDIR(st.st_mode)))
		return STATUS_OK;
	return error_set(
	    err, STATUS_NOT_FOUND,
	    "there is no database at %s, and whether there was one "
	    "cannot be known: state-dir %s is no directory that "
	    "can be looked into. Make it, or say --create to "
	    "begin with an empty database",
	    options->database, options->state_dir);
}

enum status
marker_mode(const struct marker *marker, const struct options *options,
	    enum store_mode *mode, struct error *err)
{
	struct stat st;

	/* A link is there, even where it leads nowhere: the store says so. */
	*mode = STORE_WRITE;
	if (lstat(options->database, &st) == 0 || errno != ENOENT)
		return STATUS_OK;
	*mode = options->create ? STORE_CREATE_ANEW : STORE_CREATE;
	if (options->create)
		return STATUS_OK;
	if (marker->is_there)
		return error_set(
		    err, STATUS_NOT_FOUND,
		    "there is no database at %s, and there was one: %s says "
		    "so. "
		    "Is its disk mounted, is its name right? Put it back, "
		    "restore a backup, or say --create to begin with an empty "
		    "one",
		    options->database, marker->path);
	return check_directory(options, err);
}

enum status
marker_leave(const struct marker *marker, bool has_tokens, struct error *err)
{
	struct output output = { .fd = -1 };
	struct bytes text;
	enum status rc;

	if (marker->is_there && (marker->had_tokens || !has_tokens))
		return STATUS_OK;
	bytes_init(&text);
	bytes_printf(
	    &text,
	    "# toggled has served this database. Where it is gone, "
	    "`toggled serve` does not begin\n# with an empty one until "
	    "it is told --create.\ndatabase = %s\n%s",
	    marker->database, has_tokens ? tokens_line : "");
	rc = output_open(&output, marker->path, err);
	if (rc == STATUS_OK)
		rc = output_write(&output, text.data, text.length, err);
	if (rc == STATUS_OK)
		rc = output_commit(&output, err);
	output_close(&output);
	bytes_fini(&text);
	return rc;
}

enum status
marker_judge(const struct options *options, enum store_mode *mode,
	     struct error *err)
{
	struct marker marker;
	enum status rc;

	marker_open(&marker, options);
	rc = marker_mode(&marker, options, mode, err);
	marker_close(&marker);
	return rc;
}

void
marker_close(struct marker *marker)
{
	free(marker->database);
	free(marker->path);
	*marker = (struct marker){ .database = NULL };
}
