/*
 * A variant that is served by hand: what others see of it, what loses nothing,
 * and what an older or a later release has made of it.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "hold_case.h"
#include "model/name.h"
#include "suite.h"
#include "unit/wire_case.h"
#include "wire/definition.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static struct hold_case c;

static void
setup(void)
{
	hold_case_setup(&c);
}

static void
teardown(void)
{
	hold_case_teardown(&c);
}

/* --- what others see ------------------------------------------------------ */

START_TEST(test_held_when_served_then_a_plain_flag_for_all_others)
{
	struct definition *d = hold_case_written(
	    &c, NULL, PUT,
	    "{\"targeting\":" STAFF ",\"serve\":\"on\",\"held\":null}");

	ck_assert(d->is_held);
	ck_assert(d->enabled);
	ck_assert_ptr_null(d->program);
	ck_assert_int_eq(d->default_variant, 0);
	ck_assert(string_is(d->core, "\"state\":\"ENABLED\"," BOTH
				     ",\"defaultVariant\":\"on\""));
	/* It counts as a reference. */
	ck_assert_uint_eq(d->reference_count, 1);
	ck_assert(string_is(d->references[0], "staff"));
	definition_unref(d);
}
END_TEST

START_TEST(test_held_when_recompiled_then_still_a_reference_and_no_program)
{
	struct definition *d = hold_case_written(
	    &c, NULL, PUT, "{\"targeting\":" STAFF ",\"serve\":\"on\"}");
	struct definition_scope scope = wire_case_scope();
	struct definition *again = NULL;

	ck_assert_int_eq(
	    definition_recompile(d, &scope, &c.arena, &again, &c.err),
	    STATUS_OK);
	ck_assert(again->is_held);
	ck_assert_ptr_null(again->program);
	ck_assert_uint_eq(again->reference_count, 1);
	definition_unref(d);
	definition_unref(again);
}
END_TEST

/* Nothing that is wrong with a rule may stand in the way of switching off what
 * it serves. */
START_TEST(test_serve_when_the_rule_is_broken_then_it_is_served_all_the_same)
{
	struct definition *before = hold_case_loaded(
	    &c, "\"state\":\"ENABLED\"," BOTH
		",\"defaultVariant\":\"on\",\"targeting\":{\"bad\":[1]}");
	struct definition *after =
	    hold_case_written(&c, before, PATCH, "{\"serve\":\"off\"}");
	struct definition *again = NULL;

	ck_assert_ptr_nonnull(
	    strstr(after->stored.data, "\"targeting\":{\"bad\":[1]}"));
	ck_assert_int_eq(
	    hold_case_try(&c, after, PATCH, "{\"serve\":null}", &again),
	    STATUS_INVALID);
	definition_unref(before);
	definition_unref(after);
}
END_TEST

/* A number that is refused today, and stands there. */
START_TEST(test_serve_when_the_rule_has_an_old_number_then_to_and_fro)
{
	struct definition *before = hold_case_loaded(
	    &c, "\"state\":\"ENABLED\"," BOTH
		",\"defaultVariant\":\"on\",\"targeting\":{\"if\":[{\"==\":["
		"{\"var\":\"id\"},9007199254740993]},\"off\"]}");
	struct definition *after =
	    hold_case_written(&c, before, PATCH, "{\"serve\":\"off\"}");
	struct definition *same =
	    hold_case_written(&c, after, PUT, after->text.data);
	struct definition *back =
	    hold_case_written(&c, same, PATCH, "{\"serve\":null}");
	struct definition *none = NULL;

	ck_assert(string_equal(back->stored, before->stored));
	ck_assert_int_eq(hold_case_try(&c, NULL, PUT, after->text.data, &none),
			 STATUS_INVALID);
	ck_assert_str_eq(c.err.places[0].pointer, "/held/targeting/if/0/==/1");
	definition_unref(before);
	definition_unref(after);
	definition_unref(same);
	definition_unref(back);
}
END_TEST

