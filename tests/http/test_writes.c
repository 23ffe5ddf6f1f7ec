/* Writing one toggle: PUT, PATCH, DELETE, and what makes them conditional. */
#include <check.h>
#include <signal.h>
#include <string.h>

#include "base/bytes.h"
#include "scene.h"

#define KEY ENV "/toggles/new-checkout"

START_TEST(test_put_of_nothing_when_absent_then_makes_a_boolean_toggle)
{
	struct toggled *t = scene_open();
	int64_t before = head_revision(t);
	struct answer *answer = ask(t, "PUT", KEY, "{}", 201);
	json_t *toggle = answer_json(answer);
	const char *tag = answer_header(t, answer, "ETag");

	ck_assert_str_eq(json_text_at(toggle, "/key"), "new-checkout");
	ck_assert_str_eq(json_text_at(toggle, "/type"), "boolean");
	ck_assert_str_eq(json_text_at(toggle, "/state"), "ENABLED");
	ck_assert_str_eq(json_text_at(toggle, "/defaultVariant"), "off");
	expect_json(json_at(toggle, "/variants"),
		    "{\"on\":true,\"off\":false}");
	ck_assert_int_eq(json_int_at(toggle, "/revision"), before + 1);
	ck_assert_uint_eq(strlen(json_text_at(toggle, "/updatedAt")),
			  strlen("2026-11-22T14:03:00.123Z"));
	ck_assert_str_ne(json_text_at(toggle, "/updatedBy"), "");
	ck_assert_str_eq(tag, toggled_text(t, "\"%s.%d\"", served_epoch(t),
					   (int)before + 1));
	ck_assert_str_eq(answer_header(t, answer, "Location"), KEY);
	ck_assert_str_eq(answer_header(t, answer, "Content-Type"),
			 "application/json");
	ck_assert(json_equal(toggle, ask_json(t, "GET", KEY, NULL, 200)));
	scene_close(t);
}
END_TEST

START_TEST(test_put_when_there_then_replaces_all_of_it)
{
	struct toggled *t = scene_open();
	int64_t first = put_toggle(
	    t, "new-checkout", "{\"description\":\"old\",\"tags\":[\"a\"]}");
	json_t *toggle =
	    ask_json(t, "PUT", KEY,
		     "{\"type\":\"float\",\"variants\":{\"big\":10,"
		     "\"small\":2.5},"
		     "\"defaultVariant\":\"small\"}",
		     200);

	ck_assert_int_eq(json_int_at(toggle, "/revision"), first + 1);
	ck_assert_ptr_null(json_at(toggle, "/description"));
	ck_assert_ptr_null(json_at(toggle, "/tags"));
	ck_assert_str_eq(json_text_at(toggle, "/type"), "float");
	scene_close(t);
}
END_TEST

START_TEST(test_patch_when_there_then_merges)
{
	struct toggled *t = scene_open();
	json_t *toggle;

	put_toggle(t, "new-checkout",
		   "{\"description\":\"d\",\"owner\":\"shop\",\"metadata\":"
		   "{\"a\":1,\"b\":2},\"targeting\":{\"if\":[true,\"on\"]}}");
	toggle = ask_json(t, "PATCH", KEY,
			  "{\"targeting\":{\"cat\":[\"o\",\"n\"]}}", 200);
	expect_json(json_at(toggle, "/targeting"), "{\"cat\":[\"o\",\"n\"]}");
	scene_close(t);
}
END_TEST

START_TEST(test_patch_when_absent_then_404)
{
	struct toggled *t = scene_open();
	json_t *problem;

	put_toggle(t, "new-checkout", "{}");
	problem = expect_problem(
	    toggled_request(t, "PATCH", ENV "/toggles/new-chekout", NULL, "{}"),
	    404, "not-found");
	expect_says(json_text_at(problem, "/detail"), "new-checkout");
	ck_assert_int_eq(
	    ask(t, "GET", ENV "/toggles/new-chekout", NULL, 404)->status, 404);
	scene_close(t);
}
END_TEST

