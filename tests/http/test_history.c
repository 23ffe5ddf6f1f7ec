/* What changed, and taking it back. */
#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "scene.h"

enum { LONG_TEXT = 200000, LONG_CHANGES = 24, PAGE_BYTES = 6 << 20 };

#define KEY ENV "/toggles/new-checkout"
#define ROLLBACK ENV "/rollback"

START_TEST(test_history_when_read_then_newest_first_with_before_and_after)
{
	struct toggled *t = scene_open();
	json_t *page;

	ask_with(t, HEADERS("Change-Comment: why"), "PUT", KEY,
		 "{\"owner\":\"a\"}", 201);
	ask(t, "PATCH", KEY, "{\"owner\":\"b\"}", 200);
	ask(t, "DELETE", KEY, NULL, 200);
	page = ask_json(t, "GET", ENV "/history", NULL, 200);
	/* The first of all made the environment. */
	ck_assert_uint_eq(json_array_size(json_at(page, "/changes")), 4);
	ck_assert(json_is_null(json_at(page, "/next")));
	ck_assert_int_eq(json_int_at(page, "/changes/0/revision"), 4);
	ck_assert(json_is_null(
	    json_at(page, "/changes/0/toggles/new-checkout/after")));
	ck_assert_str_eq(
	    json_text_at(page, "/changes/1/toggles/new-checkout/before/owner"),
	    "a");
	ck_assert_str_eq(
	    json_text_at(page, "/changes/1/toggles/new-checkout/after/owner"),
	    "b");
	ck_assert_str_eq(json_text_at(page, "/changes/2/comment"), "why");
	ck_assert_str_eq(json_text_at(page, "/changes/2/actor"), "anonymous");
	ck_assert(json_is_null(
	    json_at(page, "/changes/2/toggles/new-checkout/before")));
	for (int i = 1; i <= 4; i++) {
		json_t *one = ask_json(
		    t, "GET", toggled_text(t, ENV "/history/%d", i), NULL, 200);

		ck_assert(
		    json_equal(one, json_array_get(json_at(page, "/changes"),
						   (size_t)(4 - i))));
	}
	scene_close(t);
}
END_TEST

START_TEST(test_history_when_paged_then_every_change_once)
{
	enum { CHANGES = 23, PAGE = 5 };
	struct toggled *t = scene_open();
	int64_t expected;
	const char *path = ENV "/history?limit=5";
	int pages = 0;

	for (int i = 0; i < CHANGES; i++)
		expected = put_toggle(t, i % 2 ? "odd" : "even",
				      toggled_text(t, "{\"owner\":\"%d\"}", i));
	while (path != NULL) {
		json_t *page = ask_json(t, "GET", path, NULL, 200);
		json_t *change;
		size_t i;

		json_array_foreach(json_at(page, "/changes"), i, change)
		{
			ck_assert_int_eq(json_int_at(change, "/revision"),
					 expected--);
		}
		/* A change while one pages does not shift what follows. */
		if (pages++ == 1)
			put_toggle(t, "between", "{}");
		path = json_is_null(json_at(page, "/next"))
			   ? NULL
			   : toggled_text(t, ENV "/history?limit=5&before=%d",
					  (int)json_int_at(page, "/next"));
	}
	ck_assert_int_eq(expected, 0);
	ck_assert_int_eq(pages, 5);
	scene_close(t);
}
END_TEST

START_TEST(test_history_when_of_a_key_then_only_its_changes)
{
	struct toggled *t = scene_open();
	json_t *page, *change;
	size_t i;

	for (int n = 0; n < 6; n++)
		put_toggle(t, n % 2 ? "odd" : "even",
			   toggled_text(t, "{\"owner\":\"%d\"}", n));
	ask(t, "DELETE", ENV "/toggles/odd", NULL, 200);
	page = ask_json(t, "GET", ENV "/history?key=odd&limit=3", NULL, 200);
	ck_assert_uint_eq(json_array_size(json_at(page, "/changes")), 3);
	json_array_foreach(json_at(page, "/changes"), i, change)
	{
		ck_assert_ptr_nonnull(json_at(change, "/toggles/odd"));
	}
	page = ask_json(t, "GET",
			toggled_text(t, ENV "/history?key=odd&before=%d",
				     (int)json_int_at(page, "/next")),
			NULL, 200);
	ck_assert_uint_eq(json_array_size(json_at(page, "/changes")), 1);
	ck_assert(json_is_null(json_at(page, "/next")));
	page = ask_json(t, "GET", ENV "/history?key=never", NULL, 200);
	ck_assert_uint_eq(json_array_size(json_at(page, "/changes")), 0);
	scene_close(t);
}
END_TEST

/* a and b at first, then other ones; a segment and c come, b goes. Revisions:
 * 2 and 3; then 4 to 7. */
