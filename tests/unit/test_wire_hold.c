/*
 * A variant that is served by hand: what each request makes of it, from what
 * stands. How a single document is read stands in tests/cases/wire (hold_…).
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "hold_case.h"
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

static const struct {
	const char *before; /* that was PUT; NULL: nothing was there */
	enum hold_verb verb;
	const char *request;
	const char *stored;
} changes[] = {
	/* It comes and goes. */
	{ RULES, PATCH, "{\"serve\":\"off\"}",
	  "\"owner\":\"o\",\"serve\":\"off\"," HELD
	  "," BY("43", "bob") ",\"state\":\"ENABLED\"," BOTH
			      ",\"defaultVariant\":\"off\"" },
	{ SERVED, PATCH, "{\"serve\":\"on\"}",
	  "\"owner\":\"o\",\"serve\":\"on\"," HELD
	  "," BY("43", "bob") ",\"state\":\"ENABLED\"," BOTH
			      ",\"defaultVariant\":\"on\"" },
	{ SERVED, PATCH, "{\"serve\":\"off\"}", OFF },
	{ SERVED, PATCH, "{\"serve\":null}", BY_RULES },
	{ SERVED, PATCH, "{\"serve\":null,\"held\":null}", BY_RULES },
	{ RULES, PATCH, "{\"serve\":null}", BY_RULES },
	{ NULL, PATCH, "{\"serve\":\"on\"}",
	  "\"serve\":\"on\",\"held\":{\"defaultVariant\":\"off\"}," BY(
	      "42", "alice") ",\"state\":\"ENABLED\"," BOTH
			     ",\"defaultVariant\":\"on\"" },
	/* So does the word for it. */
	{ SERVED, PATCH, "{\"enabled\":false}", OFF },
	{ SERVED, PATCH, "{\"enabled\":true}", BY_RULES },
	{ "{\"state\":\"DISABLED\"}", PATCH, "{\"enabled\":true}",
	  "\"state\":\"ENABLED\"," BOTH ",\"defaultVariant\":\"off\"" },
	{ "{\"variants\":{\"a\":true,\"b\":false},\"defaultVariant\":\"a\"}",
	  PATCH, "{\"enabled\":false}",
	  "\"serve\":\"b\",\"held\":{\"defaultVariant\":\"a\"}," BY(
	      "43", "bob") ",\"state\":\"ENABLED\",\"variants\":{\"a\":true,"
			   "\"b\":false},\"defaultVariant\":\"b\"" },
	{ "{\"variants\":{\"a\":1,\"off\":0},\"defaultVariant\":\"a\"}", PATCH,
	  "{\"enabled\":false}",
	  "\"serve\":\"off\",\"held\":{\"defaultVariant\":\"a\"}," BY(
	      "43", "bob") ",\"state\":\"ENABLED\",\"variants\":{\"a\":1,"
			   "\"off\":0},\"defaultVariant\":\"off\"" },
	/* What was disabled is enabled, and will be disabled again. */
	{ "{\"state\":\"DISABLED\",\"defaultVariant\":\"on\"}", PATCH,
	  "{\"serve\":\"off\"}",
	  "\"serve\":\"off\",\"held\":{\"state\":\"DISABLED\","
	  "\"defaultVariant\":\"on\"}," BY(
	      "43", "bob") ",\"state\":\"ENABLED\"," BOTH
			   ",\"defaultVariant\":\"off\"" },
	{ "{\"serve\":\"off\",\"held\":{\"state\":\"DISABLED\"}}", PATCH,
	  "{\"serve\":null}", "\"state\":\"DISABLED\"," BOTH },
	{ "{\"serve\":\"off\",\"held\":{\"state\":\"DISABLED\"}}", PATCH,
	  "{\"serve\":null,\"state\":\"ENABLED\"}",
	  "\"state\":\"ENABLED\"," BOTH },
	{ "{\"serve\":\"off\",\"held\":{\"state\":\"DISABLED\"}}", PATCH,
	  "{\"enabled\":true}", "\"state\":\"ENABLED\"," BOTH },
	/* Disabled goes first, and the hold stands beside it. */
	{ SERVED, PATCH, "{\"state\":\"DISABLED\"}",
	  "\"owner\":\"o\",\"serve\":\"off\"," HELD
	  "," BY("42", "alice") ",\"state\":\"DISABLED\"," BOTH
				",\"defaultVariant\":\"off\"" },
	{ "{\"serve\":\"off\",\"held\":{},\"state\":\"DISABLED\"}", PATCH,
	  "{\"state\":\"ENABLED\"}",
	  "\"serve\":\"off\",\"held\":{}," BY(
	      "42", "alice") ",\"state\":\"ENABLED\"," BOTH
			     ",\"defaultVariant\":\"off\"" },
	{ "{\"serve\":\"off\",\"held\":{},\"state\":\"DISABLED\"}", PATCH,
	  "{\"serve\":null}", "\"state\":\"DISABLED\"," BOTH },
	{ "{\"serve\":\"on\",\"held\":{},\"state\":\"DISABLED\"}", PATCH,
	  "{\"serve\":\"off\"}",
	  "\"serve\":\"off\",\"held\":{\"state\":\"DISABLED\"}," BY(
	      "43", "bob") ",\"state\":\"ENABLED\"," BOTH
			   ",\"defaultVariant\":\"off\"" },
	/* What is written of the rules is held. */
	{ SERVED, PATCH, "{\"targeting\":" STAFF "}",
	  "\"owner\":\"o\",\"serve\":\"off\",\"held\":{\"defaultVariant\":"
	  "\"on\",\"targeting\":" STAFF
	  "}," BY("42", "alice") ",\"state\":\"ENABLED\"," BOTH
				 ",\"defaultVariant\":\"off\"" },
	{ SERVED, PATCH, "{\"targeting\":null,\"defaultVariant\":null}",
	  "\"owner\":\"o\",\"serve\":\"off\",\"held\":{}," BY(
	      "42", "alice") ",\"state\":\"ENABLED\"," BOTH
			     ",\"defaultVariant\":\"off\"" },
	{ SERVED, PATCH,
	  "{\"defaultVariant\":\"off\",\"rollout\":{\"on\":1},\"rules\":[]}",
	  "\"owner\":\"o\",\"serve\":\"off\",\"held\":{\"defaultVariant\":"
	  "\"off\",\"targeting\":{\"fractional\":[[\"on\",1],[\"off\",99]]}}"
	  "," BY("42", "alice") ",\"state\":\"ENABLED\"," BOTH
				",\"defaultVariant\":\"off\"" },
	{ RULES, PATCH, "{\"serve\":\"off\",\"defaultVariant\":\"off\"}",
	  "\"owner\":\"o\",\"serve\":\"off\",\"held\":{\"defaultVariant\":"
	  "\"off\",\"targeting\":" GOLD
	  "}," BY("43", "bob") ",\"state\":\"ENABLED\"," BOTH
			       ",\"defaultVariant\":\"off\"" },
	{ SERVED, PATCH, "{\"serve\":null,\"defaultVariant\":\"off\"}",
	  "\"owner\":\"o\",\"state\":\"ENABLED\"," BOTH
	  ",\"defaultVariant\":\"off\",\"targeting\":" GOLD },
	/* The rest of it is as ever. */
	{ SERVED, PATCH, "{\"owner\":\"p\",\"variants\":{\"x\":true}}",
	  "\"owner\":\"p\",\"serve\":\"off\"," HELD
	  "," BY("42", "alice") ",\"state\":\"ENABLED\",\"variants\":{\"on\":"
				"true,\"off\":false,\"x\":true},"
				"\"defaultVariant\":\"off\"" },
	/* With `held` all is taken as it stands. */
	{ RULES, PATCH, "{\"serve\":\"on\",\"held\":{\"targeting\":" STAFF "}}",
	  "\"owner\":\"o\",\"serve\":\"on\",\"held\":{\"targeting\":" STAFF
	  "}," BY("43", "bob") ",\"state\":\"ENABLED\"," BOTH
			       ",\"defaultVariant\":\"on\"" },
	{ SERVED, PATCH,
	  "{\"serve\":\"off\",\"held\":{},\"state\":\"DISABLED\"}",
	  "\"owner\":\"o\",\"serve\":\"off\",\"held\":{}," BY(
	      "42", "alice") ",\"state\":\"DISABLED\"," BOTH
			     ",\"defaultVariant\":\"off\"" },
	/* A document without it replaces all. */
	{ SERVED, PUT, RULES, BY_RULES },
	{ RULES, PUT, SERVED,
	  "\"owner\":\"o\",\"serve\":\"off\"," HELD
	  "," BY("43", "bob") ",\"state\":\"ENABLED\"," BOTH
			      ",\"defaultVariant\":\"off\"" },
	/* A flag that is what is served was read. */
	{ SERVED, FLAG,
	  "{\"state\":\"ENABLED\"," BOTH ",\"defaultVariant\":\"off\"}", OFF },
	{ SERVED, FLAG,
	  "{" BOTH ",\"defaultVariant\":\"off\",\"targeting\":{},"
	  "\"metadata\":{\"a\":1}}",
	  OFF ",\"metadata\":{\"a\":1}" },
	/* Another one is what is held; a kill switch is not lifted by it. */
	{ SERVED, FLAG,
	  "{\"state\":\"ENABLED\"," BOTH
	  ",\"defaultVariant\":\"off\",\"targeting\":" STAFF "}",
	  "\"owner\":\"o\",\"serve\":\"off\",\"held\":{\"defaultVariant\":"
	  "\"off\",\"targeting\":" STAFF
	  "}," BY("42", "alice") ",\"state\":\"ENABLED\"," BOTH
				 ",\"defaultVariant\":\"off\"" },
	{ SERVED, FLAG, "{" BOTH ",\"defaultVariant\":\"on\"}",
	  "\"owner\":\"o\",\"serve\":\"off\",\"held\":{\"defaultVariant\":"
	  "\"on\"}," BY("42", "alice") ",\"state\":\"ENABLED\"," BOTH
				       ",\"defaultVariant\":\"off\"" },
	{ SERVED, FLAG,
	  "{\"state\":\"DISABLED\"," BOTH ",\"defaultVariant\":\"off\"}",
	  "\"owner\":\"o\",\"serve\":\"off\",\"held\":{\"defaultVariant\":"
	  "\"off\"}," BY("42", "alice") ",\"state\":\"DISABLED\"," BOTH
					",\"defaultVariant\":\"off\"" },
	{ "{\"serve\":\"off\",\"held\":{\"state\":\"DISABLED\"}}", FLAG,
	  "{" BOTH ",\"defaultVariant\":\"on\"}",
	  "\"serve\":\"off\",\"held\":{\"defaultVariant\":\"on\"}," BY(
	      "42", "alice") ",\"state\":\"ENABLED\"," BOTH
			     ",\"defaultVariant\":\"off\"" },
	{ SERVED, FLAG, "{\"serve\":null," BOTH ",\"defaultVariant\":\"on\"}",
	  "\"owner\":\"o\",\"state\":\"ENABLED\"," BOTH
	  ",\"defaultVariant\":\"on\"" },
	{ RULES, FLAG, "{" BOTH ",\"defaultVariant\":\"on\"}",
	  "\"owner\":\"o\",\"state\":\"ENABLED\"," BOTH
	  ",\"defaultVariant\":\"on\"" },
	/* A rollback brings it as it was. */
	{ RULES, ROLLBACK, "{" OFF "}", OFF },
};

