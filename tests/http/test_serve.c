/* Life of the daemon: ready line, signals, restarts, its supervisor. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "harness.h"
#include "scene.h"

enum { POLLS = 20, DEADLINE_MS = 10000 };

static const char changes[] = "/v1/envs/default/changes";
static const char toggle_x[] = "/v1/envs/default/toggles/x";

/* The path of a poll that waits for what comes next. */
static const char *
next_change(struct toggled *t)
{
	struct answer *a = toggled_get(t, changes);

	ck_assert_int_eq(a->status, 200);
	return toggled_text(
	    t, "%s?since=%lld&wait=60s", changes,
	    (long long)json_int_at(answer_json(a), "/revision"));
}

START_TEST(test_serve_when_ready_then_one_line_and_ready_answer)
{
	struct toggled *t = toggled_new();

	toggled_start(t, NULL);
	ck_assert_str_eq(t->ready, toggled_text(t,
						"toggled: ready on "
						"http://127.0.0.1:%d",
						t->port));
	ck_assert_int_eq(toggled_get(t, "/readyz")->status, 200);
	ck_assert_int_eq(toggled_get(t, "/healthz")->status, 200);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_free(t);
}
END_TEST

START_TEST(test_serve_when_two_addresses_then_both_serve)
{
	struct toggled *t = toggled_new();
	const char *path = toggled_path(t, "s");

	toggled_start(
	    t, (const char *const[]){ "--listen",
				      toggled_text(t, "unix:%s", path), NULL });
	ck_assert_str_eq(t->ready, toggled_text(t,
						"toggled: ready on "
						"http://127.0.0.1:%d, unix:%s",
						t->port, path));
	ck_assert_int_eq(toggled_get(t, "/readyz")->status, 200);
	snprintf(t->unix_path, sizeof(t->unix_path), "%s", path);
	ck_assert_int_eq(toggled_get(t, "/readyz")->status, 200);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_free(t);
}
END_TEST

static const int stop_signals[] = { SIGTERM, SIGINT };

START_TEST(test_stop_when_polls_wait_then_each_is_answered)
{
	struct toggled *t = toggled_new();
	struct poller *polls[POLLS];
	const char *path;

	toggled_start(t, NULL);
	path = next_change(t);
	for (size_t i = 0; i < POLLS; i++)
		polls[i] = poll_start(t, path, NULL);
	toggled_signal(t, stop_signals[_i]);
	for (size_t i = 0; i < POLLS; i++) {
		struct answer *a = poll_finish(polls[i], DEADLINE_MS);
		const char *connection = answer_header(t, a, "Connection");

		ck_assert_int_eq(a->status, 200);
		ck_assert_ptr_nonnull(connection);
		ck_assert_str_eq(connection, "close");
		ck_assert_uint_eq(
		    json_object_size(json_at(answer_json(a), "/toggles")), 0);
	}
	ck_assert_int_eq(toggled_wait(t, DEADLINE_MS), 0);
	toggled_free(t);
}
END_TEST