static json_t *
furnish(struct toggled *t, const char **then)
{
	json_t *listing;

	put_toggle(t, "a", "{\"owner\":\"first\"}");
	put_toggle(t, "b", "{\"owner\":\"first\"}");
	listing = ask_json(t, "GET", ENV "/toggles", NULL, 200);
	*then = json_text_at(listing, "/toggles/b/updatedAt");
	let_time_pass();
	put_toggle(t, "a", "{\"owner\":\"second\"}");
	ask(t, "DELETE", ENV "/toggles/b", NULL, 200);
	ask(t, "PUT", ENV "/segments/s", "{\"var\":\"vip\"}", 201);
	put_toggle(t, "c",
		   "{\"targeting\":{\"if\":[{\"$ref\":\"s\"},\"on\"]}}");
	return listing;
}

/* The same definitions, whatever their revisions. */
static void
expect_same(json_t *now, json_t *then)
{
	static const char *const kinds[] = { "/toggles", "/segments" };

	for (int k = 0; k < COUNT(kinds); k++) {
		json_t *a = json_deep_copy(json_at(now, kinds[k]));
		json_t *b = json_deep_copy(json_at(then, kinds[k]));
		json_t *both[] = { a, b };
		const char *key;
		json_t *definition;

		for (int i = 0; i < COUNT(both); i++) {
			json_object_foreach(both[i], key, definition)
			{
				json_object_del(definition, "revision");
				json_object_del(definition, "updatedAt");
			}
		}
		ck_assert(json_equal(a, b));
		json_decref(a);
		json_decref(b);
	}
}

/* Each with 400 KB of definitions before and after. */
START_TEST(test_history_when_definitions_are_long_then_in_more_pages)
{
	struct toggled *t = scene_open();
	char *text = toggled_own(t, mem_zalloc(1, LONG_TEXT + 1), free);
	int64_t before = INT64_MAX;
	int64_t expected;
	int pages = 0;

	memset(text, 'x', LONG_TEXT);
	for (int i = 0; i < LONG_CHANGES; i++)
		put_toggle(t, "long",
			   toggled_text(t, "{\"value\":\"%d%s\"}", i, text));
	expected = head_revision(t);
	while (before > 0) {
		struct answer *answer = ask(
		    t, "GET",
		    toggled_text(t, ENV "/history?limit=1000&before=%" PRId64,
				 before),
		    NULL, 200);
		json_t *page = answer_json(answer);
		json_t *changes = json_at(page, "/changes");

		ck_assert_uint_lt(answer->length, PAGE_BYTES);
		ck_assert_uint_gt(json_array_size(changes), 0);
		for (size_t i = 0; i < json_array_size(changes); i++)
			ck_assert_int_eq(json_int_at(json_array_get(changes, i),
						     "/revision"),
					 expected--);
		before = json_is_null(json_at(page, "/next"))
			     ? 0
			     : json_int_at(page, "/next");
		pages++;
	}
	ck_assert_int_eq(expected, 0);
	ck_assert_int_gt(pages, 1);
	scene_close(t);
}
END_TEST

START_TEST(test_rollback_when_to_a_moment_then_all_as_it_was)
{
	struct toggled *t = scene_open();
	const char *time;
	json_t *then = furnish(t, &time);
	const char *body =
	    toggled_text(t,
			 _i == 0   ? "{\"to\":3,\"comment\":\"back\"}"
			 : _i == 1 ? "{\"to\":\"%s\",\"comment\":\"back\"}"
				   : "{\"to\":\"%s.3\",\"comment\":\"back\"}",
			 _i == 1 ? time : served_epoch(t));
	struct answer *answer = ask(t, "POST", ROLLBACK, body, 200);
	json_t *change = answer_json(answer);

	ck_assert_int_eq(json_int_at(change, "/revision"), 8);
	ck_assert_str_eq(json_text_at(change, "/comment"), "back");
	ck_assert_str_eq(json_text_at(change, "/toggles/a/after/owner"),
			 "first");
	ck_assert(json_is_null(json_at(change, "/toggles/b/before")));
	ck_assert(json_is_null(json_at(change, "/toggles/c/after")));
	ck_assert(json_is_null(json_at(change, "/segments/s/after")));
	expect_same(ask_json(t, "GET", ENV "/toggles", NULL, 200), then);
	/* Nothing in the history is overwritten, and it can be undone. */
	ck_assert_str_eq(
	    json_text_at(ask_json(t, "GET", ENV "/history/4", NULL, 200),
			 "/toggles/a/after/owner"),
	    "second");
	ask(t, "POST", ROLLBACK, "{\"to\":7}", 200);
	ask(t, "GET", ENV "/toggles/c", NULL, 200);
	ask(t, "GET", ENV "/toggles/b", NULL, 404);
	ck_assert_int_eq(head_revision(t), 9);
	scene_close(t);
}
END_TEST

