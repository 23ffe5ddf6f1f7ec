#include "exact.h"

#include <string.h>

#include "place.h"

/* The largest integer that a double still tells from its neighbours. */
#define NUMBER_MAX 9007199254740991

static const char sentence[] = "beyond +-(2^53-1), where clients lose digits";

static bool
is_exact_number(const struct value *value)
{
	if (value->type == VALUE_INTEGER)
		return value->integer >= -NUMBER_MAX &&
		       value->integer <= NUMBER_MAX;
	return value->real >= -(double)NUMBER_MAX &&
	       value->real <= (double)NUMBER_MAX;
}

bool
exact_is(const struct value *value)
{
	bool exact = true;

	if (value_is_number(value))
		return is_exact_number(value);
	if (value->type == VALUE_ARRAY) {
		for (size_t i = 0; i < value->array.count && exact; i++)
			exact = exact_is(&value->array.items[i]);
	} else if (value->type == VALUE_OBJECT) {
		for (size_t i = 0; i < value->object.count && exact; i++)
			exact = exact_is(&value->object.members[i].value);
	}
	return exact;
}

static void
report(const struct value *value, const struct place *place,
       struct arena *arena, struct error *err)
{
	struct place below = { .up = place };

	if (value_is_number(value) && !is_exact_number(value))
		(void)place_fault(place, arena, err, sentence);
	if (value->type == VALUE_ARRAY) {
		for (size_t i = 0; i < value->array.count; i++) {
			below.index = i;
			report(&value->array.items[i], &below, arena, err);
		}
	} else if (value->type == VALUE_OBJECT) {
		for (size_t i = 0; i < value->object.count; i++) {
			below.name = value->object.members[i].name;
			report(&value->object.members[i].value, &below, arena,
			       err);
		}
	}
}

bool
exact_check(const struct value *value, const char *pointer, struct arena *arena,
	    struct error *err)
{
	const struct place place = { .name = { pointer, strlen(pointer) } };

	if (exact_is(value))
		return true;
	report(value, &place, arena, err);
	return false;
}

static bool
is_there(const struct value *there, const struct value *value)
{
	return there != NULL && value_equal(there, value);
}

/* A rule moves with what is held. */
static bool
stands_in(const struct value *definition, const char *member,
	  const struct value *value)
{
	const struct value *held;

	if (member == NULL)
		return is_there(definition, value);
	held = value_get(definition, "held");
	return is_there(value_get(definition, member), value) ||
	       (held != NULL && is_there(value_get(held, member), value));
}

bool
exact_check_new(const struct definition_scope *scope, const char *member,
		const struct value *value, const char *pointer,
		struct arena *arena, struct error *err)
{
	struct value before;

	if (exact_is(value))
		return true;
	if (scope->stored != NULL && stands_in(scope->stored, member, value))
		return true;
	if (scope->before != NULL && !scope->before->removed &&
	    definition_value(scope->before, arena, &before, NULL) ==
		STATUS_OK &&
	    stands_in(&before, member, value))
		return true;
	return exact_check(value, pointer, arena, err);
}
