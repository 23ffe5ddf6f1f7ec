#include "wire_case.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/json.h"

struct string
wire_case_read(struct arena *arena, const char *path)
{
	struct string text = { "", 0 };
	struct bytes all;
	char piece[4096];
	size_t got;
	FILE *f = fopen(path, "rb");

	if (f == NULL)
		return text;
	bytes_init(&all);
	while ((got = fread(piece, 1, sizeof(piece), f)) > 0)
		bytes_append(&all, piece, got);
	(void)fclose(f);
	if (all.length > 0 && all.data[all.length - 1] == '\n')
		all.length--;
	text.length = all.length;
	text.data = arena_copy(arena, all.data, all.length);
	bytes_fini(&all);
	return text;
}

void
wire_case_expect(const char *path, const struct bytes *actual)
{
	struct arena arena;
	FILE *f;

	if (getenv("UPDATE_CASES") != NULL) {
		f = fopen(path, "wb");
		ck_assert_ptr_nonnull(f);
		(void)fprintf(f, "%s\n", actual->data);
		(void)fclose(f);
		return;
	}
	arena_init(&arena);
	ck_assert_str_eq(wire_case_read(&arena, path).data, actual->data);
	arena_fini(&arena);
}

static int
is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

char **
wire_case_list(const char *folder, int *count)
{
	struct dirent **entries = NULL;
	int found = scandir(folder, &entries, is_visible, alphasort);
	char **names;

	*count = found > 0 ? found : 0;
	names = calloc((size_t)*count + 1, sizeof(*names));
	if (names == NULL)
		abort();
	for (int i = 0; i < *count; i++) {
		names[i] = strdup(entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return names;
}

struct value
wire_case_value(struct arena *arena, const char *text)
{
	struct value value;
	struct error err;

	error_init(&err);
	if (json_decode(text, strlen(text), NULL, arena, &value, &err) !=
	    STATUS_OK)
		ck_abort_msg("%s: %s", text, err.text);
	return value;
}

static const struct value *
find_segment(void *ctx, struct string name)
{
	static struct member logic = {
		{ "starts_with", 11 },
		{ .type = VALUE_ARRAY },
	};
	static struct value operands[] = {
		{ .type = VALUE_STRING, .string = { "staff", 5 } },
		{ .type = VALUE_STRING, .string = { "st", 2 } },
	};
	static struct value rule = { .type = VALUE_OBJECT };

	(void)ctx;
	logic.value.array.items = operands;
	logic.value.array.count = 2;
	rule.object.members = &logic;
	rule.object.count = 1;
	return strcmp(name.data, "staff") == 0 ? &rule : NULL;
}

struct definition_scope
wire_case_scope(void)
{
	return (struct definition_scope){ .segment = find_segment,
					  .pointer = "" };
}

struct definition *
wire_case_definition(enum kind kind, const char *key, const char *text,
		     int64_t revision)
{
	struct stamp stamp = { revision, 1700000000123,
			       wire_case_string("alice") };
	struct definition_scope scope = wire_case_scope();
	struct definition *definition = NULL;
	struct arena arena;
	struct error err;
	struct value json;

	arena_init(&arena);
	error_init(&err);
	json = wire_case_value(&arena, text);
	if (definition_decode(kind, wire_case_string(key), &json, &stamp,
			      &scope, &arena, &definition, &err) != STATUS_OK)
		ck_abort_msg("%s: %s", text, err.text);
	arena_fini(&arena);
	return definition;
}
