/*
 * Who may do what, judged at the moment when it is done: a request that was
 * begun before its token ended, one of nobody's before there was a token, and
 * those who wait meanwhile. The roles on every route: test_access.c; the kinds
 * of what changes: test_rights_kinds.c.
 */
#include <check.h>
#include <string.h>

#include "base/bytes.h"
#include "held.h"
#include "login.h"
#include "vitals.h"

enum {
	LARGE = VITALS_MANY(10000, 1000), /* takes as long there */
	IMPORTS = 4,
};

#define EU "/v1/envs/eu"

/* --- between a head and its body -------------------------------------------
 */

/* What an admin may do; all of it has something that can be held back. */
static const struct {
	const char *method;
	const char *path;
	const char *body;
} works[] = {
	{ "POST", "/v1/tokens", "{\"name\":\"eve\",\"role\":\"admin\"}" },
	{ "PUT", "/v1/envs/new", "{}" },
	{ "DELETE", EU, NULL },
	{ "PUT", ENV "/toggles/a", "{\"description\":\"x\"}" },
	{ "PATCH", ENV "/toggles/a", "{\"state\":\"DISABLED\"}" },
	{ "DELETE", ENV "/toggles/a", NULL },
	{ "PUT", ENV "/segments/s", "{\"==\":[1,1]}" },
	{ "POST", ENV "/changes", "{\"toggles\":{\"a\":null}}" },
	{ "POST", ENV "/rollback", "{\"to\":1}" },
	{ "POST", ENV "/rollback?dryRun=true", "{\"to\":1}" },
	{ "POST", ENV "/values", "{}" },
	{ "POST", ENV "/evaluate", "{}" },
	{ "POST", ENV "/evaluate?at=1", "{}" },
	{ "POST", ENV "/ofrep/v1/evaluate/flags", "{}" },
	{ "POST", ENV "/ofrep/v1/evaluate/flags/a", "{}" },
	{ "GET", ENV "/toggles", NULL },
	{ "GET", ENV "/history", NULL },
	{ "GET", "/v1/tokens", NULL },
	{ "GET", "/v1/backup", NULL },
};

START_TEST(test_request_when_its_token_ends_before_its_body_does_then_401)
{
	const char *ann, *bob, *id, *before;
	struct toggled *t = open_guarded(0, &ann);
	struct held held;

	ask_with(t, HEADERS(ann), "PUT", EU, "{}", 201);
	ask_with(t, HEADERS(ann), "PUT", ENV "/toggles/a", "{}", 201);
	bob =
	    bearer(t, make_token(t, ann,
				 "{\"name\":\"bob\",\"role\":\"admin\"}", &id));
	held = held_begin(t, bob, works[_i].method, works[_i].path,
			  works[_i].body);
	ask_with(t, HEADERS(ann), "DELETE",
		 toggled_text(t, "/v1/tokens/%s", id), NULL, 200);
	before = ask_with(t, HEADERS(ann), "GET", "/readyz", NULL, 200)->body;
	held_release(&held);
	ck_assert_int_eq(held_finish(&held), 401);
	ck_assert_str_eq(
	    ask_with(t, HEADERS(ann), "GET", "/readyz", NULL, 200)->body,
	    before);
	scene_close(t);
}
END_TEST

START_TEST(test_request_of_nobody_when_the_first_token_is_made_then_401)
{
	const char *ann, *before;
	struct toggled *t = scene_open();
	struct held held;

	ask(t, "PUT", EU, "{}", 201);
	ask(t, "PUT", ENV "/toggles/a", "{}", 201);
	held = held_begin(t, NULL, works[_i].method, works[_i].path,
			  works[_i].body);
	ann = bearer(
	    t,
	    make_token(t, NULL, "{\"name\":\"ann\",\"role\":\"admin\"}", NULL));
	before = ask_with(t, HEADERS(ann), "GET", "/readyz", NULL, 200)->body;
	held_release(&held);
	ck_assert_int_eq(held_finish(&held), 401);
	ck_assert_str_eq(
	    ask_with(t, HEADERS(ann), "GET", "/readyz", NULL, 200)->body,
	    before);
	scene_close(t);
}
END_TEST

/* --- those who wait as nobody ----------------------------------------------
 */

static const char *const waits[] = {
	ENV "/changes?since=2&wait=30s",
	ENV "/values?since=2&wait=30s",
	ENV "/values?since=2&wait=30s&id=1",
};

/* The change that makes the first token ends them; nobody is told of it. */
START_TEST(test_wait_of_nobody_when_the_first_token_is_made_then_401_at_once)
{
	struct toggled *t = scene_open_parking(_i);
	struct poller *polls[COUNT(waits)];
	int64_t began;

	ask(t, "PUT", ENV "/toggles/a", "{}", 201);
	for (int i = 0; i < COUNT(waits); i++)
		polls[i] = poll_start(t, waits[i], NULL);
	wait_for_waiters(t, COUNT(waits));
	began = now_ms();
	(void)make_token(t, NULL, "{\"name\":\"ann\",\"role\":\"admin\"}",
			 NULL);
	for (int i = 0; i < COUNT(waits); i++) {
		struct answer *answer = poll_finish(polls[i], SOON_MS);

		expect_problem(answer, 401, "unauthorized");
		ck_assert_ptr_null(strstr(answer->body, "toggles"));
	}
	/* Not when the wait is over. */
	ck_assert_int_lt(now_ms() - began, 20000);
	expect_logged(t, "the first token was made while");
	scene_close(t);
}
END_TEST