START_TEST(test_change_when_made_then_stored_is_as_expected)
{
	struct definition *before = NULL;
	struct definition *after;

	if (changes[_i].before != NULL)
		before = hold_case_written(&c, NULL, PUT, changes[_i].before);
	after = hold_case_written(&c, before, changes[_i].verb,
				  changes[_i].request);
	ck_assert_msg(string_is(after->stored, changes[_i].stored),
		      "%s\n%s\nis  %.*s", changes[_i].request,
		      changes[_i].stored, (int)after->stored.length,
		      after->stored.data);
	definition_unref(before);
	definition_unref(after);
}
END_TEST

static const struct {
	const char *before;
	enum hold_verb verb;
	const char *request;
	const char *pointer;
	const char *says;
} refused[] = {
	{ RULES, PATCH, "{\"serve\":\"of\"}", "/serve", "'on' and 'off'" },
	{ RULES, PATCH, "{\"serve\":1}", "/serve", "integer" },
	{ RULES, PATCH, "{\"serve\":\"off\",\"state\":\"DISABLED\"}", "/state",
	  "'serve'" },
	{ SERVED, PATCH, "{\"serve\":\"off\",\"state\":\"ENABLED\"}", "/state",
	  "'serve'" },
	{ SERVED, PATCH, "{\"serve\":\"off\",\"enabled\":true}", "/enabled",
	  "'serve'" },
	{ SERVED, PATCH, "{\"variants\":{\"off\":null}}", "/serve", "'on'" },
	{ SERVED, PATCH, "{\"variants\":{\"on\":null}}", "/held/defaultVariant",
	  "'off'" },
	{ "{" BOTH ",\"targeting\":" GOLD ",\"serve\":\"off\"}", PATCH,
	  "{\"variants\":{\"on\":null}}", "/held/targeting/if/1", "on" },
	{ SERVED, PATCH, "{\"defaultVariant\":\"x\"}", "/defaultVariant",
	  "'on' and 'off'" },
	{ SERVED, PATCH, "{\"defaultVariant\":1}", "/defaultVariant",
	  "integer" },
	{ SERVED, PATCH, "{\"targeting\":{\"bad\":[]}}", "/targeting/bad",
	  "operator" },
	{ SERVED, PATCH, "{\"targeting\":1}", "/targeting", "object" },
	{ SERVED, PATCH, "{\"targeting\":{\"if\":[{\"$ref\":\"x\"},\"on\"]}}",
	  "/targeting/if/0/$ref", "segment" },
	{ SERVED, PATCH, "{\"rollout\":{\"x\":1},\"rules\":[]}",
	  "/targeting/fractional/0/0", "x" },
	{ SERVED, PATCH, "{\"rollout\":{\"on\":1}}", "/rollout", "'rules'" },
	{ SERVED, PATCH, "{\"held\":null}", "/held", "serve" },
	{ SERVED, PATCH, "{\"held\":{}}", "/held", "serve" },
	{ SERVED, PATCH, "{\"serve\":\"on\",\"held\":null}", "/held", "serve" },
	{ SERVED, PATCH, "{\"serve\":null,\"held\":{}}", "/held", "serve" },
	{ SERVED, PATCH, "{\"serve\":\"off\",\"held\":{\"rule\":1}}",
	  "/held/rule", "unknown" },
	{ SERVED, PATCH, "{\"held\":{},\"enabled\":true}", "/enabled", "held" },
	{ SERVED, PATCH, "{\"servedSinc\":1}", "/servedSinc", "servedSince" },
	{ SERVED, FLAG,
	  "{\"variants\":{\"on\":true},\"defaultVariant\":\"on\"}", "/serve",
	  "'on'" },
	{ "{\"value\":1}", PATCH, "{\"enabled\":false}", "/enabled",
	  "there is 'value'" },
};

START_TEST(test_change_when_it_cannot_be_then_pointer_and_reason)
{
	struct definition *before =
	    hold_case_written(&c, NULL, PUT, refused[_i].before);
	struct definition *after = NULL;

	ck_assert_int_eq(hold_case_try(&c, before, refused[_i].verb,
				       refused[_i].request, &after),
			 STATUS_INVALID);
	ck_assert_str_eq(c.err.places[0].pointer, refused[_i].pointer);
	ck_assert_msg(strstr(c.err.places[0].detail, refused[_i].says) != NULL,
		      "%s", c.err.places[0].detail);
	definition_unref(before);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc,
			    test_change_when_made_then_stored_is_as_expected, 0,
			    COUNT(changes));
	tcase_add_loop_test(
	    tc, test_change_when_it_cannot_be_then_pointer_and_reason, 0,
	    COUNT(refused));
}

int
main(void)
{
	return suite_main("wire/hold", add);
}
