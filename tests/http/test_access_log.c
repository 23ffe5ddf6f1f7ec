/*
 * The access log: one line for each request, when it ends, with who asked.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "login.h"
#include "scene.h"

#define ENV "/v1/envs/default"

static int
count(const char *text, const char *part)
{
	int n = 0;

	for (text = strstr(text, part); text != NULL;
	     text = strstr(text + 1, part))
		n++;
	return n;
}

/* The only line of the log with that part, once it is there. */
static const char *
line_with(struct toggled *t, const char *part)
{
	const char *log;
	const char *start;
	char *line;

	ck_assert_msg(wait_until_logged(t, part, DEADLINE_ANSWER_MS),
		      "no line with '%s' in\n%s", part, toggled_log(t));
	log = toggled_log(t);
	ck_assert_msg(count(log, part) == 1,
		      "'%s' stands more than once in\n%s", part, log);
	start = strstr(log, part);
	while (start > log && start[-1] != '\n')
		start--;
	line = toggled_text(t, "%.*s", (int)strcspn(start, "\n"), start);
	return line;
}

static long
number_in(const char *line, const char *name)
{
	const char *at = strstr(line, name);

	ck_assert_msg(at != NULL, "no %s in %s", name, line);
	return strtol(at + strlen(name), NULL, 10);
}

START_TEST(test_log_when_answered_then_who_and_what)
{
	struct toggled *t = toggled_new();
	struct answer *answer;
	const char *line;
	const char *admin;

	TOGGLED_START(t, "--access-log");
	admin =
	    make_token(t, NULL, "{\"name\":\"ann\",\"role\":\"admin\"}", NULL);
	admin = toggled_text(t, "Authorization: Bearer %s", admin);
	ask_with(t,
		 (const char *const[]){ admin, "X-Request-Id: first-1",
					"Toggled-Client: checkout/web-1",
					"User-Agent: a \"b\" \xe2\x80\xae c",
					NULL },
		 "PUT", ENV "/toggles/a", "{}", 201);
	line = line_with(t, "id=first-1");
	expect_says(line, " request method=PUT path=" ENV "/toggles/a ");
	expect_says(line, " status=201 ");
	expect_says(line, " waitedMs=0 ");
	expect_says(line, " revision=3 ");
	expect_says(line, " token=ann ");
	expect_says(line, " client=checkout/web-1 ");
	expect_says(line, " agent=\"a \\\"b\\\" \\u202e c\" ");
	expect_says(line, " forwarded=\"\" ");
	answer = ask_with(
	    t, (const char *const[]){ admin, "X-Request-Id: second-2", NULL },
	    "GET", ENV "/toggles/a", NULL, 200);
	line = line_with(t, "id=second-2");
	ck_assert_int_eq(number_in(line, " bytes="), (long)answer->length);
	expect_says(line, " revision=3 ");
	ask(t, "GET", ENV "/toggles/a", NULL, 401);
	expect_says(line_with(t, "status=401"), " token=\"\" ");
	scene_close(t);
}
END_TEST

static struct raw *
wait_as(struct toggled *t, const char *id, const char *more)
{
	struct raw *raw = raw_open(t);

	raw_send_text(raw,
		      toggled_text(t,
				   "GET " ENV "/changes?since=%lld&wait=60s "
				   "HTTP/1.1\r\nHost: localhost\r\n"
				   "X-Request-Id: %s\r\n%s\r\n",
				   (long long)head_revision(t), id, more));
	wait_for_waiters(t, 1);
	return raw;
}

/* Outside the library, and inside it. */
START_TEST(test_log_when_a_poll_waits_then_one_line_when_it_ends)
{
	struct toggled *t = toggled_new();
	struct raw *raw;
	const char *line;
	int64_t revision;

	TOGGLED_START(t, "--access-log", "--parking", scene_parkings[_i % 2]);
	raw = wait_as(t, "poll-1", "User-Agent: waiter\r\n");
	ck_assert_int_eq(count(toggled_log(t), "id=poll-1"), 0);
	revision = put_toggle(t, "a", "{}");
	expect_revision(raw, revision);
	line = line_with(t, "id=poll-1");
	expect_says(line, " status=200 ");
	expect_says(line, " agent=waiter ");
	ck_assert_int_eq(number_in(line, " revision="), (long)revision);
	ck_assert_int_gt(number_in(line, " bytes="), 0);
	ck_assert_int_ge(number_in(line, " microseconds=") / 1000 + 1,
			 number_in(line, " waitedMs="));
	/* The next one on the same connection has a line of its own. */
	raw_send_text(raw,
		      toggled_text(t,
				   "GET " ENV "/changes?since=%lld&wait=60s "
				   "HTTP/1.1\r\nHost: localhost\r\n"
				   "X-Request-Id: poll-2\r\n\r\n",
				   (long long)revision));
	wait_for_waiters(t, 1);
	expect_revision(raw, put_toggle(t, "b", "{}"));
	(void)line_with(t, "id=poll-2");
	scene_close(t);
}
END_TEST

