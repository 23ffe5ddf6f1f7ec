#include "small_disk.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { IMAGE_BYTES = 8 * 1024 * 1024, PIECE = 64 * 1024 };

const char *const small_disk_names[SMALL_DISKS] = {
	"tmpfs of 2 MB",
	"ext4 of 8 MB in blocks of 1 KiB",
	"ext4 of 8 MB in blocks of 4 KiB",
};

static const char *const block_sizes[SMALL_DISKS] = { NULL, "1024", "4096" };

static bool
skip(const char *what)
{
	printf("skipped: small disks: %s: %s\n", what, strerror(errno));
	return false;
}

/* mount(8) finds a loop device; nothing else is worth doing by hand. The image
 * is in memory, where that is a file system, and has no name any more: a test
 * that fails leaves nothing. */
static bool
mount_image(struct toggled *t, const char *block_size, const char *at)
{
	char *image =
	    toggled_text(t, "%s/toggled-image-XXXXXX",
			 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : t->dir);
	const int fd = mkostemp(image, O_CLOEXEC);
	const char *command;
	int rc;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, IMAGE_BYTES), 0);
	close(fd);
	command = toggled_text(t,
			       "/sbin/mkfs.ext4 -q -F -m 0 -b %s '%s' && "
			       "mount -o loop '%s' '%s'",
			       block_size, image, image, at);
	rc = system(command); /* NOLINT(cert-env33-c) */
	(void)unlink(image);
	return rc == 0;
}

static bool
mount_disk(struct toggled *t, int kind)
{
	const char *at = toggled_path(t, "disk");

	ck_assert_int_eq(mkdir(at, 0700), 0);
	if (unshare(CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return skip("a mount namespace");
	if (block_sizes[kind] == NULL) {
		if (mount("tmpfs", at, "tmpfs", 0, "size=2m") != 0)
			return skip(small_disk_names[kind]);
	} else if (!mount_image(t, block_sizes[kind], at)) {
		return skip(small_disk_names[kind]);
	}
	snprintf(t->database, sizeof(t->database), "%s/toggled.db", at);
	return true;
}

struct toggled *
small_disk_open(int kind)
{
	struct toggled *t = toggled_new();

	if (mount_disk(t, kind))
		return t;
	toggled_free(t);
	return NULL;
}

void
small_disk_close(struct toggled *t)
{
	(void)umount2(toggled_path(t, "disk"), MNT_DETACH);
	toggled_free(t);
}

static void
append_all(int fd, size_t piece)
{
	static const char zeroes[PIECE];

	while (write(fd, zeroes, piece) > 0)
		continue;
}

void
small_disk_fill(struct toggled *t, long spare)
{
	const char *path = toggled_path(t, "disk/filler");
	const int fd =
	    open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	struct stat st;

	ck_assert_int_ge(fd, 0);
	append_all(fd, PIECE);
	append_all(fd, 1);
	ck_assert_int_eq(fstat(fd, &st), 0);
	if (spare > 0)
		ck_assert_int_eq(
		    ftruncate(fd, st.st_size > spare ? st.st_size - spare : 0),
		    0);
	close(fd);
}

void
small_disk_clear(struct toggled *t)
{
	ck_assert_int_eq(unlink(toggled_path(t, "disk/filler")), 0);
}

bool
small_disk_set_writable(struct toggled *t, bool is_writable)
{
	return mount(NULL, toggled_path(t, "disk"), NULL,
		     MS_REMOUNT | (is_writable ? 0 : MS_RDONLY), NULL) == 0;
}
