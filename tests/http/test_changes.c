/* Changes of many definitions at once, segments, documents taken in. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "scene.h"

#define CHANGES ENV "/changes"

START_TEST(test_change_of_many_when_valid_then_one_revision)
{
	struct toggled *t = scene_open();
	int64_t before;
	struct answer *answer;
	json_t *change;

	put_toggle(t, "old", "{}");
	before = put_toggle(t, "kept", "{\"owner\":\"me\"}");
	answer = ask(t, "POST", CHANGES,
		     "{\"comment\":\"autumn\",\"segments\":{\"staff\":"
		     "{\"ends_with\":[{\"var\":\"email\"},\"@x.io\"]}},"
		     "\"toggles\":{\"old\":null,\"kept\":{\"state\":"
		     "\"DISABLED\"},\"new\":{\"targeting\":{\"if\":["
		     "{\"$ref\":\"staff\"},\"on\"]}}}}",
		     200);
	change = answer_json(answer);
	ck_assert_int_eq(json_int_at(change, "/revision"), before + 1);
	ck_assert_int_eq(head_revision(t), before + 1);
	ck_assert_str_eq(
	    answer_header(t, answer, "ETag"),
	    toggled_text(t, "\"%s.%d\"", served_epoch(t), (int)before + 1));
	ck_assert_str_eq(json_text_at(change, "/comment"), "autumn");
	ck_assert(json_is_null(json_at(change, "/toggles/old/after")));
	ck_assert(json_is_null(json_at(change, "/toggles/new/before")));
	ck_assert_str_eq(json_text_at(change, "/toggles/kept/before/state"),
			 "ENABLED");
	ck_assert_str_eq(json_text_at(change, "/toggles/kept/after/state"),
			 "DISABLED");
	ck_assert_str_eq(json_text_at(change, "/toggles/kept/after/owner"),
			 "me");
	ck_assert(json_is_null(json_at(change, "/segments/staff/before")));
	change = ask_json(t, "GET",
			  toggled_text(t, CHANGES "?since=%d", (int)before),
			  NULL, 200);
	ck_assert_uint_eq(json_object_size(json_at(change, "/toggles")), 3);
	ck_assert(json_is_null(json_at(change, "/toggles/old")));
	ck_assert_uint_eq(json_object_size(json_at(change, "/segments")), 1);
	scene_close(t);
}
END_TEST

START_TEST(test_change_of_many_when_one_is_wrong_then_none_is_made)
{
	struct toggled *t = scene_open();
	int64_t before = put_toggle(t, "kept", "{}");
	json_t *problem = expect_problem(
	    toggled_request(t, "POST", CHANGES, NULL,
			    "{\"toggles\":{\"kept\":{\"state\":\"DISABLED\"},"
			    "\"bad.state\":{\"state\":\"OFF\"},"
			    "\"a~b\":{\"variants\":{\"a/b\":1,\"c\":true}},"
			    "\"default\":{\"defaultVariant\":\"of\"},"
			    "\"member\":{\"defaultVarint\":\"on\"},"
			    "\"missing\":null},"
			    "\"segments\":{\"broken\":{\"no_such\":[1]}}}"),
	    400, "invalid");

	ck_assert(problem_points_at(problem, "/toggles/bad.state/state"));
	ck_assert(problem_points_at(problem, "/toggles/a~0b/variants/c") ||
		  problem_points_at(problem, "/toggles/a~0b/variants/a~1b"));
	ck_assert(
	    problem_points_at(problem, "/toggles/default/defaultVariant"));
	ck_assert(problem_points_at(problem, "/toggles/member/defaultVarint"));
	ck_assert(problem_points_at(problem, "/toggles/missing"));
	ck_assert(problem_points_at(problem, "/segments/broken/no_such") ||
		  problem_points_at(problem, "/segments/broken"));
	ck_assert(!problem_points_at(problem, "/toggles/kept"));
	ck_assert_int_eq(head_revision(t), before);
	ck_assert_str_eq(
	    json_text_at(ask_json(t, "GET", ENV "/toggles/kept", NULL, 200),
			 "/state"),
	    "ENABLED");
	scene_close(t);
}
END_TEST

START_TEST(test_change_of_many_when_dry_run_then_shown_only)
{
	struct toggled *t = scene_open();
	int64_t before = put_toggle(t, "kept", "{}");
	json_t *change = ask_json(
	    t, "POST", CHANGES "?dryRun=true",
	    "{\"toggles\":{\"kept\":null,\"new\":{\"value\":1}}}", 200);

	ck_assert(json_bool_at(change, "/dryRun"));
	ck_assert(json_is_null(json_at(change, "/toggles/kept/after")));
	expect_json(json_at(change, "/toggles/new/after/variants"),
		    "{\"value\":1}");
	ck_assert_int_eq(head_revision(t), before);
	ask(t, "GET", ENV "/toggles/kept", NULL, 200);
	ask(t, "GET", ENV "/toggles/new", NULL, 404);
	scene_close(t);
}
END_TEST

START_TEST(test_change_of_many_when_nothing_changes_then_no_revision)
{
	struct toggled *t = scene_open();
	int64_t before = put_toggle(t, "kept", "{}");
	json_t *change =
	    ask_json(t, "POST", CHANGES,
		     "{\"comment\":\"x\",\"toggles\":{\"kept\":{\"state\":"
		     "\"ENABLED\"}}}",
		     200);

	ck_assert_int_eq(json_int_at(change, "/revision"), before);
	ck_assert_uint_eq(json_object_size(json_at(change, "/toggles")), 0);
	ck_assert_int_eq(head_revision(t), before);
	ask(t, "POST", CHANGES, "{\"toggles\":{}}", 200);
	ck_assert_int_eq(head_revision(t), before);
	scene_close(t);
}
END_TEST

START_TEST(test_segment_when_written_then_read_and_replaced)
{
	struct toggled *t = scene_open();
	struct answer *answer = ask(t, "PUT", ENV "/segments/staff",
				    "{\"in\":[{\"var\":\"u\"},[\"a\"]]}", 201);
	json_t *segment = answer_json(answer);
	int64_t first = json_int_at(segment, "/revision");

	ck_assert_str_eq(answer_header(t, answer, "Location"),
			 ENV "/segments/staff");
	ck_assert_str_eq(json_text_at(segment, "/name"), "staff");
	expect_json(json_at(segment, "/rule"),
		    "{\"in\":[{\"var\":\"u\"},[\"a\"]]}");
	ck_assert(json_equal(
	    segment, ask_json(t, "GET", ENV "/segments/staff", NULL, 200)));
	ask(t, "PUT", ENV "/segments/staff", "{\"var\":\"vip\"}", 200);
	expect_problem(toggled_request(t, "PUT", ENV "/segments/staff",
				       HEADERS(toggled_text(
					   t, "If-Match: \"%d\"", (int)first)),
				       "{\"var\":\"x\"}"),
		       412, "precondition-failed");
	expect_json(
	    json_at(ask_json(t, "GET",
			     toggled_text(t, ENV "/segments/staff?at=%d",
					  (int)first),
			     NULL, 200),
		    "/rule"),
	    "{\"in\":[{\"var\":\"u\"},[\"a\"]]}");
	ask(t, "DELETE", ENV "/segments/staff", NULL, 200);
	expect_problem(toggled_get(t, ENV "/segments/staff"), 404, "not-found");
	expect_problem(
	    toggled_request(t, "DELETE", ENV "/segments/staff", NULL, NULL),
	    404, "not-found");
	scene_close(t);
}
END_TEST

START_TEST(test_segment_when_referred_to_then_not_removed)
{
	struct toggled *t = scene_open();
	static const char rule[] =
	    "{\"targeting\":{\"if\":[{\"$ref\":\"staff\"},\"on\"]}}";
	json_t *problem;
	int64_t before;

	problem = expect_problem(
	    toggled_request(t, "PUT", ENV "/toggles/b", NULL, rule), 400,
	    "invalid");
	expect_says(json_text_at(problem, "/detail"), "staff");
	ask(t, "PUT", ENV "/segments/staff", "{\"var\":\"vip\"}", 201);
	put_toggle(t, "b", rule);
	before = put_toggle(t, "c", rule);
	problem = expect_problem(
	    toggled_request(t, "DELETE", ENV "/segments/staff", NULL, NULL),
	    409, "conflict");
	expect_says(json_text_at(problem, "/detail"), "'b'");
	expect_says(json_text_at(problem, "/detail"), "'c'");
	ck_assert_int_eq(head_revision(t), before);
	ask(t, "DELETE", ENV "/toggles/b", NULL, 200);
	/* The last one and the segment go together. */
	ask(t, "POST", CHANGES,
	    "{\"toggles\":{\"c\":null},\"segments\":{\"staff\":null}}", 200);
	ask(t, "GET", ENV "/segments/staff", NULL, 404);
	scene_close(t);
}
END_TEST