START_TEST(test_log_when_its_client_leaves_then_no_status)
{
	struct toggled *t = toggled_new();
	struct raw *raw;

	TOGGLED_START(t, "--access-log", "--parking", scene_parkings[_i % 2]);
	raw = wait_as(t, "gone-1", "");
	raw_close(raw);
	expect_says(line_with(t, "id=gone-1"), " status=0 ");
	scene_close(t);
}
END_TEST

START_TEST(test_log_when_the_server_ends_then_its_waiters_have_a_line)
{
	struct toggled *t = toggled_new();

	TOGGLED_START(t, "--access-log", "--parking", scene_parkings[_i % 2]);
	(void)wait_as(t, "last-1", "");
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	expect_says(line_with(t, "id=last-1"), " status=200 ");
	toggled_free(t);
}
END_TEST

START_TEST(test_log_when_polls_are_left_out_then_no_line_of_them)
{
	struct toggled *t = toggled_new();
	struct raw *raw;

	TOGGLED_START(t, "--access-log", "--access-log-polls=no", "--parking",
		      scene_parkings[_i % 2]);
	raw = wait_as(t, "poll-1", "");
	expect_revision(raw, put_toggle(t, "a", "{}"));
	raw_send_text(raw, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
			   "X-Request-Id: other-1\r\n\r\n");
	ck_assert_int_eq(raw_answer(raw, DEADLINE_ANSWER_MS)->status, 200);
	(void)line_with(t, "id=other-1");
	ck_assert_int_eq(count(toggled_log(t), "id=poll-1"), 0);
	scene_close(t);
}
END_TEST

/* --- who asks through a proxy
 * -------------------------------------------------- */

static const struct {
	const char *headers; /* of a client at 127.0.0.1 */
	const char *seen;
} forwards[] = {
	{ "X-Forwarded-For: 192.0.2.7", "192.0.2.7" },
	{ "X-Forwarded-For: 6.6.6.6, 192.0.2.7", "192.0.2.7" },
	/* Behind another one that is believed. */
	{ "X-Forwarded-For: 6.6.6.6, 192.0.2.7, 10.1.2.3", "192.0.2.7" },
	{ "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 192.0.2.7",
	  "192.0.2.7" },
	{ "X-Forwarded-For: 10.1.2.3", "10.1.2.3" },
	{ "X-Forwarded-For: 192.0.2.7:1234", "192.0.2.7" },
	{ "X-Forwarded-For: 2001:db8::7", "2001:db8::7" },
	{ "X-Forwarded-For: [2001:db8::7]:80", "2001:db8::7" },
	{ "X-Forwarded-For: ::ffff:192.0.2.7", "192.0.2.7" },
	{ "Forwarded: for=192.0.2.7", "192.0.2.7" },
	{ "Forwarded: for=6.6.6.6, by=10.1.2.3; "
	  "For=\"192.0.2.7:80\";proto=https",
	  "192.0.2.7" },
	{ "Forwarded: for=\"[2001:db8::7]:80\", for=10.1.2.3", "2001:db8::7" },
	{ "Forwarded: for=192.0.2.7\r\nX-Forwarded-For: 192.0.2.7",
	  "192.0.2.7" },
	/* What cannot be read ends it; what is not known is not guessed. */
	{ "X-Forwarded-For: 6.6.6.6, unknown, 10.1.2.3", "10.1.2.3" },
	{ "X-Forwarded-For: 6.6.6.6, ", "\"\"" },
	{ "X-Forwarded-For: unknown", "\"\"" },
	{ "Forwarded: for=_hidden", "\"\"" },
	{ "Forwarded: proto=https", "\"\"" },
	{ "Forwarded: for=6.6.6.6\r\nX-Forwarded-For: 192.0.2.7", "\"\"" },
	{ "Accept: */*", "\"\"" },
};

enum { FORWARDS = sizeof(forwards) / sizeof(forwards[0]) };

static void
send_forwarded(struct toggled *t, struct raw *raw, const char *id,
	       const char *headers)
{
	raw_send_text(
	    raw, toggled_text(t,
			      "GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
			      "X-Request-Id: %s\r\n%s\r\n\r\n",
			      id, headers));
	ck_assert_int_eq(raw_answer(raw, DEADLINE_ANSWER_MS)->status, 200);
}

START_TEST(test_log_when_proxy_is_trusted_then_the_last_that_is_none)
{
	struct toggled *t = toggled_new();
	struct raw *raw;

	TOGGLED_START(t, "--access-log", "--trusted-proxy", "127.0.0.1",
		      "--trusted-proxy", "10.0.0.0/8");
	raw = raw_open(t);
	for (int i = 0; i < FORWARDS; i++) {
		const char *id = toggled_text(t, "for-%d.", i);

		send_forwarded(t, raw, id, forwards[i].headers);
		expect_says(
		    line_with(t, toggled_text(t, "id=%s", id)),
		    toggled_text(t, " forwarded=%s ", forwards[i].seen));
	}
	scene_close(t);
}
END_TEST