START_TEST(test_delete_when_there_then_removes_once)
{
	struct toggled *t = scene_open();
	int64_t first = put_toggle(t, "new-checkout", "{}");
	struct answer *answer = ask(t, "DELETE", KEY, NULL, 200);
	json_t *removed = answer_json(answer);

	ck_assert_str_eq(json_text_at(removed, "/key"), "new-checkout");
	ck_assert(json_bool_at(removed, "/removed"));
	ck_assert_int_eq(json_int_at(removed, "/revision"), first + 1);
	ck_assert_ptr_nonnull(answer_header(t, answer, "ETag"));
	expect_problem(toggled_get(t, KEY), 404, "not-found");
	expect_problem(toggled_request(t, "DELETE", KEY, NULL, NULL), 404,
		       "not-found");
	ck_assert_int_eq(head_revision(t), first + 1);
	/* And it can come back, as something new. */
	ask(t, "PUT", KEY, "{}", 201);
	scene_close(t);
}
END_TEST

/* Each on a toggle that was written twice; %R is its revision now, %O the one
 * before, %E the epoch. */
static const struct {
	const char *header;
	long put, patch, drop;
} conditions[] = {
	{ "If-Match: \"%E.%R\"", 200, 200, 200 },
	{ "If-Match: \"%R\"", 200, 200, 200 },
	{ "If-Match: %R", 200, 200, 200 },
	{ "If-Match: *", 200, 200, 200 },
	{ "If-Match: \"%E.%O\"", 412, 412, 412 },
	{ "If-Match: \"%O\"", 412, 412, 412 },
	{ "If-Match: \"0000000000000000.%R\"", 412, 412, 412 },
	{ "If-Match: \"nonsense\"", 412, 412, 412 },
	/* A list: one of them has to be it, as strong as it is (RFC 9110,
	 * 13.1.1). */
	{ "If-Match: \"%O\", \"%E.%R\"", 200, 200, 200 },
	{ "If-Match: \"%R\", \"nonsense\"", 200, 200, 200 },
	{ "If-Match: \"%O\", \"nonsense\"", 412, 412, 412 },
	{ "If-Match: W/\"%E.%R\"", 412, 412, 412 },
	{ "If-Match: W/\"%R\", \"%O\"", 412, 412, 412 },
	{ "If-Match: W/\"%R\", \"%R\"", 200, 200, 200 },
	{ "If-Match: \"0\"", 412, 412, 412 },
	{ "If-Match: \"*\"", 412, 412, 412 },
	{ "If-None-Match: *", 412, 412, 412 },
};

static const char *
filled(struct toggled *t, const char *header, int64_t revision)
{
	struct bytes out;
	const char *text;

	bytes_init(&out);
	for (; *header != '\0'; header++) {
		if (*header != '%') {
			bytes_append_char(&out, *header);
			continue;
		}
		header++;
		if (*header == 'E')
			bytes_append_str(&out, served_epoch(t));
		else
			bytes_append_int(&out, revision - (*header == 'O'));
	}
	text = toggled_text(t, "%s", out.data);
	bytes_fini(&out);
	return text;
}

static void
hold(struct toggled *t, const char *method, const char *header,
     const char *body, long status)
{
	struct answer *answer;
	int64_t revision;

	put_toggle(t, "new-checkout", "{\"description\":\"first\"}");
	revision = put_toggle(t, "new-checkout", "{}");
	answer = ask_with(t, HEADERS(filled(t, header, revision)), method, KEY,
			  body, status);
	if (status == 412) {
		json_t *problem =
		    expect_problem(answer, 412, "precondition-failed");

		ck_assert(json_equal(json_at(problem, "/current"),
				     ask_json(t, "GET", KEY, NULL, 200)));
		ck_assert_int_eq(head_revision(t), revision);
	} else {
		ck_assert_int_eq(head_revision(t), revision + 1);
	}
}

START_TEST(test_condition_when_there_then_decides_the_write)
{
	struct toggled *t = scene_open();

	hold(t, "PUT", conditions[_i].header, "{\"owner\":\"me\"}",
	     conditions[_i].put);
	hold(t, "PATCH", conditions[_i].header, "{\"owner\":\"me\"}",
	     conditions[_i].patch);
	hold(t, "DELETE", conditions[_i].header, NULL, conditions[_i].drop);
	scene_close(t);
}
END_TEST

START_TEST(test_condition_when_absent_then_only_creation_passes)
{
	struct toggled *t = scene_open();

	expect_problem(
	    toggled_request(t, "PUT", KEY, HEADERS("If-Match: \"1\""), "{}"),
	    412, "precondition-failed");
	expect_problem(
	    toggled_request(t, "PUT", KEY, HEADERS("If-Match: *"), "{}"), 412,
	    "precondition-failed");
	expect_problem(
	    toggled_request(t, "DELETE", KEY, HEADERS("If-Match: \"1\""), NULL),
	    412, "precondition-failed");
	ask_with(t, HEADERS("If-None-Match: *"), "PUT", KEY, "{}", 201);
	scene_close(t);
}
END_TEST

