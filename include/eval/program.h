/*
 * A program: a toggle's targeting rule, compiled once when the toggle is
 * written and evaluated many times. Immutable after program_compile, so any
 * number of threads may evaluate it at once; it borrows nothing from what it
 * was compiled from.
 *
 * Compiling knows neither HTTP nor storage: the rule is a `struct value`, and
 * segments are asked for by name.
 */
#ifndef EVAL_PROGRAM_H
#define EVAL_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/error.h"
#include "model/value.h"

struct program;

/* What a program is made of. Everything is borrowed for the call. */
struct program_source {
	const struct value *targeting; /* NULL, null and {}: there is no rule */
	struct string key;             /* of the toggle */
	const char *pointer; /* JSON pointer of targeting, "/targeting" */

	/* What the rule may return. Without any, results are not checked and
	 * evaluation reports no variant. */
	const struct string *variants;
	size_t variant_count;

	/* The rule of a segment, or NULL when there is none of that name. The
	 * callback may be NULL: there are no segments. */
	const struct value *(*segment)(void *ctx, struct string name);
	void *ctx;

	/* Strict: a fault in the rule is an error, and each place is named.
	 * Lenient: what is wrong fails when an evaluation reaches it, with
	 * PARSE_ERROR, as flagd does it. */
	bool lenient;
};

/* Compile. `*program` becomes NULL where there is no rule. Faults are
 * STATUS_INVALID, one place of the error for each (see error_at). */
enum status program_compile(const struct program_source *source,
			    struct program **program,
			    struct error *err) MUST_CHECK;

/* NULL is allowed. */
void program_free(struct program *program);

/* Whether the result may change with time alone ($flagd.timestamp). */
bool program_uses_timestamp(const struct program *program);

/* Whether the result depends on the evaluation context at all. */
bool program_uses_context(const struct program *program);

/* The names in {"$ref": name} anywhere in a rule, each once, in order of
 * appearance; they point into the rule. Writes at most `max` and returns how
 * many there are; what was not written may be counted again. */
size_t rule_references(const struct value *targeting, struct string *names,
		       size_t max);

#endif
