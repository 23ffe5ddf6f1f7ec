/*
 * Sockets that a supervisor opened: systemd's way of passing them, and a
 * restart during which they stay open. This process is the supervisor. A shell
 * stands between, because LISTEN_PID is known only after the fork.
 */
#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "harness.h"

enum { KEPT_FD = 9, ROUNDS = 4, POLLS = 20, DEADLINE_MS = 10000 };

static const char changes[] = "/v1/envs/default/changes";

/* What the shell does: it is replaced, so its pid is the program's. A
 * redirection takes one digit. */
static const char pass[] =
    "export LISTEN_PID=$$ LISTEN_FDS=1; exec \"$0\" \"$@\" 3<&9 9<&-";
static const char pass_for_another[] =
    "export LISTEN_PID=1 LISTEN_FDS=1; exec \"$0\" \"$@\" 3<&9 9<&-";
static const char pass_two[] =
    "export LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=web:admin;"
    "exec \"$0\" \"$@\" 3<&9 4<&9 9<&-";
static const char pass_nothing[] =
    "export LISTEN_PID=$$ LISTEN_FDS=2; exec \"$0\" \"$@\" 3<&9 4<&- 9<&-";

struct supervised {
	struct toggled *t;
	char binary[PATH_MAX]; /* the program; the harness runs the shell */
	int port;
};

/* As ListenStream=127.0.0.1:0 with Backlog=4096 would. */
static int
open_socket(int *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t length = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&at, length), 0);
	ck_assert_int_eq(listen(fd, 4096), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &length), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

/* `fd` gets the number that the shell knows, before the harness takes it. */
static struct supervised
supervise(int fd)
{
	struct supervised s = { 0 };

	ck_assert_int_eq(dup2(fd, KEPT_FD), KEPT_FD);
	if (fd != KEPT_FD)
		close(fd);
	s.t = toggled_new();
	snprintf(s.binary, sizeof(s.binary), "%s", s.t->binary);
	snprintf(s.t->binary, sizeof(s.t->binary), "/bin/sh");
	return s;
}

static struct supervised
supervise_port(void)
{
	int port = 0;
	struct supervised s = supervise(open_socket(&port));

	s.port = port;
	return s;
}

/* `serve` behind `script`, with up to two further arguments. */
static const char *const *
command(const struct supervised *s, const char *script, const char *first,
	const char *second)
{
	static const char *argv[16];
	size_t n = 0;

	argv[n++] = "-c";
	argv[n++] = script;
	argv[n++] = s->binary;
	argv[n++] = "serve";
	argv[n++] = "--database";
	argv[n++] = s->t->database;
	argv[n++] = first;
	argv[n++] = first == NULL ? NULL : second;
	argv[n] = NULL;
	return argv;
}

static void
finish(struct supervised *s)
{
	if (s->t->pid > 0)
		ck_assert_int_eq(toggled_stop(s->t, SIGTERM), 0);
	toggled_free(s->t);
	close(KEPT_FD);
}

static void
fails_with(struct supervised *s, const char *const *argv, const char *sentence)
{
	const struct run *run = toggled_run(s->t, argv);

	ck_assert_int_eq(run->status, 2);
	ck_assert_str_eq(run->out, "");
	ck_assert_msg(strstr(run->err, sentence) != NULL, "no '%s' in: %s",
		      sentence, run->err);
}

START_TEST(test_socket_when_passed_then_it_alone_is_served)
{
	struct supervised s = supervise_port();
	const char *file = toggled_write(s.t, "conf", "listen = 127.0.0.1:1\n");

	toggled_start_as(s.t, command(&s, pass, "--config", file));
	ck_assert_str_eq(s.t->ready, toggled_text(s.t,
						  "toggled: ready on "
						  "http://127.0.0.1:%d",
						  s.port));
	ck_assert_int_eq(toggled_get(s.t, "/readyz")->status, 200);
	finish(&s);
}
END_TEST

START_TEST(test_socket_when_meant_for_another_process_then_ignored)
{
	struct supervised s = supervise_port();

	toggled_start_as(
	    s.t, command(&s, pass_for_another, "--listen", "127.0.0.1:0"));
	ck_assert_int_ne(s.t->port, s.port);
	ck_assert_int_eq(toggled_get(s.t, "/readyz")->status, 200);
	finish(&s);
}
END_TEST

static const char *const by_name[] = { "fd:web", "fd:3" };

START_TEST(test_sockets_when_named_then_served_beside_other_addresses)
{
	struct supervised s = supervise_port();
	const char *file = toggled_write(
	    s.t, "conf",
	    toggled_text(s.t, "listen = %s\nlisten = fd:admin\n", by_name[_i]));

	toggled_start_as(s.t, command(&s, pass_two, "--config", file));
	ck_assert_str_eq(s.t->ready,
			 toggled_text(s.t,
				      "toggled: ready on http://127.0.0.1:%d, "
				      "http://127.0.0.1:%d",
				      s.port, s.port));
	ck_assert_int_eq(toggled_get(s.t, "/readyz")->status, 200);
	finish(&s);
}
END_TEST