/* What changes nothing, after PUT {"owner":"me","tags":["a","b"]}. */
static const struct {
	const char *method;
	const char *body;
} idle[] = {
	{ "PUT", "{\"owner\":\"me\",\"tags\":[\"a\",\"b\"]}" },
	{ "PUT", "{ \"tags\" : [\"a\",\"b\"], \"owner\" : \"me\" }" },
	{ "PUT", "{\"owner\":\"me\",\"tags\":[\"a\",\"b\"],\"state\":"
		 "\"ENABLED\",\"variants\":{\"off\":false,\"on\":true},"
		 "\"defaultVariant\":\"off\"}" },
	{ "PATCH", "{}" },
	{ "PATCH", "{\"owner\":\"me\"}" },
	{ "PATCH", "{\"description\":null}" },
};

START_TEST(test_write_when_it_changes_nothing_then_makes_no_revision)
{
	struct toggled *t = scene_open();
	int64_t revision = put_toggle(
	    t, "new-checkout", "{\"owner\":\"me\",\"tags\":[\"a\",\"b\"]}");
	json_t *was = ask_json(t, "GET", KEY, NULL, 200);
	struct answer *answer =
	    ask_with(t, HEADERS("Change-Comment: nothing"), idle[_i].method,
		     KEY, idle[_i].body, 200);

	/* The order of variants is not ours to judge: the state is. */
	ck_assert_int_eq(json_int_at(answer_json(answer), "/revision"),
			 revision);
	ck_assert_int_eq(head_revision(t), revision);
	ck_assert(json_equal(was, ask_json(t, "GET", KEY, NULL, 200)));
	scene_close(t);
}
END_TEST

START_TEST(test_dry_run_when_valid_then_shows_the_change_and_makes_none)
{
	struct toggled *t = scene_open();
	int64_t revision = put_toggle(t, "new-checkout", "{}");
	json_t *was = ask_json(t, "GET", KEY, NULL, 200);
	static const struct {
		const char *method;
		const char *body;
	} tries[] = {
		{ "PUT", "{\"owner\":\"me\"}" },
		{ "PATCH", "{\"state\":\"DISABLED\"}" },
		{ "DELETE", NULL },
	};

	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		json_t *change = ask_json(
		    t, tries[i].method, KEY "?dryRun=true", tries[i].body, 200);

		ck_assert(json_bool_at(change, "/dryRun"));
		ck_assert(json_equal(
		    json_at(change, "/toggles/new-checkout/before"), was));
		ck_assert(json_is_null(
			      json_at(change, "/toggles/new-checkout/after")) ==
			  (tries[i].body == NULL));
	}
	expect_problem(toggled_request(t, "PUT", KEY "?dryRun=true", NULL,
				       "{\"state\":\"X\"}"),
		       400, "invalid");
	ck_assert_int_eq(head_revision(t), revision);
	ck_assert(json_equal(was, ask_json(t, "GET", KEY, NULL, 200)));
	scene_close(t);
}
END_TEST

static const char *
newest_comment(struct toggled *t)
{
	return json_text_at(
	    ask_json(t, "GET", ENV "/history?limit=1", NULL, 200),
	    "/changes/0/comment");
}

START_TEST(test_comment_when_given_then_stands_in_the_history)
{
	struct toggled *t = scene_open();
	struct bytes long_one;

	ask_with(t,
		 HEADERS("Change-Comment: zur\xc3\xbc"
			 "ck, P1"),
		 "PUT", KEY, "{}", 201);
	ck_assert_str_eq(newest_comment(t), "zur\xc3\xbc"
					    "ck, P1");
	ask(t, "PATCH", KEY, "{\"owner\":\"a\"}", 200);
	ck_assert_str_eq(newest_comment(t), "");
	ask_with(t, HEADERS("Change-Comment: gone"), "DELETE", KEY, NULL, 200);
	ck_assert_str_eq(newest_comment(t), "gone");

	bytes_init(&long_one);
	bytes_append_str(&long_one, "Change-Comment: ");
	for (int i = 0; i < 2001; i++)
		bytes_append_char(&long_one, 'x');
	expect_problem(
	    toggled_request(t, "PUT", KEY, HEADERS(long_one.data), "{}"), 400,
	    "invalid");
	long_one.data[long_one.length - 1] = '\0';
	ask_with(t, HEADERS(long_one.data), "PUT", KEY, "{}", 201);
	ck_assert_uint_eq(strlen(newest_comment(t)), 2000);
	bytes_fini(&long_one);
	expect_problem(toggled_request(t, "PUT", KEY,
				       HEADERS("Change-Comment: \xff"), "{}"),
		       400, "invalid");
	scene_close(t);
}
END_TEST

