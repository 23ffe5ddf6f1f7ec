/* The supervisor's datagrams. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../src/daemon/notify.h"

/* A bound socket whose name is in NOTIFY_SOCKET. */
static int
supervisor(const char *prefix)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int length = snprintf(at.sun_path, sizeof(at.sun_path), "%s-%d", prefix,
			      getpid());

	setenv("NOTIFY_SOCKET", at.sun_path, 1);
	if (at.sun_path[0] == '@')
		at.sun_path[0] = '\0';
	else
		unlink(at.sun_path);
	ck_assert_int_eq(
	    bind(fd, (const struct sockaddr *)&at,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
			     (size_t)length)),
	    0);
	return fd;
}

static const char *const names[] = { "@toggled-notify", "/tmp/toggled-notify" };

START_TEST(test_notify_when_supervised_then_message_arrives)
{
	int fd = supervisor(names[_i]);
	char text[64] = "";
	struct notify notify;

	setenv("WATCHDOG_USEC", "30000000", 1);
	notify_open(&notify);
	notify_send(&notify, "RELOADING=1\nMONOTONIC_USEC=%d", 7);
	ck_assert_int_gt(recv(fd, text, sizeof(text) - 1, 0), 0);
	ck_assert_str_eq(text, "RELOADING=1\nMONOTONIC_USEC=7");
	ck_assert_int_eq(notify.watchdog_ms, 30000);
	notify_close(&notify);
	close(fd);
	if (names[_i][0] == '/')
		unlink(getenv("NOTIFY_SOCKET"));
}
END_TEST

static const char *const useless[] = { NULL, "", "@", "relative",
				       "/nowhere/x" };

START_TEST(test_notify_when_nobody_listens_then_nothing_happens)
{
	struct notify notify;

	if (useless[_i])
		setenv("NOTIFY_SOCKET", useless[_i], 1);
	else
		unsetenv("NOTIFY_SOCKET");
	notify_open(&notify);
	notify_send(&notify, "READY=1");
	notify_close(&notify);
}
END_TEST

START_TEST(test_watchdog_when_meant_for_another_process_then_off)
{
	int fd = supervisor(names[0]);
	struct notify notify;

	setenv("WATCHDOG_USEC", "30000000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	notify_open(&notify);
	ck_assert_int_eq(notify.watchdog_ms, 0);
	notify_close(&notify);
	close(fd);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("daemon notify");
	TCase *tc = tcase_create("notify");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc,
			    test_notify_when_supervised_then_message_arrives, 0,
			    (int)(sizeof(names) / sizeof(*names)));
	tcase_add_loop_test(
	    tc, test_notify_when_nobody_listens_then_nothing_happens, 0,
	    (int)(sizeof(useless) / sizeof(*useless)));
	tcase_add_test(tc,
		       test_watchdog_when_meant_for_another_process_then_off);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
