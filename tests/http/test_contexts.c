/*
 * A context is somebody else's data: what other people's programs write into
 * one is taken, and means the same by whichever way it comes in.
 */
#include <check.h>
#include <sqlite3.h>
#include <string.h>

#include "release.h"
#include "scene.h"

enum { CASE_SECONDS = 60 };

/* Its variant tells what the rules saw of the attribute "x". */
#define RULES                                                                  \
	"{\"variants\":{\"big\":\"big\",\"low\":\"low\",\"half\":\"half\","    \
	"\"nul\":\"nul\",\"some\":\"some\",\"deep\":\"deep\","                 \
	"\"none\":\"none\"},\"defaultVariant\":\"none\",\"targeting\":{"       \
	"\"if\":["                                                             \
	"{\"some\":[{\"var\":\"x\"},{\">\":[{\"var\":\"\"},9007199254740990]}" \
	"]},"                                                                  \
	"\"some\","                                                            \
	"{\"==\":[{\"var\":\"x.y\"},\"a\xef\xbf\xbd\"]},\"deep\","             \
	"{\"==\":[{\"var\":\"x\"},\"a\xef\xbf\xbd\"]},\"half\","               \
	"{\"in\":[{\"var\":\"x\"},[\"a\"]]},\"half\","                         \
	"{\"==\":[{\"substr\":[{\"var\":\"x\"},2]},\"b\"]},\"nul\","           \
	"{\">\":[{\"var\":\"x\"},9007199254740990]},\"big\","                  \
	"{\"<\":[{\"var\":\"x\"},-9007199254740990]},\"low\"]}}"

static const struct {
	const char *context;
	const char *variant;
} contexts[] = {
	/* A uint64 id, and what is beyond every double. */
	{ "{\"x\":18446744073709551615}", "big" },
	{ "{\"x\":-9223372036854775809}", "low" },
	{ "{\"x\":1e400}", "big" },
	{ "{\"x\":-1e400}", "low" },
	{ "{\"x\":123456789012345678901234567890}", "big" },
	/* What slice() of JavaScript leaves of an emoji. */
	{ "{\"x\":\"a\\ud83d\"}", "half" },
	{ "{\"x\":\"a\\ude00\"}", "half" },
	{ "{\"x\":{\"y\":\"a\\ud83d\",\"z\":[{}]}}", "deep" },
	/* NUL in a text, and in names that look like others. */
	{ "{\"x\":\"a\\u0000b\"}", "nul" },
	{ "{\"x\\u0000\":\"a\\ud83d\"}", "none" },
	{ "{\"\\u0000\":1,\"x\\ud83d\":2,\"x\":18446744073709551615}", "big" },
	{ "{\"x\":[1,18446744073709551615]}", "some" },
	{ "{\"x\":[1,\"\\ud83d\",{\"a\\u0000\":null}]}", "none" },
	/* Dates are texts. */
	{ "{\"x\":\"2026-11-27T19:50:20.123Z\",\"id\":1e400}", "none" },
	{ "{\"x\":null,\"id\":18446744073709551615,\"n\":\"\\ud83d\"}",
	  "none" },
};

/* Every way in. What stands in front of the context, behind it, and the member
 * of the answer that has what came out. It is looked for as text: no library
 * reads the NUL in a name that explain=true shows. */
static const struct {
	const char *path;
	const char *before;
	const char *behind;
	const char *member;
} ways[] = {
	{ ENV "/values", "", "", "t" },
	{ ENV "/values", "{\"context\":", "}", "t" },
	{ ENV "/values?since=0&wait=1", "", "", "t" },
	{ ENV "/evaluate", "{\"context\":", "}", "variant" },
	{ ENV "/evaluate?explain=true", "{\"context\":", ",\"keys\":[\"t\"]}",
	  "variant" },
	{ ENV "/evaluate?at=2", "{\"context\":", "}", "variant" },
	{ "/ofrep/v1/evaluate/flags/t", "{\"context\":", "}", "variant" },
	{ "/ofrep/v1/evaluate/flags", "{\"context\":", "}", "variant" },
	{ ENV "/ofrep/v1/evaluate/flags",
	  "{\"context\":", ",\"other\":[1e400,\"\\ud83d\"]}", "variant" },
};

