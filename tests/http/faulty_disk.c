#include "faulty_disk.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void
unmap(void *control)
{
	(void)munmap(control, sizeof(struct disk_control));
}

static struct disk_control *
map(struct toggled *t, const char *path)
{
	const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct disk_control *control;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, sizeof(*control)), 0);
	control = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE,
		       MAP_SHARED, fd, 0);
	close(fd);
	ck_assert(control != MAP_FAILED);
	return toggled_own(t, control, unmap);
}

/* The sanitizer's library wants to be the first one, or to be told. */
static const char *
wrapper(struct toggled *t, const char *control)
{
	const char *preload =
	    toggled_text(t, "%.*s/tests/fault/disk_calls.so",
			 (int)(strrchr(t->binary, '/') - t->binary), t->binary);

	ck_assert_msg(access(preload, R_OK) == 0,
		      "%s is missing: make VARIANT=... check builds it",
		      preload);
	return toggled_text(
	    t,
	    "#!/bin/sh\n"
	    "ASAN_OPTIONS=\"$ASAN_OPTIONS:verify_asan_link_order=0\"\n"
	    "export ASAN_OPTIONS\n"
	    "TOGGLED_DISK='%s' LD_PRELOAD='%s' exec '%s' \"$@\"\n",
	    control, preload, t->binary);
}

struct disk_control *
faulty_disk(struct toggled *t)
{
	const char *path = toggled_path(t, "control");
	struct disk_control *control = map(t, path);
	const char *script = toggled_write(t, "faulty", wrapper(t, path));

	ck_assert_int_eq(chmod(script, 0700), 0);
	ck_assert_int_eq(mkdir(toggled_path(t, "data"), 0700), 0);
	(void)snprintf(t->binary, sizeof(t->binary), "%s", script);
	(void)snprintf(t->database, sizeof(t->database), "%s/data/toggled.db",
		       t->dir);
	(void)snprintf(control->directory, sizeof(control->directory),
		       "%s/data/", t->dir);
	return control;
}

static void
start_over(struct disk_control *control)
{
	atomic_store(&control->kinds, 0);
	atomic_store(&control->calls, 0);
	atomic_store(&control->failed, 0);
	atomic_store(&control->fail_at, 0);
	atomic_store(&control->kill_at, 0);
	atomic_store(&control->permille, 0);
}

void
faulty_disk_fail(struct disk_control *control, unsigned kinds, int64_t n,
		 bool is_lasting, int error)
{
	start_over(control);
	atomic_store(&control->error, error);
	atomic_store(&control->is_lasting, is_lasting);
	atomic_store(&control->fail_at, n);
	atomic_store(&control->kinds, n > 0 ? kinds : 0);
}

void
faulty_disk_fail_some(struct disk_control *control, unsigned kinds,
		      int permille, int error)
{
	start_over(control);
	atomic_store(&control->error, error);
	atomic_store(&control->permille, permille);
	atomic_store(&control->kinds, kinds);
}

void
faulty_disk_kill(struct disk_control *control, int64_t n)
{
	start_over(control);
	atomic_store(&control->kill_at, n);
	atomic_store(&control->kinds, DISK_CHANGES);
}
