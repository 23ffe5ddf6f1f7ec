#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"

enum { COPY_BYTES = 1024 * 1024 };

/* Of the file format, "the lock-byte page": PENDING, RESERVED, then the range
 * that readers share. */
enum { PENDING_BYTE = 0x40000000, SHARED_FIRST = PENDING_BYTE + 2 };
enum { SHARED_BYTES = 510 };

static enum status
failed(struct error *err, const char *what)
{
	return error_set(err, errno == ENOSPC ? STATUS_FULL : STATUS_IO,
			 "%s: %s", what, strerror(errno));
}

enum status
disk_lock(const char *path, bool alone, int *fd, struct error *err)
{
	struct flock lock = {
		.l_type = alone ? F_WRLCK : F_RDLCK,
		.l_whence = SEEK_SET,
		.l_start = alone ? PENDING_BYTE : SHARED_FIRST,
		.l_len = alone ? SHARED_FIRST - PENDING_BYTE + SHARED_BYTES
			       : SHARED_BYTES,
	};

	*fd = open(path, (alone ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (*fd < 0)
		return failed(err, "open");
	if (fcntl(*fd, F_SETLK, &lock) == 0)
		return STATUS_OK;
	if (errno == EAGAIN || errno == EACCES)
		return error_set(err, STATUS_BUSY,
				 "another process holds it: is a toggled "
				 "running on it?");
	return failed(err, "lock");
}

static enum status
write_all(int fd, const char *data, size_t length, struct error *err)
{
	while (length > 0) {
		const ssize_t n = write(fd, data, length);

		if (n < 0 && errno != EINTR)
			return failed(err, "write the copy");
		if (n > 0) {
			data += n;
			length -= (size_t)n;
		}
	}
	return STATUS_OK;
}

static enum status
copy_all(int in, int out, char *buffer, struct error *err)
{
	enum status status = STATUS_OK;

	while (status == STATUS_OK) {
		const ssize_t n = read(in, buffer, COPY_BYTES);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failed(err, "read it");
		if (n == 0)
			break;
		status = write_all(out, buffer, (size_t)n, err);
	}
	if (status == STATUS_OK && fsync(out) != 0)
		status = failed(err, "sync the copy");
	return status;
}

enum status
disk_copy(const char *from, const char *to, struct error *err)
{
	char *buffer = mem_alloc(COPY_BYTES);
	const int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = -1;
	enum status status;

	if (in >= 0)
		out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0)
		status = failed(err, in < 0 ? "open it" : "make the copy");
	else
		status = copy_all(in, out, buffer, err);
	if (in >= 0)
		(void)close(in);
	if (out >= 0)
		(void)close(out);
	free(buffer);
	return status;
}

struct disk_identity
disk_identify(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return (struct disk_identity){ .is_known = false };
	return (struct disk_identity){ .is_known = true,
				       .device = st.st_dev,
				       .inode = st.st_ino };
}

bool
disk_is_same(struct disk_identity a, struct disk_identity b)
{
	return a.is_known && b.is_known && a.device == b.device &&
	       a.inode == b.inode;
}

enum status
disk_sync_directory(const char *path, struct error *err)
{
	char *directory = mem_strdup(path);
	enum status status = STATUS_OK;
	int fd;

	strrchr(directory, '/')[1] = '\0';
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		status = failed(err, "sync the directory");
	if (fd >= 0)
		(void)close(fd);
	free(directory);
	return status;
}

char *
disk_name(const char *path, const char *suffix)
{
	struct bytes name;

	bytes_init(&name);
	bytes_append_str(&name, path);
	bytes_append_str(&name, suffix);
	return bytes_take(&name);
}
