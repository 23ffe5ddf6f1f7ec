/*
 * The right to do something belongs to the kind of what changes, whatever the
 * route: each kind, made, changed and removed by every route that can, and
 * what the least role is told. When it is judged: test_rights.c.
 */
#include <check.h>
#include <string.h>

#include "login.h"

#define EU "/v1/envs/eu"

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
	{ "DELETE", EU "?name=eu", NULL, 403, 200 },
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
	expect_logged(t, "the role is not enough");
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
	ck_assert_str_eq(json_text_at(change, "/warnings/0/code"), "unchanged");
	ck_assert_ptr_null(json_at(change, "/warnings/1"));
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
	return scene_main("rights_kinds", add);
}
