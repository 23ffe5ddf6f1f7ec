#include "form.h"

#include <string.h>

#include "base/clock.h"
#include "eval/program.h"
#include "exact.h"
#include "model/token.h"
#include "wire/json.h"

void
form_init(struct form *form, enum kind kind, struct string key)
{
	*form = (struct form){ .stamp = NULL };
	form->parts.kind = kind;
	form->parts.key = key;
	form->parts.default_variant = -1;
	form->parts.program_free = program_free;
	bytes_init(&form->values);
	bytes_init(&form->text);
}

void
form_fini(struct form *form)
{
	bytes_fini(&form->values);
	bytes_fini(&form->text);
	program_free(form->parts.program);
	token_free(form->parts.token);
}

void
form_begin(struct form *form, const char *name)
{
	struct bytes *text = &form->text;

	bytes_reserve(text, form->trusted.length + 256);
	bytes_append_str(text, "{\"");
	bytes_append_str(text, name);
	bytes_append_str(text, "\":");
	value_encode_string(form->parts.key.data, form->parts.key.length, text);
	bytes_append_char(text, ',');
}

void
form_begin_stored(struct form *form)
{
	form->stored = form->text.length;
	form->core = form->text.length;
}

void
form_put_trusted(struct form *form)
{
	bytes_append(&form->text, form->trusted.data, form->trusted.length);
}

void
form_end(struct form *form)
{
	struct bytes *text = &form->text;
	char at[CLOCK_TEXT_BYTES];

	form->stored_length = text->length - form->stored;
	if (form->core_length == 0)
		form->core_length = text->length - form->core;
	clock_format(form->stamp->at_ms, at);
	bytes_append_str(text, ",\"revision\":");
	bytes_append_int(text, form->stamp->revision);
	bytes_append_str(text, ",\"updatedAt\":\"");
	bytes_append_str(text, at);
	bytes_append_str(text, "\",\"updatedBy\":");
	value_encode_string(form->stamp->actor.data, form->stamp->actor.length,
			    text);
	bytes_append_char(text, '}');
}

bool
form_keep_later(struct form *form, const struct member *member)
{
	const struct value *stored = form->scope->stored;
	const struct value *same =
	    stored == NULL ? NULL : value_get(stored, member->name.data);

	if (form->trusted.length == 0 &&
	    (same == NULL || !value_equal(same, &member->value)))
		return false;
	form->parts.has_later = true;
	return true;
}

bool
form_known_members(struct form *form, const struct value *json,
		   const char *const *names)
{
	struct value refused = *json;
	size_t count = 0;

	if (json->type != VALUE_OBJECT)
		return true;
	refused.object.members = arena_alloc(
	    form->scratch, (json->object.count + 1) * sizeof(struct member));
	for (size_t i = 0; i < json->object.count; i++) {
		const struct member *member = &json->object.members[i];

		if (!json_is_listed(names, member->name) &&
		    form_keep_later(form, member))
			continue;
		refused.object.members[count++] = *member;
	}
	refused.object.count = count;
	return json_known_members(&refused, names, form->scope->pointer,
				  form->scratch, form->err);
}

void
form_put_later(const struct value *json, const char *const *names,
	       struct bytes *text)
{
	for (size_t i = 0; i < json->object.count; i++) {
		const struct member *member = &json->object.members[i];

		if (json_is_listed(names, member->name))
			continue;
		bytes_append_char(text, ',');
		value_encode_string(member->name.data, member->name.length,
				    text);
		bytes_append_char(text, ':');
		value_encode(&member->value, text);
	}
}

struct definition *
form_take(struct form *form)
{
	struct definition *parts = &form->parts;
	struct definition *definition;

	parts->revision = form->stamp->revision;
	parts->text = (struct string){ form->text.data, form->text.length };
	parts->stored = (struct string){ form->text.data + form->stored,
					 form->stored_length };
	if (form->apart.length > 0)
		parts->stored = form->apart;
	parts->core =
	    (struct string){ form->text.data + form->core, form->core_length };
	definition = definition_new(parts);
	parts->program = NULL;
	parts->token = NULL;
	return definition;
}

struct string
form_object_text(struct form *form, const struct value *object)
{
	struct bytes bytes;
	struct string text = { NULL, 0 };

	if (object == NULL || object->type != VALUE_OBJECT ||
	    object->object.count == 0)
		return text;
	bytes_init(&bytes);
	value_encode(object, &bytes);
	text.length = bytes.length;
	text.data = arena_copy(form->scratch, bytes.data, bytes.length);
	bytes_fini(&bytes);
	return text;
}