#define FLAGD                                                                  \
	"{\"$schema\":\"https://flagd.dev/schema/v0/flags.json\",\"flags\":{"  \
	"\"banner\":{\"state\":\"ENABLED\",\"variants\":{\"on\":true,\"off\":" \
	"false},\"defaultVariant\":\"off\",\"targeting\":{\"if\":[{\"$ref\":"  \
	"\"staff\"},\"on\",null]},\"metadata\":{\"team\":\"shop\"}},"          \
	"\"size\":{\"state\":\"DISABLED\",\"variants\":{\"s\":1.0,\"b\":10.5}" \
	",\"defaultVariant\":\"s\"}},\"$evaluators\":{\"staff\":{\"in\":["     \
	"\"@x\",{\"var\":\"email\"}]}},\"metadata\":{\"origin\":\"test\"}}"

START_TEST(test_flagd_document_when_taken_in_then_given_out_again)
{
	struct toggled *t = scene_open();
	json_t *flags;
	int64_t before;

	ask(t, "POST", CHANGES, FLAGD, 200);
	flags = ask_json(t, "GET", ENV "/flags", NULL, 200);
	expect_json(json_at(flags, "/flags/banner"),
		    "{\"state\":\"ENABLED\",\"variants\":{\"on\":true,\"off\":"
		    "false},\"defaultVariant\":\"off\",\"targeting\":{\"if\":[{"
		    "\"$ref\":\"staff\"},\"on\",null]},\"metadata\":{\"team\":"
		    "\"shop\"}}");
	expect_json(json_at(flags, "/flags/size"),
		    "{\"state\":\"DISABLED\",\"variants\":{\"s\":1.0,\"b\":"
		    "10.5},\"defaultVariant\":\"s\"}");
	expect_json(json_at(flags, "/$evaluators"),
		    "{\"staff\":{\"in\":[\"@x\",{\"var\":\"email\"}]}}");
	/* Once more, and as it came out: nothing is new. */
	before = head_revision(t);
	ask(t, "POST", CHANGES, FLAGD, 200);
	ask(t, "POST", CHANGES, ask(t, "GET", ENV "/flags", NULL, 200)->body,
	    200);
	ck_assert_int_eq(head_revision(t), before);
	scene_close(t);
}
END_TEST

