/*
 * Short forms on top of what is there: one part of a rule is written, the
 * others stay, and nothing goes that was not said. How a single document is
 * read stands in tests/cases/wire (sugar_…).
 */
#include <check.h>
#include <string.h>

#include "hold_case.h"
#include "suite.h"
#include "unit/wire_case.h"
#include "wire/definition.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

#define SWITCH                                                                 \
	"\"variants\":{\"on\":true,\"off\":false},\"defaultVariant\":\"off\""
#define REF "{\"$ref\":\"staff\"}"
#define TEN "{\"fractional\":[[\"on\",10],[\"off\",90]]}"
#define RULE(logic) "{" SWITCH ",\"targeting\":" logic "}"

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

static const struct {
	const char *before;
	const char *patch;
	const char *targeting; /* NULL: none */
} kept[] = {
	{ "{" SWITCH "}", "{\"rollout\":10}", TEN },
	{ "{" SWITCH "}", "{\"rollout\":{\"on\":10}}", TEN },
	{ RULE(TEN), "{\"rollout\":{\"on\":20}}",
	  "{\"fractional\":[[\"on\",20],[\"off\",80]]}" },
	/* What 0.3 made of weights. */
	{ RULE("{\"fractional\":[[\"on\",1],[\"off\",3]]}"), "{\"rollout\":10}",
	  TEN },
	/* The share changes, the rules stay. */
	{ RULE("{\"if\":[" REF ",\"on\"]}"), "{\"rollout\":10}",
	  "{\"if\":[" REF ",\"on\"," TEN "]}" },
	{ RULE("{\"if\":[" REF ",\"on\"," TEN "]}"),
	  "{\"rollout\":{\"on\":20}}",
	  "{\"if\":[" REF
	  ",\"on\",{\"fractional\":[[\"on\",20],[\"off\",80]]}]}" },
	{ RULE("{\"if\":[" REF "," TEN "]}"), "{\"rollout\":{\"on\":10}}",
	  "{\"if\":[" REF "," TEN "," TEN "]}" },
	{ RULE("{\"if\":[{\"!\":[" REF "]},\"on\",{\"==\":[{\"var\":\"a\"},1]},"
	       "\"off\"]}"),
	  "{\"rollout\":10}",
	  "{\"if\":[{\"!\":[" REF "]},\"on\",{\"==\":[{\"var\":\"a\"},1]},"
	  "\"off\"," TEN "]}" },
	{ RULE("{\"if\":[" REF ",\"on\"," TEN "]}"), "{\"rollout\":null}",
	  "{\"if\":[" REF ",\"on\"]}" },
	{ RULE(TEN), "{\"rollout\":null}", NULL },
	/* And the other way round. */
	{ RULE(TEN),
	  "{\"rules\":[{\"if\":{\"op\":\"segment\",\"value\":\"staff\"},"
	  "\"serve\":\"on\"}]}",
	  "{\"if\":[" REF ",\"on\"," TEN "]}" },
	{ RULE("{\"if\":[" REF ",\"off\"," TEN "]}"),
	  "{\"rules\":[{\"if\":{\"op\":\"segment\",\"value\":\"staff\"},"
	  "\"rollout\":10}]}",
	  "{\"if\":[" REF "," TEN "," TEN "]}" },
	{ RULE("{\"if\":[" REF ",\"off\"," TEN "]}"), "{\"rules\":[]}", TEN },
	{ RULE("{\"if\":[" REF ",\"off\"," TEN "]}"), "{\"rules\":null}", TEN },
	/* Both: all of the rule is said. */
	{ RULE("{\"if\":[" REF ",\"on\",\"off\"]}"),
	  "{\"rules\":[],\"rollout\":10}", TEN },
	{ RULE("{\"if\":[" REF ",\"on\",\"off\"]}"),
	  "{\"rules\":[{\"if\":{\"op\":\"segment\",\"value\":\"staff\"},"
	  "\"serve\":\"off\"}],\"rollout\":null}",
	  "{\"if\":[" REF ",\"off\"]}" },
	/* The rest goes to the default that the same request makes. */
	{ "{" SWITCH "}",
	  "{\"defaultVariant\":\"on\",\"rollout\":{\"off\":10}}",
	  "{\"fractional\":[[\"off\",10],[\"on\",90]]}" },
	{ "{" SWITCH "}",
	  "{\"variants\":{\"beta\":true},\"rollout\":{\"beta\":10,\"on\":20}}",
	  "{\"fractional\":[[\"beta\",10],[\"on\",20],[\"off\",70]]}" },
};

/* Is the member of the value that text, or not there? */
static void
check_member(const struct value *value, const char *name, const char *text)
{
	const struct value *member = value_get(value, name);
	struct value wanted;

	if (text == NULL) {
		ck_assert(member == NULL || (member->type == VALUE_OBJECT &&
					     member->object.count == 0));
		return;
	}
	wanted = wire_case_value(&c.arena, text);
	ck_assert_ptr_nonnull(member);
	ck_assert(value_equal(member, &wanted));
}