/* Nor is one too long, or nested too deep. */
START_TEST(test_serve_when_at_the_limits_then_it_is_served_all_the_same)
{
	struct definition *before, *after, *back;
	struct bytes text;

	bytes_init(&text);
	bytes_append_str(&text, "{\"variants\":{\"on\":\"");
	for (int i = 0; i < LIMIT_DEFINITION_BYTES - 500; i++)
		bytes_append_char(&text, 'x');
	bytes_append_str(&text, "\",\"off\":\"\"},\"targeting\":");
	/* The toggle itself, and what stands in each. */
	for (int i = 0; i < (DEFINITION_DEPTH_MAX - 1) / 2; i++)
		bytes_append_str(&text, "{\"!\":[");
	bytes_append_str(&text, "\"\"");
	for (int i = 0; i < (DEFINITION_DEPTH_MAX - 1) / 2; i++)
		bytes_append_str(&text, "]}");
	bytes_append_str(&text, ",\"description\":\"");
	for (int i = 0; i < 200; i++)
		bytes_append_char(&text, 'd');
	bytes_append_str(&text, "\"}");
	before = hold_case_written(&c, NULL, PUT, text.data);
	after = hold_case_written(&c, before, PATCH, "{\"serve\":\"off\"}");
	ck_assert_uint_gt(after->stored.length, before->stored.length);
	/* And by what was read. */
	definition_unref(hold_case_written(&c, after, PUT, after->text.data));
	definition_unref(hold_case_written(&c, NULL, PUT, after->text.data));
	back = hold_case_written(&c, after, PATCH, "{\"serve\":null}");
	ck_assert(string_equal(back->stored, before->stored));
	bytes_fini(&text);
	definition_unref(before);
	definition_unref(after);
	definition_unref(back);
}
END_TEST

START_TEST(test_served_when_asked_then_since_and_by)
{
	struct definition *before = hold_case_written(&c, NULL, PUT, RULES);
	struct definition *first =
	    hold_case_written(&c, before, PATCH, "{\"serve\":\"off\"}");
	struct definition *bare = hold_case_loaded(
	    &c, "\"serve\":\"on\",\"held\":{},\"state\":\"ENABLED\"," BOTH
		",\"defaultVariant\":\"on\"");
	struct served served;

	ck_assert(!definition_served(before, &c.arena, &served));
	ck_assert(definition_served(first, &c.arena, &served));
	ck_assert_int_eq(served.since, 43);
	ck_assert(string_is(served.by, "bob"));
	/* Nobody has noted it. */
	ck_assert(!definition_served(bare, &c.arena, &served));
	definition_unref(before);
	definition_unref(first);
	definition_unref(bare);
}
END_TEST

/* --- what an older release has written over it ---------------------------- */

#define HOLD "\"serve\":\"off\"," HELD "," BY("42", "alice")

static const struct {
	const char *stored;
	const char *becomes; /* NULL: the same */
} overwritten[] = {
	{ HOLD ",\"state\":\"ENABLED\"," BOTH ",\"defaultVariant\":\"off\"",
	  NULL },
	{ HOLD ",\"state\":\"DISABLED\"," BOTH ",\"defaultVariant\":\"off\"",
	  NULL },
	/* In another order, as 0.3 never writes it. */
	{ "\"state\":\"ENABLED\"," BOTH ",\"defaultVariant\":\"off\"," HOLD,
	  HOLD ",\"state\":\"ENABLED\"," BOTH ",\"defaultVariant\":\"off\"" },
	{ HOLD ",\"state\":\"ENABLED\"," BOTH
	       ",\"defaultVariant\":\"off\",\"targeting\":{}",
	  HOLD ",\"state\":\"ENABLED\"," BOTH ",\"defaultVariant\":\"off\"" },
	/* It has served something else, and so is that served. */
	{ HOLD ",\"state\":\"ENABLED\"," BOTH ",\"defaultVariant\":\"on\"",
	  "\"state\":\"ENABLED\"," BOTH ",\"defaultVariant\":\"on\"" },
	{ HOLD ",\"state\":\"ENABLED\"," BOTH, "\"state\":\"ENABLED\"," BOTH },
	{ HOLD ",\"state\":\"ENABLED\"," BOTH
	       ",\"defaultVariant\":\"off\",\"targeting\":" GOLD,
	  "\"state\":\"ENABLED\"," BOTH
	  ",\"defaultVariant\":\"off\",\"targeting\":" GOLD },
	{ HOLD ",\"state\":\"ENABLED\",\"variants\":{\"x\":true},"
	       "\"defaultVariant\":\"x\"",
	  "\"state\":\"ENABLED\",\"variants\":{\"x\":true},"
	  "\"defaultVariant\":\"x\"" },
	/* What is no hold. */
	{ "\"serve\":3," HELD ",\"state\":\"ENABLED\"," BOTH,
	  "\"state\":\"ENABLED\"," BOTH },
	{ "\"serve\":\"off\",\"held\":[],\"state\":\"ENABLED\"," BOTH
	  ",\"defaultVariant\":\"off\"",
	  "\"state\":\"ENABLED\"," BOTH ",\"defaultVariant\":\"off\"" },
	{ "\"serve\":\"off\",\"state\":\"ENABLED\"," BOTH
	  ",\"defaultVariant\":\"off\"",
	  "\"state\":\"ENABLED\"," BOTH ",\"defaultVariant\":\"off\"" },
	{ HELD ",\"state\":\"ENABLED\"," BOTH ",\"defaultVariant\":\"off\"",
	  "\"state\":\"ENABLED\"," BOTH ",\"defaultVariant\":\"off\"" },
	/* What a later one has put there stays. */
	{ "\"serve\":\"off\",\"held\":{\"stage\":1},\"plan\":{},"
	  "\"state\":\"ENABLED\"," BOTH ",\"defaultVariant\":\"off\"",
	  NULL },
};