START_TEST(test_rollback_when_of_keys_then_only_those)
{
	struct toggled *t = scene_open();
	const char *time;
	json_t *change;

	furnish(t, &time);
	change =
	    ask_json(t, "POST", ROLLBACK, "{\"to\":3,\"keys\":[\"b\"]}", 200);
	ck_assert_uint_eq(json_object_size(json_at(change, "/toggles")), 1);
	ck_assert_str_eq(json_text_at(change, "/toggles/b/after/owner"),
			 "first");
	ck_assert_str_eq(
	    json_text_at(ask_json(t, "GET", ENV "/toggles/a", NULL, 200),
			 "/owner"),
	    "second");
	ask(t, "GET", ENV "/segments/s", NULL, 200);
	/* A key that was not there then goes. */
	ask(t, "POST", ROLLBACK, "{\"to\":3,\"keys\":[\"a\",\"c\"]}", 200);
	ask(t, "GET", ENV "/toggles/c", NULL, 404);
	scene_close(t);
}
END_TEST

START_TEST(test_rollback_when_dry_run_then_shown_only)
{
	struct toggled *t = scene_open();
	const char *time;
	json_t *change;

	furnish(t, &time);
	change =
	    ask_json(t, "POST", ROLLBACK "?dryRun=true", "{\"to\":3}", 200);
	ck_assert(json_bool_at(change, "/dryRun"));
	ck_assert_uint_eq(json_object_size(json_at(change, "/toggles")), 3);
	ck_assert_int_eq(head_revision(t), 7);
	ask(t, "GET", ENV "/toggles/b", NULL, 404);
	scene_close(t);
}
END_TEST

START_TEST(test_rollback_when_nothing_differs_then_no_revision)
{
	struct toggled *t = scene_open();

	put_toggle(t, "a", "{}");
	ask(t, "POST", ROLLBACK, "{\"to\":2}", 200);
	ck_assert_int_eq(head_revision(t), 2);
	scene_close(t);
}
END_TEST

START_TEST(test_rollback_when_a_segment_would_be_missing_then_409)
{
	struct toggled *t = scene_open();
	json_t *problem;

	ask(t, "PUT", ENV "/segments/s", "{\"var\":\"vip\"}", 201);
	put_toggle(t, "a",
		   "{\"targeting\":{\"if\":[{\"$ref\":\"s\"},\"on\"]}}");
	put_toggle(t, "a", "{}");
	ask(t, "DELETE", ENV "/segments/s", NULL, 200);
	problem = expect_problem(toggled_request(t, "POST", ROLLBACK, NULL,
						 "{\"to\":3,\"keys\":[\"a\"]}"),
				 409, "conflict");
	expect_says(json_text_at(problem, "/detail"), "'s'");
	ck_assert_int_eq(head_revision(t), 5);
	ask(t, "POST", ROLLBACK, "{\"to\":3}", 200);
	scene_close(t);
}
END_TEST

START_TEST(test_rollback_when_clients_follow_then_they_get_the_old_state_anew)
{
	struct toggled *t = scene_open();
	struct poller *p;
	json_t *delta;

	put_toggle(t, "a", "{\"owner\":\"first\"}");
	put_toggle(t, "a", "{\"owner\":\"second\"}");
	p = poll_start(t, ENV "/changes?since=3&wait=30", NULL);
	wait_for_waiters(t, 1);
	ask(t, "POST", ROLLBACK, "{\"to\":2}", 200);
	delta = answer_json(poll_finish(p, 5000));
	ck_assert_int_eq(json_int_at(delta, "/revision"), 4);
	ck_assert_str_eq(json_text_at(delta, "/toggles/a/owner"), "first");
	ck_assert_int_eq(json_int_at(delta, "/toggles/a/revision"), 4);
	/* Who slept through both comes to the same. */
	delta = ask_json(t, "GET", ENV "/changes?since=2", NULL, 200);
	ck_assert_str_eq(json_text_at(delta, "/toggles/a/owner"), "first");
	scene_close(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_test(
	    tc, test_history_when_read_then_newest_first_with_before_and_after);
	tcase_add_test(tc, test_history_when_paged_then_every_change_once);
	tcase_add_test(tc, test_history_when_of_a_key_then_only_its_changes);
	tcase_add_test(
	    tc, test_history_when_definitions_are_long_then_in_more_pages);
	tcase_add_loop_test(
	    tc, test_rollback_when_to_a_moment_then_all_as_it_was, 0, 3);
	tcase_add_test(tc, test_rollback_when_of_keys_then_only_those);
	tcase_add_test(tc, test_rollback_when_dry_run_then_shown_only);
	tcase_add_test(tc, test_rollback_when_nothing_differs_then_no_revision);
	tcase_add_test(tc,
		       test_rollback_when_a_segment_would_be_missing_then_409);
	tcase_add_test(
	    tc,
	    test_rollback_when_clients_follow_then_they_get_the_old_state_anew);
}

int
main(void)
{
	return scene_main("history", add);
}
