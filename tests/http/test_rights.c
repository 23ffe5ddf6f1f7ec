/*
 * Who may do what, judged at the moment when it is done: a request that was
 * begun before its token ended, one of nobody's before there was a token, those
 * who wait meanwhile, and the right that belongs to the kind of what changes,
 * whatever the route. The roles on every route: test_access.c.
 */
#include <check.h>
#include <string.h>

#include "base/bytes.h"
#include "held.h"
#include "login.h"

enum { SOON_MS = 20000, LARGE = 10000, IMPORTS = 4 };

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
	expect_says(toggled_log(t), "the first token was made while");
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
	told = raw_rest(raw, &length, SOON_MS);
	ck_assert_ptr_null(strstr(told, "refetchEvaluation"));
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

/* --- the kind of what changes ---------------------------------------------
 */

/* Each kind, made, changed and removed, by every route that can. `editor` and
 * `admin`: what they are answered, one after the other on a fresh server. */
static const struct {
	const char *method;
	const char *path;
	const char *body;
	long editor, admin;
} edits[] = {
	/* toggles */
	{ "PUT", EU "/toggles/new", "{}", 201, 200 },
	{ "PUT", EU "/toggles/t", "{\"description\":\"x\"}", 200, 200 },
	{ "PATCH", EU "/toggles/t", "{\"state\":\"DISABLED\"}", 200, 200 },
	{ "DELETE", EU "/toggles/t", NULL, 200, 404 },
	{ "POST", EU "/changes", "{\"toggles\":{\"new\":{}}}", 200, 200 },
	{ "POST", EU "/changes",
	  "{\"toggles\":{\"t\":{\"state\":\"DISABLED\"}}}", 200, 200 },
	{ "POST", EU "/changes", "{\"toggles\":{\"t\":null}}", 200, 400 },
	{ "POST", EU "/changes",
	  "{\"flags\":{\"new\":{\"state\":\"ENABLED\",\"variants\":{\"on\":"
	  "true},\"defaultVariant\":\"on\"}}}",
	  200, 200 },
	{ "POST", EU "/rollback", "{\"to\":2}", 200, 200 },
	{ "POST", EU "/rollback", "{\"to\":3,\"keys\":[\"t\"]}", 200, 200 },
	/* segments */
	{ "PUT", EU "/segments/new", "{\"==\":[1,1]}", 201, 200 },
	{ "PUT", EU "/segments/s", "{\"==\":[1,2]}", 200, 200 },
	{ "DELETE", EU "/segments/s", NULL, 200, 404 },
	{ "POST", EU "/changes", "{\"segments\":{\"new\":{\"==\":[1,1]}}}", 200,
	  200 },
	{ "POST", EU "/changes", "{\"segments\":{\"s\":{\"==\":[1,2]}}}", 200,
	  200 },
	{ "POST", EU "/changes", "{\"segments\":{\"s\":null}}", 200, 400 },
	{ "POST", EU "/changes",
	  "{\"flags\":{},\"$evaluators\":{\"s\":{\"==\":[1,2]}}}", 200, 200 },
	/* environments */
	{ "PUT", "/v1/envs/new", "{}", 403, 201 },
	{ "PUT", EU, "{\"description\":\"x\"}", 403, 200 },
	{ "PUT", EU "?dryRun=true", "{\"description\":\"x\"}", 403, 200 },
	{ "DELETE", EU, NULL, 403, 200 },
	{ "POST", EU "/changes", "{\"flags\":{},\"metadata\":{\"a\":2}}", 403,
	  200 },
	{ "POST", EU "/changes",
	  "{\"flags\":{\"new\":{\"state\":\"ENABLED\",\"variants\":{\"on\":"
	  "true},\"defaultVariant\":\"on\"}},\"metadata\":{\"a\":2}}",
	  403, 200 },
	{ "POST", EU "/changes?dryRun=true",
	  "{\"flags\":{},\"metadata\":{\"a\":2}}", 403, 200 },
	{ "POST", EU "/changes?lenient=true",
	  "{\"flags\":{},\"metadata\":{\"a\":2}}", 403, 200 },
	/* What is there already is no change of it. */
	{ "POST", EU "/changes", "{\"flags\":{},\"metadata\":{\"a\":1}}", 200,
	  200 },
	/* tokens */
	{ "POST", "/v1/tokens", "{\"name\":\"x\",\"role\":\"admin\"}", 403,
	  201 },
	{ "DELETE", "/v1/tokens/aaaaaaaaaa", NULL, 403, 404 },
	{ "POST", "/v1/tokens/aaaaaaaaaa/rotate", NULL, 403, 404 },
	/* Nobody gets at them as at another environment. */
	{ "PUT", "/v1/envs/.access", "{}", 403, 400 },
	{ "DELETE", "/v1/envs/.access", NULL, 403, 404 },
	{ "POST", "/v1/envs/.access/changes", "{\"toggles\":{}}", 403, 404 },
	{ "POST", "/v1/envs/.access/rollback", "{\"to\":1}", 403, 404 },
};

