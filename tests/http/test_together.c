/*
 * Legal requests, in volume and at once.
 *
 * What belongs here: everything that a good client may do, done by many or very
 * often, and what it costs the others. A write beside readers, memory by
 * streams, two admins at the same write, many of everything. Each route gets
 * its scene when it is made. What one client does alone and small belongs to
 * the test of its route; who means harm to test_hostile.c.
 *
 * Bounds are ratios against something measured in the same run (together.h).
 * Where a file grows over 500 lines, its scenes move to a test_together_*.c of
 * the noun they are about.
 */
#include <check.h>
#include <stdio.h>

#include "scene.h"
#include "together.h"

enum {
	READERS = 200,
	CASE_SECONDS = 120,
	/* One change beside so many, in requests of the smallest kind there. */
	FLIP_MOST = 10,
};

static const struct question flip = {
	.method = "PATCH",
	.path = ENV "/toggles/a",
	.bodies = { "{\"state\":\"DISABLED\"}", "{\"state\":\"ENABLED\"}" },
	.status = 200,
};
static const struct question health = {
	.method = "GET",
	.path = "/healthz",
	.status = 200,
};

/* --- a write beside readers ------------------------------------------------
 */

START_TEST(test_write_when_many_read_then_as_quick_as_any_request)
{
	struct toggled *t = scene_open();
	const struct question read[] = {
		{ .method = "GET", .path = ENV "/toggles/a", .status = 200 },
		{ .method = "GET", .path = ENV "/toggles", .status = 200 },
		{ .method = "GET",
		  .path = ENV "/values?targetingKey=u",
		  .status = 200 },
	};
	struct crowd *crowd;
	double other;
	double write;

	put_toggle(t, "a", "{}");
	crowd = crowd_start(t, READERS, read, COUNT(read));
	other = question_ms(t, &health);
	write = question_ms(t, &flip);
	printf("%lld reads\n", (long long)crowd_stop(crowd));
	expect_ratio("a flip beside readers, alone: another request there",
		     write, other, FLIP_MOST);
	scene_close(t);
}
END_TEST

/* --- two admins ------------------------------------------------------------
 */

/* They write different members of one toggle: neither is lost. */
START_TEST(test_patches_when_two_at_once_then_both_are_there)
{
	struct toggled *t = scene_open();
	const struct question both[] = {
		{ "PATCH",
		  ENV "/toggles/a",
		  NULL,
		  { "{\"owner\":\"ann\"}" },
		  0 },
		{ "PATCH",
		  ENV "/toggles/a",
		  NULL,
		  { "{\"description\":\"of bob\"}" },
		  0 },
	};
	struct answer *answers;
	json_t *toggle;

	put_toggle(t, "a", "{}");
	answers = ask_at_once(t, both, COUNT(both));
	ck_assert_int_eq(answers[0].status, 200);
	ck_assert_int_eq(answers[1].status, 200);
	ck_assert_int_ne(json_int_at(answers[0].json, "/revision"),
			 json_int_at(answers[1].json, "/revision"));
	toggle = ask_json(t, "GET", ENV "/toggles/a", NULL, 200);
	ck_assert_str_eq(json_text_at(toggle, "/owner"), "ann");
	ck_assert_str_eq(json_text_at(toggle, "/description"), "of bob");
	scene_close(t);
}
END_TEST

/* They both read revision 2 and say so: one of them is told. */
START_TEST(test_conditions_when_two_at_once_then_one_is_told)
{
	struct toggled *t = scene_open();
	const char *match = "If-Match: \"2\"";
	const struct question both[] = {
		{ "PATCH",
		  ENV "/toggles/a",
		  match,
		  { "{\"owner\":\"a\"}" },
		  0 },
		{ "PATCH",
		  ENV "/toggles/a",
		  match,
		  { "{\"owner\":\"b\"}" },
		  0 },
	};
	struct answer *answers;

	ck_assert_int_eq(put_toggle(t, "a", "{}"), 2);
	answers = ask_at_once(t, both, COUNT(both));
	ck_assert_int_eq(answers[0].status + answers[1].status, 200 + 412);
	ck_assert_int_eq(head_revision(t), 3);
	scene_close(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_set_timeout(tc, CASE_SECONDS);
	tcase_add_test(tc,
		       test_write_when_many_read_then_as_quick_as_any_request);
	tcase_add_test(tc, test_patches_when_two_at_once_then_both_are_there);
	tcase_add_test(tc, test_conditions_when_two_at_once_then_one_is_told);
}

int
main(void)
{
	return scene_main("together", add);
}
