#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"

static enum status
failed(const struct output *output, const char *what, struct error *err)
{
	return error_set(err, STATUS_IO, "cannot %s %s: %s", what,
			 output->part ? output->part : output->name,
			 strerror(errno));
}

/* Pipes and devices are written to; a rename would take their place. */
static bool
is_special(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

/* Does another process hold a lock on the file, as a server does on its
 * database? Closing it drops locks of our own, so we must not have any yet. */
static bool
is_held(const char *path)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool is_held =
	    fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;

	if (fd >= 0)
		close(fd);
	return is_held;
}

/* Behind a symbolic link the file is replaced, and the link stays. */
static enum status
set_paths(struct output *output, const char *path, struct error *err)
{
	struct bytes part;

	if (is_held(path))
		return error_set(err, STATUS_BUSY,
				 "%s is in use: a toggled that runs holds it",
				 path);
	output->path = realpath(path, NULL);
	if (!output->path)
		output->path = mem_strdup(path);
	bytes_init(&part);
	bytes_printf(&part, "%s.part", output->path);
	output->part = bytes_take(&part);
	unlink(output->part);
	return STATUS_OK;
}

enum status
output_prepare(struct output *output, const char *path, struct error *err)
{
	*output = (struct output){ .fd = -1, .name = path };
	if (strcmp(path, "-") == 0 || is_special(path))
		return error_set(err, STATUS_INVALID,
				 "only a file can be written here, and '%s' "
				 "is none",
				 path);
	return set_paths(output, path, err);
}

enum status
output_open(struct output *output, const char *path, struct error *err)
{
	enum status rc;

	*output = (struct output){ .fd = STDOUT_FILENO, .name = "stdout" };
	if (!path || strcmp(path, "-") == 0)
		return STATUS_OK;
	output->name = path;
	if (is_special(path)) {
		output->fd = open(path, O_WRONLY | O_CLOEXEC);
		return output->fd < 0 ? failed(output, "open", err) : STATUS_OK;
	}
	rc = set_paths(output, path, err);
	if (rc != STATUS_OK)
		return rc;
	output->fd =
	    open(output->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (output->fd < 0)
		return failed(output, "create", err);
	return STATUS_OK;
}

enum status
output_write(struct output *output, const void *data, size_t length,
	     struct error *err)
{
	const char *p = data;

	while (length > 0) {
		ssize_t n = write(output->fd, p, length);

		if (n < 0 && errno != EINTR)
			return failed(output, "write", err);
		if (n > 0) {
			p += n;
			length -= (size_t)n;
		}
	}
	return STATUS_OK;
}

/* A rename is durable once its directory is. */
static enum status
sync_directory(const struct output *output, struct error *err)
{
	char *copy = mem_strdup(output->path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum status rc = STATUS_OK;

	if (fd < 0 || fsync(fd))
		rc = failed(output, "sync the directory of", err);
	if (fd >= 0)
		close(fd);
	free(copy);
	return rc;
}

enum status
output_commit(struct output *output, struct error *err)
{
	if (!output->path)
		return STATUS_OK;
	if (output->fd >= 0 && fsync(output->fd))
		return failed(output, "sync", err);
	if (rename(output->part, output->path))
		return failed(output, "rename", err);
	free(output->part);
	output->part = NULL;
	return sync_directory(output, err);
}

void
output_close(struct output *output)
{
	if (output->fd >= 0 && output->fd != STDOUT_FILENO)
		close(output->fd);
	if (output->part)
		unlink(output->part);
	free(output->part);
	free(output->path);
	*output = (struct output){ .fd = -1 };
}