START_TEST(test_stop_when_connections_are_idle_then_soon_over)
{
	struct toggled *t = toggled_new();
	struct raw *idle;
	struct raw *half;
	int64_t began;

	toggled_start(t, NULL);
	idle = raw_open(t);
	raw_send_text(idle, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
	ck_assert_int_eq(raw_answer(idle, DEADLINE_MS)->status, 200);
	half = raw_open(t);
	raw_send_text(half, "GET /healthz HTTP/1.1\r\nHo");
	began = now_ms();
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	ck_assert_int_lt(now_ms() - began, 15000);
	ck_assert(raw_is_closed(idle, DEADLINE_MS));
	ck_assert(raw_is_closed(half, DEADLINE_MS));
	toggled_free(t);
}
END_TEST

static const int ends[] = { SIGTERM, SIGKILL };

START_TEST(test_restart_when_written_before_then_still_there)
{
	struct toggled *t = toggled_new();
	struct answer *a;
	int64_t revision;

	toggled_start(t, NULL);
	a = toggled_request(t, "PUT", toggle_x, NULL, "{}");
	ck_assert_int_eq(a->status, 201);
	revision = json_int_at(answer_json(a), "/revision");
	ck_assert_int_eq(toggled_stop(t, ends[_i]),
			 ends[_i] == SIGKILL ? 128 + SIGKILL : 0);
	toggled_start(t, NULL);
	a = toggled_get(t, toggle_x);
	ck_assert_int_eq(json_int_at(answer_json(a), "/revision"), revision);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	ck_assert_int_eq(
	    TOGGLED_RUN(t, "verify", "--database", t->database)->status, 0);
	toggled_free(t);
}
END_TEST

START_TEST(test_start_when_port_is_taken_then_fails_with_a_sentence)
{
	struct toggled *t = toggled_new();
	const struct run *run;
	const char *address;

	toggled_start(t, NULL);
	address = toggled_text(t, "127.0.0.1:%d", t->port);
	run = TOGGLED_RUN(t, "serve", "--listen", address, "--database",
			  "other.db");
	ck_assert_int_eq(run->status, 1);
	ck_assert_str_eq(run->out, "");
	ck_assert_ptr_nonnull(strstr(run->err, "toggled: "));
	ck_assert_ptr_nonnull(strstr(run->err, address));
	toggled_free(t);
}
END_TEST

/* The supervisor tries again what ends with 1, and not what ends with 2. */
static const struct {
	const char *file; /* NULL: there is none */
	int status;
} unstartable[] = {
	{ "lisden = 127.0.0.1:0\n", 2 },
	{ "listen = nowhere\n", 2 },
	{ "no setting\n", 2 },
	{ "listen = https://127.0.0.1:0\n", 2 },
	{ "listen = 127.0.0.1:0\ntls-key = k\n", 2 },
	{ "listen = 127.0.0.1:0\ntls-key = k\ntls-certificate = c\n", 1 },
	{ "listen = 0.0.0.0:0\n", 1 },
	{ "listen = 127.0.0.1:0\ndatabase = /nowhere/t.db\n", 1 },
	{ NULL, 1 },
};

START_TEST(test_start_when_it_fails_then_status_says_whether_to_try_again)
{
	struct toggled *t = toggled_new();
	const int status = unstartable[_i].status;
	const struct run *run;

	if (unstartable[_i].file)
		toggled_write(t, "c", unstartable[_i].file);
	run = TOGGLED_RUN(t, "serve", "--config", "c");
	ck_assert_msg(run->status == status, "%d: %s", run->status, run->err);
	ck_assert_ptr_null(strstr(run->err, "toggled help"));
	/* Reloading asks this one. What only the database tells it cannot. */
	run = TOGGLED_RUN(t, "check", "--config", "c");
	ck_assert_msg(
	    run->status == status ||
		(run->status == 0 && unstartable[_i].file && status == 1),
	    "%d: %s", run->status, run->err);
	toggled_free(t);
}
END_TEST

START_TEST(test_start_when_database_is_held_then_fails_with_a_sentence)
{
	struct toggled *t = toggled_new();
	const struct run *run;

	toggled_start(t, NULL);
	run = TOGGLED_RUN(t, "serve", "--listen", "127.0.0.1:0", "--database",
			  t->database);
	ck_assert_int_eq(run->status, 1);
	ck_assert_str_eq(run->out, "");
	ck_assert_ptr_nonnull(strstr(run->err, "toggled: "));
	ck_assert_int_eq(toggled_get(t, "/readyz")->status, 200);
	toggled_free(t);
}
END_TEST

START_TEST(test_start_when_reachable_from_outside_then_only_if_allowed)
{
	struct toggled *t = toggled_new();
	const struct run *run =
	    TOGGLED_RUN(t, "serve", "--listen", "0.0.0.0:0");

	ck_assert_int_eq(run->status, 1);
	ck_assert_ptr_nonnull(strstr(run->err, "--allow-unauthenticated"));
	TOGGLED_START(t, "--listen", "0.0.0.0:0", "--allow-unauthenticated");
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_free(t);
}
END_TEST

/* Habits of other programs' tools. */
START_TEST(test_signal_when_it_means_nothing_then_serves_on)
{
	static const int signals[] = { SIGUSR1, SIGUSR2,   SIGPIPE,  SIGALRM,
				       SIGPROF, SIGVTALRM, SIGIO,    SIGPWR,
				       SIGTTOU, SIGTTIN,   SIGWINCH, SIGURG,
				       SIGCHLD, SIGCONT,   SIGHUP };
	struct toggled *t = scene_open();

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		toggled_signal(t, signals[i]);
		ask(t, "GET", "/readyz", NULL, 200);
	}
	scene_close(t);
}
END_TEST

START_TEST(test_hangup_when_file_changed_then_level_applies_rest_is_named)
{
	struct toggled *t = toggled_new();
	const char *file =
	    toggled_write(t, "c", "log-level = info\ngroup = 5\n");

	TOGGLED_START(t, "--config", file);
	toggled_write(t, "c", "log-level = debug\ngroup = 6\n");
	toggled_signal(t, SIGHUP);
	ck_assert(
	    wait_until_logged(t, "configuration read again", DEADLINE_MS));
	ck_assert_ptr_nonnull(
	    strstr(toggled_log(t), "reloaded option=log-level"));
	ck_assert_ptr_nonnull(
	    strstr(toggled_log(t), "needs a restart\" option=group") != NULL
		? "found"
		: strstr(toggled_log(t), "needs a restart option=group"));
	toggled_write(t, "c", "log-level = loud\n");
	toggled_signal(t, SIGHUP);
	ck_assert(wait_until_logged(t, "configuration refused", DEADLINE_MS));
	ck_assert_int_eq(toggled_get(t, "/readyz")->status, 200);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_free(t);
}
END_TEST

