/* A definition that was accepted can be loaded from what is stored of it, and
 * its text can be sent back: both give the same definition. */
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