/* "eu" with a toggle, a segment and metadata; the header of its editor. */
static struct toggled *
open_eu(const char **admin, const char **editor)
{
	struct toggled *t = scene_open();

	ask(t, "PUT", EU, "{}", 201);
	ask(t, "PUT", EU "/toggles/t", "{}", 201);
	ask(t, "PUT", EU "/segments/s", "{\"==\":[1,1]}", 201);
	ask(t, "PUT", EU, "{\"metadata\":{\"a\":1}}", 200);
	*admin = bearer(
	    t,
	    make_token(t, NULL, "{\"name\":\"ann\",\"role\":\"admin\"}", NULL));
	*editor = bearer(t, make_token(t, *admin,
				       "{\"name\":\"eve\",\"role\":\"editor\","
				       "\"environments\":[\"eu\"]}",
				       NULL));
	return t;
}

START_TEST(test_edit_when_made_by_any_route_then_its_kind_says_who_may)
{
	const char *admin, *editor;
	struct toggled *t = open_eu(&admin, &editor);
	const char *before =
	    ask_with(t, HEADERS(admin), "GET", EU, NULL, 200)->body;
	const long got = status_of(t, editor, edits[_i].method, edits[_i].path,
				   edits[_i].body);

	ck_assert_int_eq(got, edits[_i].editor);
	/* Whatever it was, the settings are the admin's. */
	ck_assert_str_eq(
	    ask_with(t, HEADERS(admin), "GET", EU, NULL, 200)->body, before);
	ck_assert_int_eq(status_of(t, admin, edits[_i].method, edits[_i].path,
				   edits[_i].body),
			 edits[_i].admin);
	scene_close(t);
}
END_TEST

START_TEST(test_metadata_when_an_editor_sends_other_then_told_whose_it_is)
{
	const char *admin, *editor;
	struct toggled *t = open_eu(&admin, &editor);
	struct answer *answer =
	    ask_with(t, HEADERS(editor), "POST", EU "/changes",
		     "{\"flags\":{},\"metadata\":{\"a\":2}}", 403);

	expect_problem(answer, 403, "forbidden");
	expect_says(answer->body, "settings of the environment 'eu'");
	expect_says(answer->body, "needs the role admin");
	expect_says(toggled_log(t), "the role is not enough");
	scene_close(t);
}
END_TEST

START_TEST(test_rollback_when_an_editors_then_settings_stay_and_it_is_said)
{
	const char *admin, *editor;
	struct toggled *t = open_eu(&admin, &editor);
	json_t *change;

	ask_with(t, HEADERS(admin), "DELETE", EU "/toggles/t", NULL, 200);
	for (int dry = 1; dry >= 0; dry--) {
		change = answer_json(
		    ask_with(t, HEADERS(editor), "POST",
			     dry ? EU "/rollback?dryRun=true" : EU "/rollback",
			     "{\"to\":4}", 200));
		ck_assert_ptr_nonnull(json_at(change, "/toggles/t/after"));
		ck_assert_ptr_null(json_at(change, "/environments"));
		ck_assert_str_eq(json_text_at(change, "/warnings/0/code"),
				 "settings-kept");
		ck_assert_str_eq(json_text_at(change, "/warnings/0/pointer"),
				 "");
		expect_says(json_text_at(change, "/warnings/0/detail"),
			    "administrator");
	}
	/* Where there is nothing to keep, nothing is said. */
	change =
	    answer_json(ask_with(t, HEADERS(editor), "POST", EU "/rollback",
				 "{\"to\":3,\"keys\":[\"t\"]}", 200));
	ck_assert_ptr_null(json_at(change, "/warnings"));
	change = answer_json(ask_with(t, HEADERS(admin), "POST", EU "/rollback",
				      "{\"to\":4}", 200));
	ck_assert_ptr_nonnull(json_at(change, "/environments/eu"));
	ck_assert_ptr_null(json_at(change, "/warnings"));
	scene_close(t);
}
END_TEST

/* --- the least role --------------------------------------------------------
 */

#define ADDRESS "ada@example.org"