/* The supervisor's next message that starts with `want`. */
static bool
is_told(int fd, const char *want)
{
	char text[256];

	for (;;) {
		ssize_t n = recv(fd, text, sizeof(text) - 1, 0);

		if (n < 0)
			return false;
		text[n] = '\0';
		if (strncmp(text, want, strlen(want)) == 0)
			return true;
	}
}

/* Start the program under one that wants to hear of it every so often. The
 * socket on which it is told. */
static int
start_supervised(struct toggled *t, const char *every_us)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = DEADLINE_MS / 1000 };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s/n", t->dir);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setenv("NOTIFY_SOCKET", at.sun_path, 1);
	setenv("WATCHDOG_USEC", every_us, 1);
	toggled_start(t, NULL);
	return fd;
}

START_TEST(test_supervisor_when_there_then_it_is_told_of_every_step)
{
	struct toggled *t = toggled_new();
	const int fd = start_supervised(t, "4000000");

	ck_assert(is_told(fd, "READY=1"));
	ck_assert(is_told(fd, "WATCHDOG=1"));
	toggled_signal(t, SIGHUP);
	ck_assert(is_told(fd, "RELOADING=1\nMONOTONIC_USEC="));
	ck_assert(is_told(fd, "READY=1"));
	toggled_signal(t, SIGTERM);
	ck_assert(is_told(fd, "STOPPING=1"));
	ck_assert_int_eq(toggled_wait(t, DEADLINE_MS), 0);
	close(fd);
	toggled_free(t);
}
END_TEST

/* Shorter than an idle thread is silent. */
START_TEST(test_supervisor_when_impatient_then_warned_and_told_all_the_same)
{
	struct toggled *t = toggled_new();
	const int fd = start_supervised(t, "400000");

	ck_assert(
	    wait_until_logged(t, "WatchdogSec is too short", DEADLINE_MS));
	/* Two seconds: an idle thread turns at least once. */
	for (int i = 0; i < 10; i++)
		ck_assert(is_told(fd, "WATCHDOG=1"));
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	ck_assert_ptr_null(strstr(toggled_log(t), "a thread is stuck"));
	close(fd);
	toggled_free(t);
}
END_TEST

START_TEST(test_start_when_it_fails_under_json_then_a_line_says_why)
{
	struct toggled *t = toggled_new();
	const struct run *run = TOGGLED_RUN(
	    t, "serve", "--log-format", "json", "--log-level", "error",
	    "--listen", "127.0.0.1:0", "--database", "/nowhere/t.db");
	json_error_t error;
	json_t *line = json_loads(run->err, 0, &error);

	ck_assert_int_eq(run->status, 1);
	ck_assert_msg(line != NULL, "%s: %s", error.text, run->err);
	ck_assert_str_eq(json_text_at(line, "/level"), "error");
	ck_assert_str_eq(json_text_at(line, "/event"), "cannot start");
	ck_assert_ptr_nonnull(
	    strstr(json_text_at(line, "/error"), "/nowhere/t.db"));
	json_decref(line);
	/* For people, as ever. */
	run = TOGGLED_RUN(t, "serve", "--log-level", "error", "--listen",
			  "127.0.0.1:0", "--database", "/nowhere/t.db");
	ck_assert_int_eq(run->status, 1);
	ck_assert_int_eq(strncmp(run->err, "toggled: ", 9), 0);
	toggled_free(t);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("serve");
	TCase *tc = tcase_create("serve");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc,
		       test_serve_when_ready_then_one_line_and_ready_answer);
	tcase_add_test(tc, test_serve_when_two_addresses_then_both_serve);
	tcase_add_loop_test(tc, test_stop_when_polls_wait_then_each_is_answered,
			    0, 2);
	tcase_add_test(tc, test_stop_when_connections_are_idle_then_soon_over);
	tcase_add_loop_test(
	    tc, test_restart_when_written_before_then_still_there, 0, 2);
	tcase_add_test(
	    tc, test_start_when_port_is_taken_then_fails_with_a_sentence);
	tcase_add_loop_test(
	    tc, test_start_when_it_fails_then_status_says_whether_to_try_again,
	    0, (int)(sizeof(unstartable) / sizeof(*unstartable)));
	tcase_add_test(
	    tc, test_start_when_database_is_held_then_fails_with_a_sentence);
	tcase_add_test(
	    tc, test_start_when_reachable_from_outside_then_only_if_allowed);
	tcase_add_test(tc, test_signal_when_it_means_nothing_then_serves_on);
	tcase_add_test(
	    tc, test_hangup_when_file_changed_then_level_applies_rest_is_named);
	tcase_add_test(
	    tc, test_supervisor_when_there_then_it_is_told_of_every_step);
	tcase_add_test(
	    tc,
	    test_supervisor_when_impatient_then_warned_and_told_all_the_same);
	tcase_add_test(
	    tc, test_start_when_it_fails_under_json_then_a_line_says_why);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