static const struct {
	const char *script;
	const char *listen;
	const char *sentence;
} faults[] = {
	{ pass, "127.0.0.1:0", "socket 3 (no name) was passed, but listen" },
	{ pass_two, "fd:web", "socket 4 (admin) was passed, but listen" },
	{ pass_two, "fd:-99999999999999999999",
	  "socket 3 (web) was passed, but listen" },
	{ pass_two, "fd:other", "no socket of that name was passed" },
	{ pass_nothing, "fd:3", "descriptor 4 is not open" },
};

START_TEST(test_sockets_when_they_do_not_fit_then_fails_with_a_sentence)
{
	struct supervised s = supervise_port();

	fails_with(
	    &s, command(&s, faults[_i].script, "--listen", faults[_i].listen),
	    faults[_i].sentence);
	finish(&s);
}
END_TEST

START_TEST(test_unix_socket_when_passed_then_its_file_stays)
{
	static const char path[] = "/tmp/toggled-activation-XXXXXX";
	char dir[sizeof(path)];
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct supervised s;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(dir, path, sizeof(path));
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/s", dir);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(listen(fd, 16), 0);
	s = supervise(fd);
	toggled_start_as(s.t, command(&s, pass, NULL, NULL));
	snprintf(s.t->unix_path, sizeof(s.t->unix_path), "%s", at.sun_path);
	ck_assert_int_eq(toggled_get(s.t, "/readyz")->status, 200);
	ck_assert_int_eq(toggled_stop(s.t, SIGTERM), 0);
	ck_assert_int_eq(access(at.sun_path, F_OK), 0);
	unlink(at.sun_path);
	rmdir(dir);
	finish(&s);
}
END_TEST

/* Polls that wait, are in the middle of the end, or find nobody: the first are
 * told that nothing changed, the last are served by the next process. */
START_TEST(test_restart_when_socket_is_kept_then_every_client_is_answered)
{
	struct supervised s = supervise_port();
	struct poller *waiting[POLLS];
	struct poller *during[POLLS];
	struct poller *between[POLLS];
	const char *wait;

	toggled_start_as(s.t, command(&s, pass, NULL, NULL));
	wait = toggled_text(s.t, "%s?since=1&wait=60s", changes);
	for (int round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < POLLS; i++)
			waiting[i] = poll_start(s.t, wait, NULL);
		toggled_signal(s.t, SIGTERM);
		for (size_t i = 0; i < POLLS; i++)
			during[i] = poll_start(s.t, changes, NULL);
		ck_assert_int_eq(toggled_wait(s.t, DEADLINE_STOP_MS), 0);
		for (size_t i = 0; i < POLLS; i++)
			between[i] = poll_start(s.t, changes, NULL);
		toggled_start_as(s.t, command(&s, pass, NULL, NULL));
		for (size_t i = 0; i < POLLS; i++) {
			struct answer *a = poll_finish(between[i], DEADLINE_MS);

			ck_assert_int_eq(a->status, 200);
			a = poll_finish(during[i], DEADLINE_MS);
			ck_assert_int_eq(a->status, 200);
		}
		/* One that the old process had not read yet waits in the new
		 * one: end its wait. */
		toggled_request(
		    s.t, "PUT", "/v1/envs/default/toggles/x", NULL,
		    toggled_text(s.t, "{\"description\":\"%d\"}", round));
		for (size_t i = 0; i < POLLS; i++)
			ck_assert_int_eq(
			    poll_finish(waiting[i], DEADLINE_MS)->status, 200);
		wait = toggled_text(s.t, "%s?since=%d&wait=60s", changes,
				    round + 2);
	}
	finish(&s);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof(*(table))))

int
main(void)
{
	Suite *suite = suite_create("activation");
	TCase *tc = tcase_create("activation");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 90);
	tcase_add_test(tc, test_socket_when_passed_then_it_alone_is_served);
	tcase_add_test(tc,
		       test_socket_when_meant_for_another_process_then_ignored);
	tcase_add_loop_test(
	    tc, test_sockets_when_named_then_served_beside_other_addresses, 0,
	    COUNT(by_name));
	tcase_add_loop_test(
	    tc, test_sockets_when_they_do_not_fit_then_fails_with_a_sentence, 0,
	    COUNT(faults));
	tcase_add_test(tc, test_unix_socket_when_passed_then_its_file_stays);
	tcase_add_test(
	    tc, test_restart_when_socket_is_kept_then_every_client_is_answered);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