START_TEST(test_context_when_foreign_then_the_same_by_every_way)
{
	struct toggled *t = scene_open();

	put_toggle(t, "t", RULES);
	for (int i = 0; i < COUNT(contexts); i++) {
		const char *body =
		    toggled_text(t, "%s%s%s", ways[_i].before,
				 contexts[i].context, ways[_i].behind);
		const struct answer *answer =
		    ask(t, "POST", ways[_i].path, body, 200);

		expect_says(answer->body,
			    toggled_text(t, "\"%s\":\"%s\"", ways[_i].member,
					 contexts[i].variant));
	}
	scene_close(t);
}
END_TEST

/* What a wait keeps of it is read again when something changes. */
START_TEST(test_context_when_foreign_and_waiting_then_its_change_wakes)
{
	struct toggled *t = scene_open();

	for (int i = 0; i < COUNT(contexts); i++) {
		struct raw *raw = raw_open(t);
		struct answer *answer;
		const char *body = contexts[i].context;
		int64_t revision;

		put_toggle(t, "t", "{\"value\":\"before\"}");
		revision = head_revision(t);
		ck_assert(raw_send_text(
		    raw,
		    toggled_text(t,
				 "POST " ENV
				 "/values?since=%lld&wait=60 HTTP/1.1\r\n"
				 "Host: localhost\r\nContent-Type: "
				 "application/json\r\nContent-Length: %zu"
				 "\r\n\r\n%s",
				 (long long)revision, strlen(body), body)));
		wait_for_waiters(t, 1);
		put_toggle(t, "t", RULES);
		answer = raw_answer(raw, SOON_MS);
		ck_assert_int_eq(answer->status, 200);
		ck_assert_str_eq(json_text_at(answer_json(answer), "/values/t"),
				 contexts[i].variant);
		raw_close(raw);
	}
	scene_close(t);
}
END_TEST

/* No JSON is no context. */
static const char *const no_json[] = {
	"{\"x\":NaN}",     "{\"x\":Infinity}",  "{\"x\":01}",
	"{\"x\":1e400,}",  "{\"x\":\"\\ud83d}", "{\"x\":\"\\ud83d\\u12\"}",
	"{\"x\":1e400e1}", "{\"x\":--1}",
};

START_TEST(test_context_when_it_is_no_json_then_invalid)
{
	struct toggled *t = scene_open();

	for (int i = 0; i < COUNT(no_json); i++) {
		const char *body = toggled_text(t, "%s%s%s", ways[_i].before,
						no_json[i], ways[_i].behind);

		ask(t, "POST", ways[_i].path, body, 400);
	}
	scene_close(t);
}
END_TEST

/* A definition is ours: it says where, and what the limit is. */
static const struct {
	const char *method;
	const char *path;
	const char *body;
	const char *pointer;
	const char *detail;
} definitions[] = {
	{ "PUT", ENV "/toggles/n", "{\"value\":18446744073709551615}",
	  "/variants/value", "2^53-1" },
	{ "PUT", ENV "/toggles/n",
	  "{\"variants\":{\"a\":1.5,\"b\":1e400},\"defaultVariant\":\"a\"}",
	  "/variants/b", "2^53-1" },
	{ "PUT", ENV "/toggles/n",
	  "{\"variants\":{\"a\":1.5,\"b\":1e17},\"defaultVariant\":\"a\"}",
	  "/variants/b", "2^53-1" },
	{ "PUT", ENV "/toggles/n", "{\"metadata\":{\"a\":9007199254740992}}",
	  "/metadata/a", "2^53-1" },
	{ "PUT", ENV "/toggles/n",
	  "{\"targeting\":{\"if\":[{\"==\":[{\"var\":\"id\"},"
	  "9007199254740993]},\"on\"]}}",
	  "/targeting/if/0/==/1", "2^53-1" },
	{ "PATCH", ENV "/toggles/n",
	  "{\"targeting\":{\"if\":[{\"<\":[{\"var\":\"id\"},-1e400]},\"on\"]}}",
	  "/targeting/if/0/</1", "2^53-1" },
	{ "PUT", ENV "/segments/s", "{\"<\":[{\"var\":\"id\"},1e16]}", "/</1",
	  "2^53-1" },
	{ "PUT", ENV, "{\"metadata\":{\"a\":18446744073709551615}}",
	  "/metadata/a", "2^53-1" },
	{ "POST", ENV "/changes",
	  "{\"toggles\":{\"n\":{\"metadata\":{\"a\":1e400}}}}",
	  "/toggles/n/metadata/a", "2^53-1" },
	{ "PUT", ENV "/toggles/n", "{\"description\":\"a\\ud83d\"}",
	  "/description", "surrogate" },
	{ "PUT", ENV "/toggles/n", "{\"value\":\"\\u0000\"}", "/value", "NUL" },
	{ "PUT", ENV "/toggles/n", "{\"metadata\":{\"a\\u0000\":1}}",
	  "/metadata", "NUL" },
	{ "POST", ENV "/changes",
	  "{\"flags\":{\"n\":{\"state\":\"ENABLED\",\"variants\":{\"a\":1},"
	  "\"defaultVariant\":\"a\",\"targeting\":{\"==\":[1e400,1]}}}}",
	  "/flags/n/targeting/==/0", "2^53-1" },
	{ "POST", ENV "/rollback", "{\"to\":18446744073709551615}", "/to", "" },
};

