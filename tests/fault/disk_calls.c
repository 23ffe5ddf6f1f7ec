#include "disk_calls.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DESCRIPTORS = 4096 };

static struct disk_control own;
static struct disk_control *control = &own;
static void (*watcher)(void *ctx, const struct disk_event *event);
static void *watcher_ctx;

/* What an open descriptor is called within the directory; NULL: it is not of
 * it. */
static _Atomic(char *) names[DESCRIPTORS];

/* The next function of that name behind ours. It is looked up each time: tests
 * make few calls, and there is no order of constructors to get wrong. */
#define REAL(name) ((__typeof__(&(name)))real(#name))

/* An object's address and a function's do not convert in C. */
static uintptr_t
real(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (found == NULL)
		abort();
	return (uintptr_t)found;
}

__attribute__((constructor)) static void
attach(void)
{
	const char *path = getenv("TOGGLED_DISK");
	void *page;
	int fd;

	if (path == NULL)
		return;
	fd = REAL(open)(path, O_RDWR | O_CLOEXEC);
	page =
	    mmap(NULL, sizeof(own), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd < 0 || page == MAP_FAILED)
		abort();
	(void)REAL(close)(fd);
	control = page;
}

struct disk_control *
disk_calls_control(void)
{
	return control;
}

void
disk_calls_watch(void (*see)(void *ctx, const struct disk_event *event),
		 void *ctx)
{
	watcher = see;
	watcher_ctx = ctx;
}

/* The name of `path` within the directory, or NULL. */
static const char *
inside(const char *path)
{
	const size_t length = strlen(control->directory);

	if (length == 0)
		return NULL;
	if (strncmp(path, control->directory, length) == 0 &&
	    strchr(path + length, '/') == NULL)
		return path + length;
	/* The directory itself, without its slash. */
	if (strlen(path) == length - 1 &&
	    strncmp(path, control->directory, length - 1) == 0)
		return "";
	return NULL;
}

static char *
name_of(int fd)
{
	return fd >= 0 && fd < DESCRIPTORS ? atomic_load(&names[fd]) : NULL;
}

static void
name_fd(int fd, const char *name)
{
	char *copy = name != NULL ? strdup(name) : NULL;

	if (fd >= 0 && fd < DESCRIPTORS)
		copy = atomic_exchange(&names[fd], copy);
	free(copy);
}

static void
tell(const struct disk_event *event)
{
	if (watcher != NULL)
		watcher(watcher_ctx, event);
}

/* Whether the roll of a thousand-sided die says so: splitmix of the count. */
static bool
is_unlucky(uint64_t n)
{
	uint64_t z = n * 0x9e3779b97f4a7c15U;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
	return (int64_t)((z ^ (z >> 31)) % 1000) <
	       atomic_load(&control->permille);
}

static bool
is_to_fail(int64_t n)
{
	const int64_t at = atomic_load(&control->fail_at);

	if (at != 0 &&
	    (n == at || (n > at && atomic_load(&control->is_lasting))))
		return true;
	return is_unlucky((uint64_t)n);
}

/* A call of that kind on a file of the directory. True: fail it. */
static bool
judge(unsigned kind, const char *name)
{
	int64_t n;

	if (name == NULL || (atomic_load(&control->kinds) & kind) == 0)
		return false;
	n = atomic_fetch_add(&control->calls, 1) + 1;
	if (n == atomic_load(&control->kill_at))
		(void)kill(getpid(), SIGKILL);
	if (!is_to_fail(n))
		return false;
	if (atomic_fetch_add(&control->failed, 1) == 0)
		atomic_store(&control->failed_kind, kind);
	errno = atomic_load(&control->error);
	return true;
}

/* --- descriptors ------------------------------------------------------- */

static int
open_as(const char *symbol, const char *path, int flags, mode_t mode)
{
	int (*next)(const char *, int, ...) =
	    (int (*)(const char *, int, ...))real(symbol);
	const char *name = inside(path);
	struct stat st;
	bool is_new;
	int fd;

	if (judge(DISK_OPEN, name))
		return -1;
	is_new = name != NULL && (flags & O_CREAT) != 0 &&
		 REAL(stat)(path, &st) != 0;
	fd = next(path, flags, mode);
	if (fd >= 0)
		name_fd(fd, name);
	if (fd >= 0 && is_new)
		tell(&(struct disk_event){ .what = DISK_MADE, .name = name });
	return fd;
}

static mode_t
mode_of(int flags, va_list args)
{
	return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(args, mode_t) : 0;
}

int
open(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = mode_of(flags, args);
	va_end(args);
	return open_as("open", path, flags, mode);
}

int
open64(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = mode_of(flags, args);
	va_end(args);
	return open_as("open64", path, flags, mode);
}

