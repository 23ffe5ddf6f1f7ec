/*
 * The life of a token: it expires, is rotated, is revoked, and what becomes of
 * those who wait with it.
 */
#include <check.h>
#include <string.h>

#include "base/clock.h"
#include "login.h"

/* --- the life of a token ---------------------------------------------------
 */

static bool
is_refused(void *ctx)
{
	const char **with = ctx;

	return toggled_request((struct toggled *)(uintptr_t)with[0], "GET",
			       ENV "/values", HEADERS(with[1]), NULL)
		   ->status == 401;
}

START_TEST(test_token_when_it_expires_then_refused)
{
	const char *admin, *client;
	struct toggled *t = open_guarded(0, &admin);
	struct clock clock = clock_system();
	char expires[CLOCK_TEXT_BYTES];
	const char *with[2];

	clock_format(clock_wall_ms(&clock) + 700, expires);
	client = bearer(
	    t, make_token(t, admin,
			  toggled_text(t,
				       "{\"name\":\"c\",\"role\":\"client\","
				       "\"environments\":[\"default\"],"
				       "\"expiresAt\":\"%s\"}",
				       expires),
			  NULL));
	ask_with(t, HEADERS(client), "GET", ENV "/values", NULL, 200);
	with[0] = (const char *)t;
	with[1] = client;
	ck_assert(wait_until(is_refused, with, SOON_MS));
	clock_format(clock_wall_ms(&clock), expires);
	expect_problem(
	    ask_with(t, HEADERS(admin), "POST", "/v1/tokens",
		     toggled_text(t,
				  "{\"name\":\"d\",\"role\":\"client\","
				  "\"environments\":[\"default\"],"
				  "\"expiresAt\":\"%s\"}",
				  expires),
		     400),
	    400, "invalid");
	scene_close(t);
}
END_TEST

START_TEST(test_token_when_rotated_then_two_secrets_are_good_and_no_third)
{
	const char *admin, *id, *first, *second, *third, *path;
	struct toggled *t = open_guarded(0, &admin);
	json_t *token;

	first = make_token(t, admin,
			   "{\"name\":\"c\",\"role\":\"client\","
			   "\"environments\":[\"default\"]}",
			   &id);
	path = toggled_text(t, "/v1/tokens/%s/rotate", id);
	token =
	    answer_json(ask_with(t, HEADERS(admin), "POST", path, NULL, 200));
	second = json_text_at(token, "/token");
	ck_assert_str_eq(json_text_at(token, "/id"), id);
	ck_assert_uint_eq(json_array_size(json_at(token, "/secrets")), 2);
	ck_assert_int_eq(
	    status_of(t, bearer(t, first), "GET", ENV "/values", NULL), 200);
	ck_assert_int_eq(
	    status_of(t, bearer(t, second), "GET", ENV "/values", NULL), 200);
	third = json_text_at(
	    answer_json(ask_with(t, HEADERS(admin), "POST", path, NULL, 200)),
	    "/token");
	ck_assert_int_eq(
	    status_of(t, bearer(t, first), "GET", ENV "/values", NULL), 401);
	ck_assert_int_eq(
	    status_of(t, bearer(t, second), "GET", ENV "/values", NULL), 200);
	ck_assert_int_eq(
	    status_of(t, bearer(t, third), "GET", ENV "/values", NULL), 200);
	scene_close(t);
}
END_TEST

START_TEST(test_token_when_revoked_then_the_next_request_is_refused)
{
	const char *admin, *client, *id, *path;
	struct toggled *t = open_guarded(0, &admin);
	json_t *answer;

	client = bearer(t, make_token(t, admin,
				      "{\"name\":\"c\",\"role\":\"client\","
				      "\"environments\":[\"default\"]}",
				      &id));
	ask_with(t, HEADERS(client), "GET", ENV "/values", NULL, 200);
	path = toggled_text(t, "/v1/tokens/%s", id);
	answer =
	    answer_json(ask_with(t, HEADERS(admin), "DELETE", path, NULL, 200));
	ck_assert_str_eq(json_text_at(answer, "/id"), id);
	ck_assert(json_bool_at(answer, "/removed"));
	ask_with(t, HEADERS(client), "GET", ENV "/values", NULL, 401);
	ask_with(t, HEADERS(admin), "GET", path, NULL, 404);
	ask_with(t, HEADERS(admin), "DELETE", path, NULL, 404);
	scene_close(t);
}
END_TEST