START_TEST(test_load_when_an_older_release_wrote_then_what_is_written_is_served)
{
	const char *stored = overwritten[_i].stored;
	const char *becomes = overwritten[_i].becomes;
	struct definition *d = hold_case_loaded(&c, stored);

	if (becomes == NULL)
		becomes = stored;
	ck_assert_msg(string_is(d->stored, becomes), "%s\n%.*s", becomes,
		      (int)d->stored.length, d->stored.data);
	ck_assert_int_eq(d->is_held, strstr(becomes, "\"serve\"") != NULL);
	definition_unref(d);
}
END_TEST

START_TEST(test_later_members_when_held_then_they_go_to_and_fro)
{
	struct definition *d = hold_case_loaded(
	    &c, "\"serve\":\"off\",\"held\":{\"stage\":1},\"plan\":{},"
		"\"state\":\"ENABLED\"," BOTH ",\"defaultVariant\":\"off\"");
	struct definition *other = hold_case_written(
	    &c, d, PATCH, "{\"serve\":\"on\",\"defaultVariant\":\"on\"}");
	struct definition *same =
	    hold_case_written(&c, other, PUT, other->text.data);
	struct definition *back =
	    hold_case_written(&c, same, PATCH, "{\"serve\":null}");
	struct definition *again = NULL;

	ck_assert(d->has_later);
	ck_assert_ptr_nonnull(strstr(other->stored.data,
				     "\"held\":{\"defaultVariant\":\"on\","
				     "\"stage\":1}"));
	ck_assert(string_equal(same->stored, other->stored));
	ck_assert(string_is(
	    back->stored, "\"plan\":{},\"stage\":1,\"state\":\"ENABLED\"," BOTH
			  ",\"defaultVariant\":\"on\""));
	ck_assert_int_eq(
	    hold_case_try(&c, d, PATCH,
			  "{\"serve\":\"off\",\"held\":{\"stage\":2}}", &again),
	    STATUS_INVALID);
	ck_assert_str_eq(c.err.places[0].pointer, "/held/stage");
	definition_unref(d);
	definition_unref(other);
	definition_unref(same);
	definition_unref(back);
}
END_TEST

/* --- whatever is done ----------------------------------------------------- */

enum { WALKS = 400, STEPS = 40 };

static const char *const steps[] = {
	"{\"serve\":\"on\"}",
	"{\"serve\":\"off\"}",
	"{\"serve\":null}",
	"{\"enabled\":false}",
	"{\"enabled\":true}",
	"{\"state\":\"DISABLED\"}",
	"{\"state\":\"ENABLED\"}",
	"{\"targeting\":" GOLD "}",
	"{\"targeting\":" STAFF "}",
	"{\"targeting\":null}",
	"{\"rollout\":{\"on\":10,\"off\":90}}",
	"{\"rules\":[{\"if\":{\"op\":\"segment\",\"value\":\"staff\"},"
	"\"serve\":\"on\"}]}",
	"{\"defaultVariant\":\"on\"}",
	"{\"defaultVariant\":\"off\"}",
	"{\"defaultVariant\":null}",
	"{\"variants\":{\"third\":true}}",
	"{\"variants\":{\"third\":null}}",
	"{\"owner\":\"ann\",\"tags\":[\"a\"],\"metadata\":{\"m\":1.5}}",
	"{\"owner\":null,\"metadata\":null}",
	"{\"serve\":\"third\"}",
	"{\"serve\":\"on\",\"held\":{\"defaultVariant\":\"off\"}}",
	"{\"serve\":\"off\",\"rollout\":{\"on\":1},\"defaultVariant\":null}",
	"{\"serve\":null,\"targeting\":" GOLD "}",
};