int
close(int fd)
{
	if (name_of(fd) != NULL)
		name_fd(fd, NULL);
	return REAL(close)(fd);
}

ssize_t
read(int fd, void *data, size_t length)
{
	if (judge(DISK_READ, name_of(fd)))
		return -1;
	return REAL(read)(fd, data, length);
}

ssize_t
pread64(int fd, void *data, size_t length, off64_t offset)
{
	if (judge(DISK_READ, name_of(fd)))
		return -1;
	return REAL(pread64)(fd, data, length, offset);
}

static void
tell_written(int fd, const void *data, ssize_t length, int64_t offset)
{
	if (length > 0)
		tell(&(struct disk_event){ .what = DISK_WRITTEN,
					   .name = name_of(fd),
					   .data = data,
					   .length = (size_t)length,
					   .offset = offset });
}

/* Half of it, for a call that fails; errno stays. */
static void
write_half(int fd, const void *data, size_t length, int64_t offset)
{
	const int error = errno;

	tell_written(fd, data, REAL(pwrite64)(fd, data, length / 2, offset),
		     offset);
	errno = error;
}

ssize_t
write(int fd, const void *data, size_t length)
{
	const bool is_ours = name_of(fd) != NULL;
	int64_t offset = 0;
	ssize_t n;

	if (!is_ours)
		return REAL(write)(fd, data, length);
	offset = lseek(fd, 0, SEEK_CUR);
	if (judge(DISK_WRITE, name_of(fd))) {
		write_half(fd, data, length, offset);
		return -1;
	}
	n = REAL(write)(fd, data, length);
	tell_written(fd, data, n, offset);
	return n;
}

ssize_t
pwrite64(int fd, const void *data, size_t length, off64_t offset)
{
	ssize_t n;

	if (judge(DISK_WRITE, name_of(fd))) {
		write_half(fd, data, length, offset);
		return -1;
	}
	n = REAL(pwrite64)(fd, data, length, offset);
	if (name_of(fd) != NULL)
		tell_written(fd, data, n, offset);
	return n;
}

static int
sync_as(const char *symbol, int fd)
{
	int (*next)(int) = (int (*)(int))real(symbol);
	const char *name = name_of(fd);
	int rc;

	if (judge(DISK_SYNC, name))
		return -1;
	rc = next(fd);
	if (rc == 0 && name != NULL)
		tell(&(struct disk_event){ .what = DISK_SYNCED, .name = name });
	return rc;
}

int
fsync(int fd)
{
	return sync_as("fsync", fd);
}

int
fdatasync(int fd)
{
	return sync_as("fdatasync", fd);
}

int
ftruncate64(int fd, off64_t size)
{
	const char *name = name_of(fd);
	int rc;

	if (judge(DISK_TRUNCATE, name))
		return -1;
	rc = REAL(ftruncate64)(fd, size);
	if (rc == 0 && name != NULL)
		tell(&(struct disk_event){
		    .what = DISK_CUT, .name = name, .offset = size });
	return rc;
}

/* --- names ------------------------------------------------------------- */

int
rename(const char *from, const char *to)
{
	const char *name = inside(from);
	int rc;

	if (judge(DISK_NAME, name))
		return -1;
	rc = REAL(rename)(from, to);
	if (rc == 0 && name != NULL)
		tell(&(struct disk_event){
		    .what = DISK_RENAMED, .name = name, .other = inside(to) });
	return rc;
}

int
link(const char *from, const char *to)
{
	const char *name = inside(from);
	int rc;

	if (judge(DISK_NAME, name))
		return -1;
	rc = REAL(link)(from, to);
	if (rc == 0 && name != NULL)
		tell(&(struct disk_event){
		    .what = DISK_LINKED, .name = name, .other = inside(to) });
	return rc;
}

int
unlink(const char *path)
{
	const char *name = inside(path);
	int rc;

	if (judge(DISK_NAME, name))
		return -1;
	rc = REAL(unlink)(path);
	if (rc == 0 && name != NULL)
		tell(&(struct disk_event){ .what = DISK_UNLINKED,
					   .name = name });
	return rc;
}

int
stat(const char *path, struct stat *st)
{
	if (judge(DISK_LOOK, inside(path)))
		return -1;
	return REAL(stat)(path, st);
}

int
stat64(const char *path, struct stat64 *st)
{
	if (judge(DISK_LOOK, inside(path)))
		return -1;
	return REAL(stat64)(path, st);
}

int
fstat64(int fd, struct stat64 *st)
{
	if (judge(DISK_LOOK, name_of(fd)))
		return -1;
	return REAL(fstat64)(fd, st);
}

int
access(const char *path, int mode)
{
	if (judge(DISK_LOOK, inside(path)))
		return -1;
	return REAL(access)(path, mode);
}