START_TEST(test_token_when_it_is_the_last_admin_then_not_revoked)
{
	const char *admin, *other, *id;
	struct toggled *t = open_guarded(0, &admin);
	json_t *list = answer_json(
	    ask_with(t, HEADERS(admin), "GET", "/v1/tokens", NULL, 200));
	const char *first =
	    json_object_iter_key(json_object_iter(json_at(list, "/tokens")));
	const char *path = toggled_text(t, "/v1/tokens/%s", first);

	expect_problem(ask_with(t, HEADERS(admin), "DELETE", path, NULL, 409),
		       409, "conflict");
	other =
	    bearer(t, make_token(t, admin,
				 "{\"name\":\"bob\",\"role\":\"admin\"}", &id));
	ask_with(t, HEADERS(other), "DELETE", path, NULL, 200);
	ask_with(t, HEADERS(admin), "GET", "/v1/tokens", NULL, 401);
	ask_with(t, HEADERS(other), "GET", "/v1/tokens", NULL, 200);
	scene_close(t);
}
END_TEST

/* --- those who wait --------------------------------------------------------
 */

static bool
somebody_waits(void *ctx)
{
	const char **with = ctx;
	struct toggled *t = (struct toggled *)(uintptr_t)with[0];
	const char *text =
	    toggled_request(t, "GET", "/metrics", HEADERS(with[1]), NULL)->body;

	return strstr(text, "\ntoggled_polls_outside 1\n") != NULL ||
	       strstr(text, "\ntoggled_polls_suspended 1\n") != NULL;
}

enum { PARKINGS = 2, ENDS = 2 };

/* With `changes` the wait ends by a change, which must not be told. */
static void
revoke_while_waiting(int parking, bool changes, const char *query)
{
	const char *admin, *client, *id, *with[2];
	struct toggled *t = open_guarded(parking, &admin);
	struct poller *poll;
	struct answer *answer;

	client = bearer(t, make_token(t, admin,
				      "{\"name\":\"c\",\"role\":\"client\","
				      "\"environments\":[\"default\"]}",
				      &id));
	poll = poll_start(t, toggled_text(t, ENV "%s", query), HEADERS(client));
	with[0] = (const char *)t;
	with[1] = admin;
	ck_assert(wait_until(somebody_waits, with, SOON_MS));
	ask_with(t, HEADERS(admin), "DELETE",
		 toggled_text(t, "/v1/tokens/%s", id), NULL, 200);
	ck_assert(!poll_is_done(poll));
	if (changes)
		ask_with(t, HEADERS(admin), "PUT", ENV "/toggles/new", "{}",
			 201);
	answer = poll_finish(poll, SOON_MS);
	expect_problem(answer, 401, "unauthorized");
	ck_assert_ptr_nonnull(answer_header(t, answer, "WWW-Authenticate"));
	ck_assert_ptr_null(strstr(answer->body, "toggles"));
	expect_logged(t, id);
	scene_close(t);
}

START_TEST(test_wait_when_token_is_revoked_and_it_expires_then_401)
{
	revoke_while_waiting(_i, false, "/changes?since=1&wait=1s");
}
END_TEST

START_TEST(test_wait_when_token_is_revoked_and_something_changes_then_401)
{
	revoke_while_waiting(_i, true, "/changes?since=1&wait=30s");
}
END_TEST

START_TEST(test_wait_for_values_when_token_is_revoked_then_401)
{
	revoke_while_waiting(_i, false, "/values?since=1&wait=1s");
}
END_TEST

START_TEST(test_wait_when_token_is_good_then_answered_again_and_again)
{
	const char *admin, *client, *with[2];
	struct toggled *t = open_guarded(_i, &admin);
	int64_t since = 2;

	client = bearer(t, make_token(t, admin,
				      "{\"name\":\"c\",\"role\":\"client\","
				      "\"environments\":[\"default\"]}",
				      NULL));
	with[0] = (const char *)t;
	with[1] = admin;
	for (int i = 0; i < 3; i++) {
		struct poller *poll = poll_start(
		    t,
		    toggled_text(t, ENV "/changes?since=%lld&wait=30s",
				 (long long)since),
		    HEADERS(client));
		struct answer *answer;

		if (i > 0)
			ck_assert(wait_until(somebody_waits, with, SOON_MS));
		ask_with(t, HEADERS(admin), "PUT",
			 toggled_text(t, ENV "/toggles/t%d", i), "{}", 201);
		answer = poll_finish(poll, SOON_MS);
		ck_assert_int_eq(answer->status, 200);
		since = json_int_at(answer_json(answer), "/revision");
	}
	scene_close(t);
}
END_TEST