START_TEST(test_bulk_wait_of_nobody_when_the_first_token_is_made_then_401)
{
	static const char path[] = ENV "/ofrep/v1/evaluate/flags";
	struct toggled *t = scene_open();
	struct raw *raw = raw_open(t);
	struct answer *answer;

	answer = ask(t, "POST", path, "{}", 200);
	raw_send_text(raw,
		      toggled_text(t,
				   "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\n"
				   "If-None-Match: %s\r\nPrefer: wait=30"
				   "\r\nContent-Length: 2\r\n\r\n{}",
				   path, answer_header(t, answer, "ETag")));
	wait_for_waiters(t, 1);
	(void)make_token(t, NULL, "{\"name\":\"ann\",\"role\":\"admin\"}",
			 NULL);
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 401);
	raw_close(raw);
	scene_close(t);
}
END_TEST

START_TEST(test_stream_of_nobody_when_the_first_token_is_made_then_it_ends)
{
	struct toggled *t = scene_open();
	struct raw *raw = raw_open(t);
	const char *told;
	size_t length;

	raw_send_text(raw,
		      "GET " ENV "/ofrep/v1/sse HTTP/1.1\r\nHost: 127.0.0.1\r\n"
		      "Connection: close\r\n\r\n");
	(void)raw_until(raw, "id: ", SOON_MS);
	(void)make_token(t, NULL, "{\"name\":\"ann\",\"role\":\"admin\"}",
			 NULL);
	told = raw_rest(raw, &length, AT_ONCE_MS);
	/* With which it began. */
	ck_assert_int_eq(times_in(told, "refetchEvaluation"), 1);
	raw_close(raw);
	scene_close(t);
}
END_TEST

/* --- while the registry is busy --------------------------------------------
 */

static const struct {
	const char *method;
	const char *path;
	const char *body;
} reads[] = {
	{ "GET", ENV "/history", NULL },
	{ "GET", ENV "/history/1", NULL },
	{ "GET", ENV "/toggles?at=1", NULL },
	{ "POST", ENV "/evaluate?at=1", "{}" },
	{ "GET", "/v1/backup", NULL },
};

/* So many toggles that the registry has to do for a while. */
static const char *
large_change(struct toggled *t, int number)
{
	struct bytes body;
	const char *text;

	bytes_init(&body);
	bytes_append_str(&body, "{\"toggles\":{");
	for (int i = 0; i < LARGE; i++)
		bytes_printf(&body, "%s\"t%d\":{\"owner\":\"%d\"}",
			     i > 0 ? "," : "", i, number);
	bytes_append_str(&body, "}}");
	text = toggled_text(t, "%s", body.data);
	bytes_fini(&body);
	return text;
}

struct revocation {
	struct toggled *t;
	const char *by;
	const char *path;
};

/* It waits for the registry, or is done with. */
static bool
is_submitted(void *ctx)
{
	const struct revocation *revocation = ctx;
	const char *by = revocation->by;

	return strstr(ask_with(revocation->t, HEADERS(by), "GET", "/metrics",
			       NULL, 200)
			  ->body,
		      "\ntoggled_mailbox_jobs 0\n") == NULL ||
	       status_of(revocation->t, by, "GET", revocation->path, NULL) ==
		   404;
}

/* What was asked while one was let in comes back when one is no more. */
START_TEST(test_read_when_its_token_ends_while_it_waits_its_turn_then_401)
{
	struct revocation revocation;
	struct held imports[IMPORTS], gone, read;
	const char *bob, *id;

	revocation.t = SCENE_OPEN("--loops", "1");
	revocation.by =
	    bearer(revocation.t,
		   make_token(revocation.t, NULL,
			      "{\"name\":\"ann\",\"role\":\"admin\"}", NULL));
	bob = bearer(revocation.t,
		     make_token(revocation.t, revocation.by,
				"{\"name\":\"bob\",\"role\":\"admin\"}", &id));
	revocation.path = toggled_text(revocation.t, "/v1/tokens/%s", id);
	for (int i = 0; i < IMPORTS; i++)
		imports[i] =
		    held_begin(revocation.t, revocation.by, "POST",
			       ENV "/changes", large_change(revocation.t, i));
	gone = held_begin(revocation.t, revocation.by, "DELETE",
			  revocation.path, NULL);
	read = held_begin(revocation.t, bob, reads[_i].method, reads[_i].path,
			  reads[_i].body);
	for (int i = 0; i < IMPORTS; i++)
		held_release(&imports[i]);
	held_release(&gone);
	ck_assert(wait_until(is_submitted, &revocation, SOON_MS));
	held_release(&read);
	ck_assert_int_eq(held_finish(&read), 401);
	ck_assert_int_eq(held_finish(&gone), 200);
	for (int i = 0; i < IMPORTS; i++)
		ck_assert_int_eq(held_finish(&imports[i]), 200);
	scene_close(revocation.t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_loop_test(
	    tc, test_request_when_its_token_ends_before_its_body_does_then_401,
	    0, COUNT(works));
	tcase_add_loop_test(
	    tc, test_request_of_nobody_when_the_first_token_is_made_then_401, 0,
	    COUNT(works));
	tcase_add_loop_test(
	    tc,
	    test_wait_of_nobody_when_the_first_token_is_made_then_401_at_once,
	    0, SCENE_PARKINGS);
	tcase_add_test(
	    tc, test_bulk_wait_of_nobody_when_the_first_token_is_made_then_401);
	tcase_add_test(
	    tc,
	    test_stream_of_nobody_when_the_first_token_is_made_then_it_ends);
	tcase_add_loop_test(
	    tc, test_read_when_its_token_ends_while_it_waits_its_turn_then_401,
	    0, COUNT(reads));
}

int
main(void)
{
	return scene_main("rights", add);
}
