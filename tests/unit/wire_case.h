/*
 * Golden files of the wire: what was read and written in tests/cases/wire.
 * With UPDATE_CASES in the environment, what is expected is written anew
 * instead of compared: look at the difference before you keep it.
 */
#ifndef TESTS_UNIT_WIRE_CASE_H
#define TESTS_UNIT_WIRE_CASE_H

#include "base/arena.h"
#include "base/bytes.h"
#include "model/definition.h"
#include "model/value.h"
#include "wire/definition.h"

/* A text without its last newline, in `arena`. */
struct string wire_case_read(struct arena *arena, const char *path);

/* Compare with the file of that path; a last newline does not count. */
void wire_case_expect(const char *path, const struct bytes *actual);

/* The folders in `folder`, sorted; NULL-terminated, never freed. */
char **wire_case_list(const char *folder, int *count);

/* A value that has to be well formed. */
struct value wire_case_value(struct arena *arena, const char *text);

/* Knows one segment, "staff". */
struct definition_scope wire_case_scope(void);

/* A definition of revision `revision`, which must be good. */
struct definition *wire_case_definition(enum kind kind, const char *key,
					const char *text, int64_t revision);

static inline struct string
wire_case_string(const char *text)
{
	size_t length = 0;

	while (text[length] != '\0')
		length++;
	return (struct string){ text, length };
}

#endif