START_TEST(test_flagd_document_when_taken_in_then_envelope_is_kept)
{
	struct toggled *t = scene_open();
	json_t *toggle;

	put_toggle(t, "banner",
		   "{\"description\":\"d\",\"owner\":\"o\",\"tags\":[\"t\"],"
		   "\"metadata\":{\"old\":1},\"value\":\"y\"}");
	put_toggle(t, "other", "{}");
	/* The form of flags as an array. */
	ask(t, "POST", CHANGES,
	    "{\"flags\":[{\"key\":\"banner\",\"state\":\"ENABLED\","
	    "\"variants\":{\"a\":\"x\"},\"defaultVariant\":\"a\"}]}",
	    200);
	toggle = ask_json(t, "GET", ENV "/toggles/banner", NULL, 200);
	ck_assert_str_eq(json_text_at(toggle, "/description"), "d");
	ck_assert_str_eq(json_text_at(toggle, "/owner"), "o");
	expect_json(json_at(toggle, "/tags"), "[\"t\"]");
	expect_json(json_at(toggle, "/variants"), "{\"a\":\"x\"}");
	ck_assert_ptr_null(json_at(toggle, "/metadata"));
	ask(t, "GET", ENV "/toggles/other", NULL, 200);
	scene_close(t);
}
END_TEST

START_TEST(test_import_when_lenient_then_broken_targeting_is_stored)
{
	struct toggled *t = scene_open();
	static const char body[] =
	    "{\"flags\":{\"bad\":{\"state\":\"ENABLED\",\"variants\":{\"on\":"
	    "true},\"defaultVariant\":\"on\",\"targeting\":{\"invalid\":[1]}},"
	    "\"lost\":{\"state\":\"ENABLED\",\"variants\":{\"on\":true},"
	    "\"defaultVariant\":\"on\",\"targeting\":{\"$ref\":\"nowhere\"}},"
	    "\"good\":{\"state\":\"ENABLED\",\"variants\":{\"on\":true},"
	    "\"defaultVariant\":\"on\"}}}";
	json_t *report;

	expect_problem(toggled_request(t, "POST", CHANGES, NULL, body), 400,
		       "invalid");
	report = ask_json(t, "POST", CHANGES "?lenient=true", body, 200);
	ck_assert_uint_eq(json_object_size(json_at(report, "/toggles")), 3);
	/* Design section 3: stored, and reported. */
	ck_assert(problem_points_at(report, "/flags/bad/targeting/invalid") ||
		  problem_points_at(report, "/flags/bad/targeting"));
	ck_assert(problem_points_at(report, "/flags/lost/targeting/$ref") ||
		  problem_points_at(report, "/flags/lost/targeting"));
	/* What is broken fails alone. */
	ck_assert_int_eq(
	    ask(t, "POST", "/ofrep/v1/evaluate/flags/good", "{}", 200)->status,
	    200);
	ck_assert_str_eq(
	    json_text_at(
		ask_json(t, "POST", "/ofrep/v1/evaluate/flags/bad", "{}", 400),
		"/errorCode"),
	    "PARSE_ERROR");
	ck_assert_str_eq(
	    json_text_at(
		ask_json(t, "POST", "/ofrep/v1/evaluate/flags/lost", "{}", 400),
		"/errorCode"),
	    "PARSE_ERROR");
	scene_close(t);
}
END_TEST