/* A kept connection whose next poll shows another token is judged by that. */
START_TEST(test_connection_when_its_next_poll_is_anothers_then_judged_anew)
{
	const char *admin, *good;
	struct toggled *t = open_guarded(_i, &admin);
	struct raw *raw = raw_open(t);
	const char *head = "GET " ENV "/changes?since=3&wait=50ms HTTP/1.1\r\n"
			   "Host: localhost\r\n";

	good = bearer(t, make_token(t, admin,
				    "{\"name\":\"c\",\"role\":\"client\","
				    "\"environments\":[\"default\"]}",
				    NULL));
	for (int i = 0; i < 2; i++) {
		raw_send_text(raw, toggled_text(t, "%s%s\r\n\r\n", head, good));
		ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 200);
	}
	raw_send_text(raw, toggled_text(t, "%s\r\n", head));
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 401);
	raw_send_text(raw, toggled_text(t, "%sX-API-Key: tgd_x\r\n\r\n", head));
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 401);
	raw_send_text(raw, toggled_text(t, "%s%s\r\n\r\n", head, good));
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 200);
	raw_close(raw);
	scene_close(t);
}
END_TEST

START_TEST(test_stream_when_token_is_revoked_then_it_ends)
{
	const char *admin, *client, *id;
	struct toggled *t = open_guarded(0, &admin);
	struct raw *raw = raw_open(t);
	size_t length;
	const char *told;

	client = bearer(t, make_token(t, admin,
				      "{\"name\":\"c\",\"role\":\"client\","
				      "\"environments\":[\"default\"]}",
				      &id));
	raw_send_text(raw,
		      toggled_text(t,
				   "GET " ENV "/ofrep/v1/sse HTTP/1.1\r\n"
				   "Host: localhost\r\nConnection: close\r\n"
				   "%s\r\n\r\n",
				   client));
	ask_with(t, HEADERS(admin), "DELETE",
		 toggled_text(t, "/v1/tokens/%s", id), NULL, 200);
	ask_with(t, HEADERS(admin), "PUT", ENV "/toggles/new", "{}", 201);
	told = raw_rest(raw, &length, AT_ONCE_MS);
	/* With which it begins, if it was still let in. */
	ck_assert_int_le(times_in(told, "refetchEvaluation"), 1);
	raw_close(raw);
	scene_close(t);
}
END_TEST

/* --- those whose secret is rotated away while they wait --------------------
 */

static const char *
rotate(struct toggled *t, const char *admin, const char *id)
{
	const char *path = toggled_text(t, "/v1/tokens/%s/rotate", id);

	return json_text_at(
	    answer_json(ask_with(t, HEADERS(admin), "POST", path, NULL, 200)),
	    "/token");
}

/* A client's token that has two secrets: the headers, older one first. */
static const char *
open_rotated(int parking, struct toggled **t, const char **id,
	     const char *headers[2])
{
	const char *admin;

	*t = open_guarded(parking, &admin);
	headers[0] =
	    bearer(*t, make_token(*t, admin,
				  "{\"name\":\"c\",\"role\":\"client\","
				  "\"environments\":[\"default\"]}",
				  id));
	headers[1] = bearer(*t, rotate(*t, admin, *id));
	return admin;
}

static bool
two_wait(void *ctx)
{
	const char **with = ctx;
	struct toggled *t = (struct toggled *)(uintptr_t)with[0];
	const char *text =
	    toggled_request(t, "GET", "/metrics", HEADERS(with[1]), NULL)->body;

	return strstr(text, "\ntoggled_polls_outside 2\n") != NULL ||
	       strstr(text, "\ntoggled_polls_suspended 2\n") != NULL;
}

/* Who came with the secret that is rotated away is told to go, who came with
 * the one that stays is answered. */
