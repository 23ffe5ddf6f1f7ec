#include "eval/path.h"

#include <string.h>

#include "eval/machine.h"

#define STRING(literal) ((struct string){ (literal), sizeof(literal) - 1 })

/* Cut the first name off `path`. */
static struct string
next_name(struct string *path)
{
	const char *dot = memchr(path->data, '.', path->length);
	struct string name = *path;

	if (dot == NULL) {
		*path = (struct string){ NULL, 0 };
		return name;
	}
	name.length = (size_t)(dot - path->data);
	path->data += name.length + 1;
	path->length -= name.length + 1;
	return name;
}

static const struct value *
find_item(const struct value *array, struct string name)
{
	size_t index = 0;

	if (name.length == 0 || name.length > 9)
		return NULL;
	for (size_t i = 0; i < name.length; i++) {
		if (name.data[i] < '0' || name.data[i] > '9')
			return NULL;
		index = index * 10 + (size_t)(name.data[i] - '0');
	}
	return index < array->array.count ? &array->array.items[index] : NULL;
}

static const struct value *
find_member(struct machine *machine, const struct value *in, struct string name)
{
	if (in->type == VALUE_OBJECT) {
		machine_spend(machine, in->object.count, 8);
		return value_get_n(in, name.data, name.length);
	}
	if (in->type == VALUE_ARRAY)
		return find_item(in, name);
	return NULL;
}

/* The attribute "$flagd", made when it is first asked for. */
static const struct value *
flagd(struct machine *machine)
{
	struct eval_scratch *scratch = machine->scratch;

	scratch->flagd[0].name = STRING("flagKey");
	scratch->flagd[0].value = value_string(machine->program->key);
	scratch->flagd[1].name = STRING("timestamp");
	scratch->flagd[1].value = (struct value){
		.type = VALUE_INTEGER,
		.integer = machine->context->now_s,
	};
	scratch->flagd_value = (struct value){
		.type = VALUE_OBJECT,
		.object = { scratch->flagd, 2 },
	};
	return &scratch->flagd_value;
}

/* What the first name of a path stands for. */
static const struct value *
find_first(struct machine *machine, struct string name)
{
	const struct scope *scope = machine->scope;

	if (scope == NULL) {
		if (string_equal(name, STRING(PATH_FLAGD)))
			return flagd(machine);
		if (machine->context->data == NULL)
			return NULL;
		return find_member(machine, machine->context->data, name);
	}
	if (scope->accumulator == NULL)
		return find_member(machine, scope->element, name);
	if (string_equal(name, STRING("current")))
		return scope->element;
	if (string_equal(name, STRING("accumulator")))
		return scope->accumulator;
	return NULL;
}

/* "$flagd" is ours, and so is what it does not have. */
static bool
is_whole_name(const struct machine *machine, struct string path)
{
	static const char ours[] = PATH_FLAGD ".";

	return memchr(path.data, '.', path.length) != NULL &&
	       (machine->scope != NULL || path.length < sizeof(ours) - 1 ||
		memcmp(path.data, ours, sizeof(ours) - 1) != 0);
}

/* Others name attributes with dots in them (OpenTelemetry does); flagd finds
 * nothing there. */
const struct value *
path_find(struct machine *machine, struct string path)
{
	const struct string whole = path;
	const struct value *found = find_first(machine, next_name(&path));

	while (found != NULL && path.data != NULL)
		found = find_member(machine, found, next_name(&path));
	if (found == NULL && whole.length > 0 && is_whole_name(machine, whole))
		found = find_first(machine, whole);
	return found;
}

const struct value *
path_find_slot(struct machine *machine, struct string path, unsigned slot)
{
	struct slot *memory = &machine->scratch->slots[slot];

	if (memory->evaluation != machine->scratch->evaluation) {
		memory->value = path_find(machine, path);
		memory->evaluation = machine->scratch->evaluation;
	}
	return memory->value;
}

static struct value
object(struct machine *machine, const struct member *members, size_t count,
       const struct member *last)
{
	struct member *copy = machine_alloc(machine, count + 1, sizeof(*copy));

	if (copy == NULL)
		return value_null();
	if (count > 0)
		memcpy(copy, members, count * sizeof(*copy));
	copy[count] = *last;
	return (struct value){ .type = VALUE_OBJECT,
			       .object = { copy, count + 1 } };
}

/* The context with its own "$flagd", if it has one, replaced by ours. */
static struct value
whole_context(struct machine *machine)
{
	static const struct value nothing = { .type = VALUE_OBJECT };
	const struct value *data = machine->context->data;
	struct member ours = { STRING(PATH_FLAGD), *flagd(machine) };
	struct value all;

	if (data == NULL)
		data = &nothing;
	if (data->type != VALUE_OBJECT)
		return *data;
	machine_spend(machine, data->object.count, 4);
	all = object(machine, data->object.members, data->object.count, &ours);
	if (all.type == VALUE_OBJECT &&
	    value_get_n(data, ours.name.data, ours.name.length) != NULL) {
		for (size_t i = 0; i < data->object.count; i++) {
			if (string_equal(all.object.members[i].name, ours.name))
				all.object.members[i] = ours;
		}
		all.object.count--;
	}
	return all;
}

struct value
path_all(struct machine *machine)
{
	const struct scope *scope = machine->scope;
	struct member current = { STRING("current"), { 0 } };
	struct member accumulator = { STRING("accumulator"), { 0 } };

	if (scope == NULL)
		return whole_context(machine);
	if (scope->accumulator == NULL)
		return *scope->element;
	current.value = *scope->element;
	accumulator.value = *scope->accumulator;
	return object(machine, &current, 1, &accumulator);
}