START_TEST(test_definition_when_it_holds_such_then_place_and_limit)
{
	struct toggled *t = scene_open();
	json_t *problem;

	put_toggle(t, "n", "{\"value\":1}");
	problem = expect_problem(toggled_request(t, definitions[_i].method,
						 definitions[_i].path, NULL,
						 definitions[_i].body),
				 400, "invalid");
	ck_assert_msg(problem_points_at(problem, definitions[_i].pointer),
		      "%s: %s", definitions[_i].body,
		      json_dumps(problem, JSON_INDENT(1)));
	expect_says(json_text_at(problem, "/errors/0/detail"),
		    definitions[_i].detail);
	ck_assert_int_eq(head_revision(t), 2);
	scene_close(t);
}
END_TEST

/* What 0.3 took, and nobody could say today. */
static void
store_numbers(struct toggled *t)
{
	static const char sql[] =
	    "UPDATE item SET definition = replace(definition, "
	    "'\"low\":10', '\"low\":9007199254740993');"
	    "UPDATE item SET definition = replace(definition, "
	    "'\"level\":3', '\"level\":9007199254740993');"
	    "UPDATE item SET definition = replace(definition, '500}', "
	    "'1e300}') WHERE kind = 1;";
	sqlite3 *db = NULL;

	release_load_store(t, "0.3");
	ck_assert_int_eq(sqlite3_open(t->database, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

START_TEST(test_definition_when_stored_before_then_it_stays)
{
	struct toggled *t = toggled_new();
	struct answer *read;

	store_numbers(t);
	toggled_start(t, NULL);
	/* A kill switch is not held up by what stands beside it. */
	ask(t, "PATCH", ENV "/toggles/limit", "{\"state\":\"DISABLED\"}", 200);
	ask(t, "PATCH", ENV "/toggles/colour", "{\"defaultVariant\":\"none\"}",
	    200);
	read = ask(t, "GET", ENV "/toggles/colour", NULL, 200);
	ck_assert_int_eq(json_int_at(answer_json(read), "/metadata/level"),
			 9007199254740993);
	ask(t, "PUT", ENV "/toggles/colour", toggled_text(t, "%s", read->body),
	    200);
	read = ask(t, "GET", ENV "/segments/large", NULL, 200);
	ask(t, "PUT", ENV "/segments/large", toggled_text(t, "%s", read->body),
	    200);
	ask(t, "POST", ENV "/rollback", "{\"to\":18}", 200);
	/* What is new is held against the limit. */
	ask(t, "PATCH", ENV "/toggles/colour",
	    "{\"metadata\":{\"more\":9007199254740993}}", 400);
	ask(t, "PATCH", ENV "/toggles/limit",
	    "{\"variants\":{\"high\":9007199254740993}}", 400);
	scene_close(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_set_timeout(tc, CASE_SECONDS);
	tcase_add_loop_test(
	    tc, test_context_when_foreign_then_the_same_by_every_way, 0,
	    COUNT(ways));
	tcase_add_test(
	    tc, test_context_when_foreign_and_waiting_then_its_change_wakes);
	tcase_add_loop_test(tc, test_context_when_it_is_no_json_then_invalid, 0,
			    COUNT(ways));
	tcase_add_loop_test(
	    tc, test_definition_when_it_holds_such_then_place_and_limit, 0,
	    COUNT(definitions));
	tcase_add_test(tc, test_definition_when_stored_before_then_it_stays);
}

int
main(void)
{
	return scene_main("contexts", add);
}
