/*
 * A definition that was accepted can be loaded from what is stored of it, and
 * its text can be sent back: both give the same definition. Every toggle can be
 * served by hand, whatever its rules are; it is a plain flag then, and by its
 * rules again it is what it was.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/definition.h"
#include "wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct stamp stamp = { 7, 0, { "fuzz", 4 } };
static const struct string key = { "k", 1 };

static void
check_same(enum status status, struct definition *again,
	   const struct definition *first)
{
	if (status != STATUS_OK || strcmp(again->text.data, first->text.data))
		abort();
	definition_unref(again);
}

/* {"serve": name}; length 0: null */
static struct definition *
serve(const struct definition *d, struct string name, struct arena *arena)
{
	const struct definition_scope scope = { .lenient = true,
						.pointer = "" };
	struct member member = { { "serve", 5 }, { .type = VALUE_NULL } };
	struct value patch = { .type = VALUE_OBJECT };
	struct definition *after = NULL;
	struct value value;

	if (name.length > 0)
		member.value =
		    (struct value){ .type = VALUE_STRING, .string = name };
	patch.object.members = &member;
	patch.object.count = 1;
	if (definition_patch(d, &patch, "", arena, &value, NULL) != STATUS_OK ||
	    definition_decode(KIND_TOGGLE, key, &value, &stamp, &scope, arena,
			      &after, NULL) != STATUS_OK)
		abort();
	return after;
}

static void
check_plain(const struct definition *d, struct string name)
{
	if (!d->is_held || !d->enabled || d->program != NULL ||
	    d->default_variant < 0 ||
	    !string_equal(d->variants[d->default_variant].name, name))
		abort();
}

static void
check_hold(const struct definition *first, struct arena *arena)
{
	for (size_t i = 0; i < first->variant_count; i++) {
		const struct string name = first->variants[i].name;
		struct definition *by_hand = serve(first, name, arena);
		struct definition *other, *back;

		check_plain(by_hand, name);
		other = serve(by_hand, first->variants[0].name, arena);
		back = serve(other, (struct string){ "", 0 }, arena);
		if (back->is_held)
			abort();
		/* An empty rule is none. */
		if (!first->is_held &&
		    strstr(first->core.data, "\"targeting\":{}") == NULL &&
		    !string_equal(back->stored, first->stored))
			abort();
		definition_unref(by_hand);
		definition_unref(other);
		definition_unref(back);
	}
}

static void
try_kind(enum kind kind, const struct value *json, struct arena *arena)
{
	struct definition_scope scope = { .lenient = true, .pointer = "" };
	struct definition *first = NULL, *again = NULL;
	struct error err;
	enum status status;
	struct value back;

	error_init(&err);
	if (definition_decode(kind, key, json, &stamp, &scope, arena, &first,
			      &err) != STATUS_OK)
		return;
	status = definition_load(kind, key, first->stored, &stamp, &scope,
				 arena, &again, NULL);
	check_same(status, again, first);
	if (json_decode(first->text.data, first->text.length, NULL, arena,
			&back, NULL) != STATUS_OK)
		abort();
	status = definition_decode(kind, key, &back, &stamp, &scope, arena,
				   &again, NULL);
	check_same(status, again, first);
	if (kind == KIND_TOGGLE)
		check_hold(first, arena);
	definition_unref(first);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct value json;

	arena_init(&arena);
	if (json_decode((const char *)data, size, NULL, &arena, &json, NULL) ==
	    STATUS_OK) {
		for (enum kind kind = 0; kind < KIND_COUNT; kind++)
			try_kind(kind, &json, &arena);
	}
	arena_fini(&arena);
	return 0;
}
