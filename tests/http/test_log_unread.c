/*
 * Nobody reads the log: everything else goes on.
 */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"
#include "scene.h"

#define ENV "/v1/envs/default"

/* More than queue and pipe hold, in lines of a kilobyte. */
enum { REQUESTS = 2000, PATH_BYTES = 1000, PIPE_BYTES = 4096 };

static struct toggled *
open_unread(int *fd, const char *loops)
{
	struct toggled *t = toggled_new();

	ck_assert_int_eq(mkfifo(t->log_path, 0600), 0);
	*fd = open(t->log_path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	ck_assert_int_ge(*fd, 0);
	(void)fcntl(*fd, F_SETPIPE_SZ, PIPE_BYTES);
	TOGGLED_START(t, "--access-log", "--loops", loops);
	/* Who cleans up after a failed test would wait for it. */
	ck_assert_int_eq(unlink(t->log_path), 0);
	return t;
}

START_TEST(test_log_when_nobody_reads_then_requests_go_on)
{
	int fd = -1;
	struct toggled *t = open_unread(&fd, _i == 0 ? "1" : "2");
	char path[PATH_BYTES + 2] = "/";

	memset(path + 1, 'x', PATH_BYTES);
	put_toggle(t, "a", "{}");
	for (int i = 0; i < REQUESTS; i++)
		ask(t, "GET", path, NULL, 404);
	flip_toggle(t, "{\"description\":\"still there\"}");
	ck_assert_int_gt(metric(t, "toggled_log_lines_lost_total"), 0);
	ask(t, "GET", "/readyz", NULL, 200);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	close(fd);
	toggled_free(t);
}
END_TEST

/* The reader comes back. */
START_TEST(test_log_when_read_again_then_says_what_is_lost)
{
	static char text[4 * 1024 * 1024];
	int fd = -1;
	struct toggled *t = open_unread(&fd, "1");
	char path[PATH_BYTES + 2] = "/";
	size_t length = 0;

	memset(path + 1, 'x', PATH_BYTES);
	for (int i = 0; i < REQUESTS; i++)
		ask(t, "GET", path, NULL, 404);
	(void)fcntl(fd, F_SETFL, 0);
	while (strstr(text, "lines of the log are lost") == NULL) {
		const ssize_t n =
		    read(fd, text + length, sizeof(text) - 1 - length);

		ck_assert_int_gt(n, 0);
		length += (size_t)n;
	}
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	close(fd);
	toggled_free(t);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_loop_test(tc, test_log_when_nobody_reads_then_requests_go_on,
			    0, 2);
	tcase_add_test(tc, test_log_when_read_again_then_says_what_is_lost);
}

int
main(void)
{
	return scene_main("log_unread", add);
}