size_t
form_find_member(struct string stored, const char *name)
{
	size_t length = strlen(name);
	size_t depth = 0;
	size_t i = 0;

	while (i < stored.length) {
		char c = stored.data[i];

		if (c == '"') {
			if (depth == 0 && stored.length - i >= length &&
			    memcmp(stored.data + i, name, length) == 0)
				return i;
			for (i++; i < stored.length && stored.data[i] != '"';
			     i++)
				i += stored.data[i] == '\\';
		}
		depth += c == '[' || c == '{';
		depth -= depth > 0 && (c == ']' || c == '}');
		i++;
	}
	return 0;
}

/* Places without a failure: for the person who imports. */
static void
add_places(const struct error *from, struct error *err)
{
	if (err == NULL)
		return;
	for (size_t i = 0; i < from->place_count; i++) {
		if (err->place_count < ERROR_PLACES_MAX && i < ERROR_PLACES_MAX)
			err->places[err->place_count] = from->places[i];
		err->place_count++;
	}
}

/* Compile a rule of the toggle that stands in `pointer`. Lenient: its faults
 * are only noted. */
static enum status
compile(struct form *form, const struct value *rule, const char *pointer,
	bool lenient, struct program **out)
{
	const struct definition_scope *scope = form->scope;
	struct definition *parts = &form->parts;
	struct program_source source = {
		.targeting = rule,
		.key = parts->key,
		.segment = scope->segment,
		.ctx = scope->ctx,
		.variant_count = parts->variant_count,
	};
	struct string *names =
	    arena_zalloc(form->scratch, parts->variant_count, sizeof(*names));
	struct error faults;
	enum status status;

	for (size_t i = 0; i < parts->variant_count; i++)
		names[i] = parts->variants[i].name;
	source.variants = names;
	source.pointer = json_pointer(form->scratch, pointer, "targeting",
				      strlen("targeting"));
	if (!lenient)
		return program_compile(&source, out, form->err);

	error_init(&faults);
	status = program_compile(&source, out, &faults);
	if (status == STATUS_OK)
		return status;
	add_places(&faults, form->err);
	source.lenient = true;
	return program_compile(&source, out, form->err);
}

void
form_set_references(struct form *form, const struct value *rule)
{
	struct definition *parts = &form->parts;
	size_t count = rule_references(rule, NULL, 0);

	if (count == 0)
		return;
	parts->references =
	    arena_zalloc(form->scratch, count, sizeof(*parts->references));
	parts->reference_count =
	    rule_references(rule, parts->references, count);
}

enum status
form_set_targeting(struct form *form, const struct value *targeting)
{
	if (targeting == NULL || targeting->object.count == 0)
		return STATUS_OK;
	form_set_references(form, targeting);
	return compile(form, targeting, form->scope->pointer,
		       form->scope->lenient, &form->parts.program);
}

enum status
form_check_held(struct form *form, const struct value *rule,
		const char *pointer, bool strict)
{
	struct program *program = NULL;
	enum status status;

	/* Nobody wrote it now, and nobody is told. */
	if (!strict && !form->scope->lenient)
		return STATUS_OK;
	status = compile(form, rule, pointer, form->scope->lenient, &program);
	program_free(program);
	return status;
}

static enum status
find_faults(const struct form *form, const struct value *rule,
	    struct error *err)
{
	struct program_source source = {
		.targeting = rule,
		.key = form->parts.key,
		.pointer = form->scope->pointer,
	};
	struct program *program = NULL;
	enum status status;

	/* Such an object is data, and true for everybody. */
	if (rule->object.count > 1)
		return error_at(err, form->scope->pointer,
				"a rule is an object with one operator, not "
				"with %zu members",
				rule->object.count);
	if (rule_references(rule, NULL, 0) > 0)
		return error_at(err, form->scope->pointer,
				"a segment cannot refer to segments");
	status = program_compile(&source, &program, err);
	program_free(program);
	return status;
}

enum status
form_check_rule(struct form *form, const struct value *rule)
{
	struct error faults;

	if (rule->type != VALUE_OBJECT)
		return error_at(form->err, form->scope->pointer,
				"a segment's rule is an object, not %s",
				value_type_name(rule));
	if (!exact_check_new(form->scope, NULL, rule, form->scope->pointer,
			     form->scratch, form->err))
		return STATUS_INVALID;
	if (!form->scope->lenient)
		return find_faults(form, rule, form->err);
	error_init(&faults);
	if (find_faults(form, rule, &faults) != STATUS_OK)
		add_places(&faults, form->err);
	return STATUS_OK;
}