START_TEST(test_log_when_proxy_is_not_trusted_then_not_believed)
{
	struct toggled *t = toggled_new();

	TOGGLED_START(t, "--access-log", "--trusted-proxy", "127.0.0.2/32",
		      "--trusted-proxy", "unix");
	send_forwarded(t, raw_open(t), "for-1.", forwards[0].headers);
	expect_says(line_with(t, "id=for-1."), " forwarded=\"\" ");
	scene_close(t);
}
END_TEST

/* One client that guesses tokens does not lock out the others behind its
 * proxy, and the proxy may hold more connections than one client. */
START_TEST(test_limits_when_proxy_is_trusted_then_for_each_client)
{
	enum { ATTEMPTS = 12, CONNECTIONS = 5 };
	struct toggled *t = toggled_new();
	struct raw *raw[CONNECTIONS];
	const char *wrong = "Authorization: Bearer tgd_x";
	int refused = 0;

	TOGGLED_START(t, "--trusted-proxy", "127.0.0.1",
		      "--connections-per-address", "2");
	(void)make_token(t, NULL, "{\"name\":\"a\",\"role\":\"admin\"}", NULL);
	for (int i = 0; i < ATTEMPTS; i++) {
		struct answer *answer = toggled_request(
		    t, "GET", "/v1/envs",
		    (const char *const[]){ wrong, "X-Forwarded-For: 192.0.2.7",
					   NULL },
		    NULL);

		refused += answer->status == 429;
	}
	ck_assert_int_gt(refused, 0);
	ask_with(
	    t,
	    (const char *const[]){ wrong, "X-Forwarded-For: 192.0.2.8", NULL },
	    "GET", "/v1/envs", NULL, 401);
	for (int i = 0; i < CONNECTIONS; i++)
		raw[i] = raw_open(t);
	for (int i = 0; i < CONNECTIONS; i++)
		send_forwarded(t, raw[i], "x", forwards[i].headers);
	scene_close(t);
}
END_TEST

/* A client's context counts as the client's, also outside the library, and goes
 * with it. */
START_TEST(test_contexts_when_proxy_is_trusted_then_counted_and_freed)
{
	enum { CONTEXT_BYTES = 20000 };
	struct toggled *t = toggled_new();
	char *context = calloc(1, CONTEXT_BYTES + 1);
	struct raw *raw;

	memset(context, 'x', CONTEXT_BYTES);
	TOGGLED_START(t, "--trusted-proxy", "127.0.0.1", "--access-log",
		      "--parking", scene_parkings[_i % 2]);
	put_toggle(t, "a", "{}");
	raw = raw_open(t);
	raw_send_text(
	    raw,
	    toggled_text(t,
			 "POST " ENV "/values?wait=60s&since=%lld "
			 "HTTP/1.1\r\nHost: localhost\r\n"
			 "X-Forwarded-For: 192.0.2.7\r\n"
			 "Content-Type: application/json\r\n"
			 "X-Request-Id: context-1\r\n"
			 "Content-Length: %zu\r\n\r\n"
			 "{\"context\":{\"k\":\"%s\"}}",
			 (long long)head_revision(t),
			 strlen(context) + strlen("{\"context\":{\"k\":\"\"}}"),
			 context));
	wait_for_waiters(t, 1);
	ck_assert_int_gt(metric(t, "toggled_context_bytes"), CONTEXT_BYTES);
	put_toggle(t, "a", "{\"state\":\"DISABLED\"}");
	ck_assert_int_eq(raw_answer(raw, DEADLINE_ANSWER_MS)->status, 200);
	wait_for_metric(t, "toggled_context_bytes", 0);
	expect_says(line_with(t, "id=context-1"), " forwarded=192.0.2.7 ");
	free(context);
	scene_close(t);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_test(tc, test_log_when_answered_then_who_and_what);
	tcase_add_loop_test(
	    tc, test_log_when_a_poll_waits_then_one_line_when_it_ends, 0, 2);
	tcase_add_loop_test(tc, test_log_when_its_client_leaves_then_no_status,
			    0, 2);
	tcase_add_loop_test(
	    tc, test_log_when_the_server_ends_then_its_waiters_have_a_line, 0,
	    2);
	tcase_add_loop_test(
	    tc, test_log_when_polls_are_left_out_then_no_line_of_them, 0, 2);
	tcase_add_test(
	    tc, test_log_when_proxy_is_trusted_then_the_last_that_is_none);
	tcase_add_test(tc,
		       test_log_when_proxy_is_not_trusted_then_not_believed);
	tcase_add_test(tc,
		       test_limits_when_proxy_is_trusted_then_for_each_client);
	tcase_add_loop_test(
	    tc, test_contexts_when_proxy_is_trusted_then_counted_and_freed, 0,
	    2);
}

int
main(void)
{
	return scene_main("access_log", add);
}