/* The toggle behind the requests; each is given a new arena's worth of it. */
static struct value
patched(const char *before, const char *first, const char *second)
{
	struct definition *toggle = hold_case_written(&c, NULL, PUT, before);
	const char *const patches[] = { first, second };
	struct definition *after;
	struct value value;

	for (size_t i = 0; i < 2 && patches[i] != NULL; i++) {
		after = hold_case_written(&c, toggle, PATCH, patches[i]);
		definition_unref(toggle);
		toggle = after;
	}
	ck_assert_int_eq(definition_value(toggle, &c.arena, &value, &c.err),
			 STATUS_OK);
	definition_unref(toggle);
	return value;
}

START_TEST(test_patch_when_one_part_is_written_then_the_other_stays)
{
	const struct value after =
	    patched(kept[_i].before, kept[_i].patch, NULL);

	check_member(&after, "targeting", kept[_i].targeting);
}
END_TEST

/* While a variant is served by hand all of it goes to what is held. */
START_TEST(test_patch_when_served_by_hand_then_what_is_held_keeps_the_other)
{
	const struct value after =
	    patched(kept[_i].before, "{\"serve\":\"on\"}", kept[_i].patch);
	const struct value *held = value_get(&after, "held");

	check_member(&after, "targeting", NULL);
	check_member(&after, "serve", "\"on\"");
	check_member(held, "targeting", kept[_i].targeting);
}
END_TEST

static const struct {
	const char *before;
	const char *patch;
	const char *pointer;
	const char *part; /* of what is said */
} lost[] = {
	{ RULE("{\"if\":[" REF ",\"on\",\"off\"]}"), "{\"rollout\":10}",
	  "/rollout", "'targeting'" },
	{ RULE("{\"if\":[" REF ",{\"if\":[" REF ",\"on\"]}]}"),
	  "{\"rollout\":{\"on\":10}}", "/rollout", "'rules'" },
	{ RULE(
	      "{\"fractional\":[{\"var\":\"team\"},[\"on\",10],[\"off\",90]]}"),
	  "{\"rollout\":10}", "/rollout", "'rules'" },
	{ RULE("{\"fractional\":[[\"on\"],[\"off\"]]}"), "{\"rollout\":10}",
	  "/rollout", "'rules'" },
	{ RULE("{\"if\":" REF "}"), "{\"rollout\":null}", "/rollout",
	  "'rules'" },
	{ RULE("{\"if\":[" REF "]}"), "{\"rollout\":10}", "/rollout",
	  "'rules'" },
	{ RULE("{\"var\":\"variant\"}"), "{\"rules\":[]}", "/rules",
	  "'rollout'" },
	{ RULE("{\"if\":[" REF ",\"on\",\"off\"]}"), "{\"rules\":null}",
	  "/rules", "'rollout'" },
	{ "{" SWITCH "}", "{\"value\":true}", "/value", "'on' and 'off'" },
	{ "{\"variants\":{\"value\":1,\"b\":2}}", "{\"value\":3}", "/value",
	  "'defaultVariant'" },
};

START_TEST(test_patch_when_something_unsaid_would_be_lost_then_refused)
{
	struct definition *before =
	    hold_case_written(&c, NULL, PUT, lost[_i].before);
	struct definition *after = NULL;

	ck_assert_int_eq(
	    hold_case_try(&c, before, PATCH, lost[_i].patch, &after),
	    STATUS_INVALID);
	ck_assert_str_eq(c.err.places[0].pointer, lost[_i].pointer);
	ck_assert_ptr_nonnull(strstr(c.err.places[0].detail, lost[_i].part));
	/* A whole definition says all of it. */
	if (strstr(lost[_i].patch, "null") == NULL)
		ck_assert_int_eq(
		    hold_case_try(&c, before, PUT, lost[_i].patch, &after),
		    STATUS_OK);
	definition_unref(after);
	definition_unref(before);
}
END_TEST

START_TEST(test_value_when_it_is_the_only_variant_then_changed)
{
	const struct value after =
	    patched("{\"value\":1,\"owner\":\"o\"}", "{\"value\":2}", NULL);

	check_member(&after, "variants", "{\"value\":2}");
	check_member(&after, "defaultVariant", "\"value\"");
	check_member(&after, "owner", "\"o\"");
}
END_TEST

static void
add(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(
	    tcase, test_patch_when_one_part_is_written_then_the_other_stays, 0,
	    COUNT(kept));
	tcase_add_loop_test(
	    tcase,
	    test_patch_when_served_by_hand_then_what_is_held_keeps_the_other, 0,
	    COUNT(kept));
	tcase_add_loop_test(
	    tcase, test_patch_when_something_unsaid_would_be_lost_then_refused,
	    0, COUNT(lost));
	tcase_add_test(tcase,
		       test_value_when_it_is_the_only_variant_then_changed);
}

int
main(void)
{
	return suite_main("wire/sugar", add);
}