START_TEST(test_wait_when_its_secret_is_rotated_away_then_401)
{
	const char *query = ENV "/changes?since=4&wait=30s";
	const char *headers[2], *id, *admin, *with[2];
	struct toggled *t;
	struct poller *polls[2];

	admin = open_rotated(_i, &t, &id, headers);
	with[0] = (const char *)t;
	with[1] = admin;
	for (int i = 0; i < 2; i++)
		polls[i] = poll_start(t, query, HEADERS(headers[i]));
	ck_assert(wait_until(two_wait, with, SOON_MS));
	(void)rotate(t, admin, id);
	ask_with(t, HEADERS(admin), "PUT", ENV "/toggles/new", "{}", 201);
	expect_problem(poll_finish(polls[0], SOON_MS), 401, "unauthorized");
	ck_assert_int_eq(poll_finish(polls[1], SOON_MS)->status, 200);
	scene_close(t);
}
END_TEST

static struct raw *
open_stream(struct toggled *t, const char *query, const char *header)
{
	struct raw *raw = raw_open(t);

	raw_send_text(
	    raw,
	    toggled_text(t,
			 "GET " ENV "/ofrep/v1/sse%s HTTP/1.1\r\n"
			 "Host: localhost\r\nConnection: close\r\n%s\r\n\r\n",
			 query, header));
	(void)raw_until(raw, "id: ", SOON_MS);
	return raw;
}

/* That of the stream's URL, which a browser is given. */
static const char *
ticket_of(struct toggled *t, const char *header)
{
	const char *body =
	    ask_with(t, HEADERS(header), "POST", ENV "/ofrep/v1/evaluate/flags",
		     "{\"context\":{}}", 200)
		->body;
	const char *at = strstr(body, "?ticket=");

	ck_assert_ptr_nonnull(at);
	return toggled_text(t, "%.*s", (int)strcspn(at, "\"&"), at);
}

START_TEST(test_stream_when_its_secret_is_rotated_away_then_it_ends)
{
	const char *headers[2], *id, *admin, *told, *event;
	struct raw *streams[3];
	struct toggled *t;
	size_t length;

	admin = open_rotated(0, &t, &id, headers);
	streams[0] = open_stream(t, "", headers[0]);
	streams[1] = open_stream(t, "", headers[1]);
	streams[2] = open_stream(t, ticket_of(t, headers[1]), "X-None: x");
	(void)rotate(t, admin, id);
	event = toggled_text(
	    t, ".%d\"",
	    (int)json_int_at(
		answer_json(ask_with(t, HEADERS(admin), "PUT",
				     ENV "/toggles/one", "{}", 201)),
		"/revision"));
	/* It was told with which state it began, and no more. */
	told = raw_rest(streams[0], &length, AT_ONCE_MS);
	ck_assert_int_eq(times_in(told, "refetchEvaluation"), 1);
	(void)raw_until(streams[1], event, SOON_MS);
	(void)raw_until(streams[2], event, SOON_MS);
	/* Now it is their turn, the ticket's too. */
	(void)rotate(t, admin, id);
	ask_with(t, HEADERS(admin), "PUT", ENV "/toggles/two", "{}", 201);
	for (int i = 1; i < 3; i++) {
		told = raw_rest(streams[i], &length, AT_ONCE_MS);
		ck_assert_int_eq(times_in(told, "refetchEvaluation"), 2);
	}
	scene_close(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_loop_test(tc,
			    test_wait_when_its_secret_is_rotated_away_then_401,
			    0, PARKINGS);
	tcase_add_test(
	    tc, test_stream_when_its_secret_is_rotated_away_then_it_ends);
	tcase_add_test(tc, test_stream_when_token_is_revoked_then_it_ends);
	tcase_add_test(tc, test_token_when_it_expires_then_refused);
	tcase_add_test(
	    tc, test_token_when_rotated_then_two_secrets_are_good_and_no_third);
	tcase_add_test(
	    tc, test_token_when_revoked_then_the_next_request_is_refused);
	tcase_add_test(tc,
		       test_token_when_it_is_the_last_admin_then_not_revoked);
	tcase_add_loop_test(
	    tc, test_wait_when_token_is_revoked_and_it_expires_then_401, 0,
	    PARKINGS);
	tcase_add_loop_test(
	    tc, test_wait_when_token_is_revoked_and_something_changes_then_401,
	    0, PARKINGS);
	tcase_add_loop_test(tc,
			    test_wait_for_values_when_token_is_revoked_then_401,
			    0, PARKINGS);
	tcase_add_loop_test(
	    tc, test_wait_when_token_is_good_then_answered_again_and_again, 0,
	    PARKINGS);
	tcase_add_loop_test(
	    tc, test_connection_when_its_next_poll_is_anothers_then_judged_anew,
	    0, PARKINGS);
}

int
main(void)
{
	return scene_main("tokens", add);
}