/* Shorter forms, and what they stand for. */
static const struct {
	const char *body;
	const char *pointer;
	const char *stored;
} sugar[] = {
	{ "{\"value\":10}", "/variants", "{\"value\":10}" },
	{ "{\"value\":10}", "/defaultVariant", "\"value\"" },
	{ "{\"value\":\"x\"}", "/type", "\"string\"" },
	{ "{\"enabled\":false}", "/serve", "\"off\"" },
	{ "{\"enabled\":false}", "/held", "{\"defaultVariant\":\"off\"}" },
	{ "{\"rollout\":{\"on\":10,\"off\":90}}", "/targeting",
	  "{\"fractional\":[[\"on\",10],[\"off\",90]]}" },
	{ "{\"type\":\"float\",\"variants\":{\"a\":1},\"defaultVariant\":"
	  "\"a\"}",
	  "/type", "\"float\"" },
};

START_TEST(test_put_when_short_form_then_stores_the_long_one)
{
	struct toggled *t = scene_open();

	expect_json(json_at(ask_json(t, "PUT", KEY, sugar[_i].body, 201),
			    sugar[_i].pointer),
		    sugar[_i].stored);
	scene_close(t);
}
END_TEST

START_TEST(test_lenient_when_targeting_is_broken_then_stores_it)
{
	struct toggled *t = scene_open();
	static const char body[] = "{\"targeting\":{\"invalid\":[\"x\"]}}";
	json_t *problem = expect_problem(
	    toggled_request(t, "PUT", KEY, NULL, body), 400, "invalid");

	ck_assert(problem_points_at(problem, "/targeting/invalid") ||
		  problem_points_at(problem, "/targeting"));
	expect_problem(toggled_get(t, KEY), 404, "not-found");
	ask(t, "PUT", KEY "?lenient=true", body, 201);
	expect_json(json_at(ask_json(t, "GET", KEY, NULL, 200), "/targeting"),
		    "{\"invalid\":[\"x\"]}");
	scene_close(t);
}
END_TEST

START_TEST(test_write_when_answered_then_any_connection_reads_it)
{
	enum { READERS = 12 };
	struct toggled *t = scene_open();
	struct poller *readers[READERS];

	for (int round = 0; round < 5; round++) {
		int64_t revision =
		    put_toggle(t, "new-checkout",
			       toggled_text(t, "{\"owner\":\"%d\"}", round));

		for (int i = 0; i < READERS; i++)
			readers[i] = poll_start(t, KEY, NULL);
		for (int i = 0; i < READERS; i++)
			ck_assert_int_eq(json_int_at(answer_json(poll_finish(
							 readers[i], 5000)),
						     "/revision"),
					 revision);
	}
	scene_close(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_test(
	    tc, test_put_of_nothing_when_absent_then_makes_a_boolean_toggle);
	tcase_add_test(tc, test_put_when_there_then_replaces_all_of_it);
	tcase_add_test(tc, test_patch_when_there_then_merges);
	tcase_add_test(tc, test_patch_when_absent_then_404);
	tcase_add_test(tc, test_delete_when_there_then_removes_once);
	tcase_add_loop_test(tc,
			    test_condition_when_there_then_decides_the_write, 0,
			    COUNT(conditions));
	tcase_add_test(tc,
		       test_condition_when_absent_then_only_creation_passes);
	tcase_add_loop_test(
	    tc, test_write_when_it_changes_nothing_then_makes_no_revision, 0,
	    COUNT(idle));
	tcase_add_test(
	    tc, test_dry_run_when_valid_then_shows_the_change_and_makes_none);
	tcase_add_test(tc, test_comment_when_given_then_stands_in_the_history);
	tcase_add_loop_test(tc,
			    test_put_when_short_form_then_stores_the_long_one,
			    0, COUNT(sugar));
	tcase_add_test(tc,
		       test_lenient_when_targeting_is_broken_then_stores_it);
	tcase_add_test(tc,
		       test_write_when_answered_then_any_connection_reads_it);
}

int
main(void)
{
	return scene_main("writes", add);
}