/* Whose rules and targets are nobody's business: sound, broken, and one that
 * fails. */
static const char *const ruled[] = {
	"{\"targeting\":{\"if\":[{\"==\":[{\"var\":\"email\"},\"" ADDRESS
	"\"]},\"on\"]},\"description\":\"for " ADDRESS "\",\"owner\":\"" ADDRESS
	"\"}",
	"{\"targeting\":{\"" ADDRESS "\":[1]}}",
	"{\"targeting\":{\"cat\":[\"" ADDRESS "\",\"\"]}}",
	"{\"targeting\":{\"if\":[{\"$ref\":\"" ADDRESS "\"},\"on\"]}}",
};

static const struct {
	const char *method;
	const char *path;
	const char *body;
} values[] = {
	{ "GET", ENV "/values?email=x", NULL },
	{ "POST", ENV "/values", "{\"email\":\"x\"}" },
	{ "POST", ENV "/ofrep/v1/evaluate/flags", "{\"context\":{}}" },
	{ "POST", "/ofrep/v1/evaluate/flags", "{\"context\":{}}" },
	{ "POST", ENV "/ofrep/v1/evaluate/flags/t0", "{}" },
	{ "POST", ENV "/ofrep/v1/evaluate/flags/t1", "{}" },
	{ "POST", ENV "/ofrep/v1/evaluate/flags/t2", "{}" },
	{ "POST", ENV "/ofrep/v1/evaluate/flags/t3", "{}" },
};

START_TEST(test_evaluate_when_it_asks_for_values_then_no_definition_in_them)
{
	const char *admin, *web;
	struct toggled *t = open_guarded(0, &admin);
	struct raw *raw = raw_open(t);

	for (int i = 0; i < COUNT(ruled); i++)
		ask_with(t, HEADERS(admin), "PUT",
			 toggled_text(t, ENV "/toggles/t%d?lenient=true", i),
			 ruled[i], 201);
	web = bearer(t, make_token(t, admin,
				   "{\"name\":\"web\",\"role\":\"evaluate\","
				   "\"environments\":[\"default\"]}",
				   NULL));
	for (int i = 0; i < COUNT(values); i++) {
		struct answer *answer =
		    toggled_request(t, values[i].method, values[i].path,
				    HEADERS(web), values[i].body);

		ck_assert_msg(answer->status != 401 && answer->status != 403,
			      "%s", answer->body);
		ck_assert_msg(strstr(answer->body, ADDRESS) == NULL, "%s: %s",
			      values[i].path, answer->body);
	}
	raw_send_text(raw, toggled_text(t,
					"GET " ENV "/ofrep/v1/sse HTTP/1.1\r\n"
					"Host: 127.0.0.1\r\n%s\r\n\r\n",
					web));
	(void)raw_until(raw, "id: ", SOON_MS);
	ask_with(t, HEADERS(admin), "PATCH", ENV "/toggles/t0",
		 "{\"description\":\"of " ADDRESS "\"}", 200);
	ck_assert_ptr_null(
	    strstr(raw_until(raw, "refetchEvaluation", SOON_MS), ADDRESS));
	raw_close(raw);
	scene_close(t);
}
END_TEST

/* --- keys ------------------------------------------------------------------
 */

START_TEST(test_key_when_another_token_sends_the_same_then_a_conflict)
{
	const char *admin, *editor;
	struct toggled *t = open_eu(&admin, &editor);
	const char *path = EU "/toggles/t";
	const char *body = "{\"state\":\"DISABLED\"}";

	ask_with(t, HEADERS(editor, "Idempotency-Key: k"), "PATCH", path, body,
		 200);
	ask_with(t, HEADERS(editor, "Idempotency-Key: k"), "PATCH", path, body,
		 200);
	expect_problem(ask_with(t, HEADERS(admin, "Idempotency-Key: k"),
				"PATCH", path, body, 409),
		       409, "conflict");
	scene_close(t);
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
	tcase_add_loop_test(
	    tc, test_edit_when_made_by_any_route_then_its_kind_says_who_may, 0,
	    COUNT(edits));
	tcase_add_test(
	    tc, test_metadata_when_an_editor_sends_other_then_told_whose_it_is);
	tcase_add_test(
	    tc,
	    test_rollback_when_an_editors_then_settings_stay_and_it_is_said);
	tcase_add_test(
	    tc,
	    test_evaluate_when_it_asks_for_values_then_no_definition_in_them);
	tcase_add_test(
	    tc, test_key_when_another_token_sends_the_same_then_a_conflict);
}

int
main(void)
{
	return scene_main("rights", add);
}