static void
expect_stored(const struct definition *is, const struct definition *was)
{
	ck_assert_msg(string_equal(is->stored, was->stored), "%s\n%s",
		      is->text.data, was->text.data);
}

/* What was read is sent back, by each way that takes it. */
static void
expect_lossless(const struct definition *d)
{
	const struct value text = wire_case_value(&c.arena, d->text.data);
	char *stored = arena_copy(&c.arena, d->stored.data, d->stored.length);
	char *core = arena_copy(&c.arena, d->core.data, d->core.length);
	struct definition *again = NULL;
	struct bytes flag;

	for (enum hold_verb verb = PUT; verb <= ROLLBACK; verb++) {
		ck_assert_int_eq(hold_case_write(&c, d, verb, &text, &again),
				 STATUS_OK);
		expect_stored(again, d);
		definition_unref(again);
	}
	again = hold_case_loaded(&c, stored);
	expect_stored(again, d);
	definition_unref(again);
	bytes_init(&flag);
	bytes_printf(&flag, "{%s}", core);
	again = hold_case_written(&c, d, FLAG, flag.data);
	expect_stored(again, d);
	definition_unref(again);
	bytes_fini(&flag);
}

static void
expect_plain(const struct definition *d)
{
	const struct value text = wire_case_value(&c.arena, d->text.data);
	const struct value *serve = value_get(&text, "serve");

	ck_assert_int_eq(d->is_held, serve != NULL);
	ck_assert_int_eq(d->is_held, value_get(&text, "held") != NULL);
	if (!d->is_held)
		return;
	ck_assert(value_equal(serve, value_get(&text, "defaultVariant")));
	ck_assert_ptr_null(value_get(&text, "targeting"));
	ck_assert_ptr_null(d->program);
	ck_assert(
	    string_equal(d->variants[d->default_variant].name, serve->string));
}

/* Off and by the rules again: nothing is lost, but that it was disabled is said
 * in one place only. */
static void
expect_reversible(const struct definition *d)
{
	struct definition *off, *back;

	if (d->is_held)
		return;
	off = hold_case_written(&c, d, PATCH, "{\"serve\":\"off\"}");
	expect_plain(off);
	expect_lossless(off);
	back = hold_case_written(&c, off, PATCH, "{\"serve\":null}");
	expect_stored(back, d);
	definition_unref(off);
	definition_unref(back);
}

START_TEST(test_toggle_when_walked_at_random_then_always_lossless)
{
	struct random random;

	random_seed(&random, 20261127);
	for (int walk = 0; walk < WALKS; walk++) {
		struct definition *d = hold_case_written(&c, NULL, PUT, RULES);

		for (int i = 0; i < STEPS; i++) {
			struct definition *next = NULL;
			const char *step =
			    steps[random_below(&random, COUNT(steps))];

			if (hold_case_try(&c, d, PATCH, step, &next) ==
			    STATUS_OK) {
				definition_unref(d);
				d = next;
			}
			expect_plain(d);
		}
		expect_lossless(d);
		expect_reversible(d);
		definition_unref(d);
		arena_reset(&c.arena);
	}
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc,
		       test_held_when_served_then_a_plain_flag_for_all_others);
	tcase_add_test(
	    tc,
	    test_held_when_recompiled_then_still_a_reference_and_no_program);
	tcase_add_test(
	    tc,
	    test_serve_when_the_rule_is_broken_then_it_is_served_all_the_same);
	tcase_add_test(
	    tc, test_serve_when_the_rule_has_an_old_number_then_to_and_fro);
	tcase_add_test(
	    tc, test_serve_when_at_the_limits_then_it_is_served_all_the_same);
	tcase_add_test(tc, test_served_when_asked_then_since_and_by);
	tcase_add_loop_test(
	    tc,
	    test_load_when_an_older_release_wrote_then_what_is_written_is_served,
	    0, COUNT(overwritten));
	tcase_add_test(tc,
		       test_later_members_when_held_then_they_go_to_and_fro);
	tcase_add_test(tc,
		       test_toggle_when_walked_at_random_then_always_lossless);
}

int
main(void)
{
	return suite_main("wire/held", add);
}