/* The document without what differs from store to store. */
static json_t *
bare(json_t *listing)
{
	json_t *copy = json_deep_copy(json_at(listing, "/toggles"));
	const char *key;
	json_t *toggle;

	json_object_foreach(copy, key, toggle)
	{
		json_object_del(toggle, "revision");
		json_object_del(toggle, "updatedAt");
		json_object_del(toggle, "updatedBy");
	}
	return copy;
}

START_TEST(test_export_when_taken_in_elsewhere_then_equal)
{
	static const char *const exports[] = { ENV "/toggles", ENV "/changes" };
	struct toggled *t = scene_open();
	json_t *here, *there;
	int64_t before;

	ask(t, "POST", CHANGES, FLAGD, 200);
	put_toggle(t, "plain",
		   "{\"owner\":\"o\",\"tags\":[\"t\"],\"description\":\"d\"}");
	before = head_revision(t);
	ask(t, "POST", CHANGES, ask(t, "GET", exports[_i], NULL, 200)->body,
	    200);
	ck_assert_int_eq(head_revision(t), before);
	ask(t, "PUT", "/v1/envs/copy", "{}", 201);
	ask(t, "POST", "/v1/envs/copy/changes",
	    ask(t, "GET", exports[_i], NULL, 200)->body, 200);
	here = ask_json(t, "GET", ENV "/toggles", NULL, 200);
	there = ask_json(t, "GET", "/v1/envs/copy/toggles", NULL, 200);
	ck_assert(json_equal(json_at(here, "/segments"),
			     json_at(there, "/segments")));
	here = bare(here);
	there = bare(there);
	ck_assert_uint_eq(json_object_size(there), 3);
	ck_assert(json_equal(here, there));
	json_decref(here);
	json_decref(there);
	scene_close(t);
}
END_TEST

START_TEST(test_change_of_many_when_ten_thousand_then_all_and_no_more)
{
	struct toggled *t = scene_open();
	struct bytes body;

	bytes_init(&body);
	bytes_append_str(&body, "{\"toggles\":{");
	for (int i = 0; i < 10000; i++)
		bytes_printf(&body, "%s\"k%d\":{}", i ? "," : "", i);
	bytes_append_str(&body, "}}");
	ask(t, "POST", CHANGES, body.data, 200);
	ck_assert_uint_eq(
	    json_object_size(json_at(
		ask_json(t, "GET", ENV "/toggles", NULL, 200), "/toggles")),
	    10000);
	body.length -= 2;
	bytes_append_str(&body, ",\"one-more\":{}}}");
	expect_problem(toggled_request(t, "POST", CHANGES, NULL, body.data),
		       413, "too-large");
	bytes_fini(&body);
	scene_close(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_test(tc, test_change_of_many_when_valid_then_one_revision);
	tcase_add_test(tc,
		       test_change_of_many_when_one_is_wrong_then_none_is_made);
	tcase_add_test(tc, test_change_of_many_when_dry_run_then_shown_only);
	tcase_add_test(
	    tc, test_change_of_many_when_nothing_changes_then_no_revision);
	tcase_add_test(tc, test_segment_when_written_then_read_and_replaced);
	tcase_add_test(tc, test_segment_when_referred_to_then_not_removed);
	tcase_add_test(tc,
		       test_flagd_document_when_taken_in_then_given_out_again);
	tcase_add_test(tc,
		       test_flagd_document_when_taken_in_then_envelope_is_kept);
	tcase_add_test(
	    tc, test_import_when_lenient_then_broken_targeting_is_stored);
	tcase_add_loop_test(tc, test_export_when_taken_in_elsewhere_then_equal,
			    0, 2);
	tcase_add_test(
	    tc, test_change_of_many_when_ten_thousand_then_all_and_no_more);
}

int
main(void)
{
	return scene_main("changes", add);
}
