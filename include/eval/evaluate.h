/*
 * Evaluation: which variant of a toggle a context gets, and why. The results
 * are those of flagd (https://flagd.dev/reference/).
 *
 * A pure function: no clock, no randomness, no I/O. It allocates nothing once
 * the scratch has grown to what the rules need, and ends within a fixed budget
 * of steps and memory, whatever the rule and the context are. Definitions and
 * contexts may be shared between threads; a scratch belongs to one at a time.
 */
#ifndef EVAL_EVALUATE_H
#define EVAL_EVALUATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "model/definition.h"
#include "model/value.h"

/* Why the answer is what it is: the names of the OpenFeature specification.
 * To add one: add a row, and a line in docs/API.md. */
#define REASON_TABLE(X)                                                        \
	X(REASON_STATIC, "STATIC")                                             \
	X(REASON_DEFAULT, "DEFAULT")                                           \
	X(REASON_TARGETING_MATCH, "TARGETING_MATCH")                           \
	X(REASON_SPLIT, "SPLIT")                                               \
	X(REASON_DISABLED, "DISABLED")                                         \
	X(REASON_UNKNOWN, "UNKNOWN")                                           \
	X(REASON_ERROR, "ERROR")

#define EVAL_ERROR_TABLE(X)                                                    \
	X(EVAL_ERROR_NONE, "")                                                 \
	X(EVAL_ERROR_PARSE_ERROR, "PARSE_ERROR")                               \
	X(EVAL_ERROR_GENERAL, "GENERAL")                                       \
	X(EVAL_ERROR_TARGETING_KEY_MISSING, "TARGETING_KEY_MISSING")           \
	X(EVAL_ERROR_INVALID_CONTEXT, "INVALID_CONTEXT")                       \
	X(EVAL_ERROR_FLAG_NOT_FOUND, "FLAG_NOT_FOUND")

#define X(name, text) name,
enum reason { REASON_TABLE(X) REASON_COUNT };
enum eval_error { EVAL_ERROR_TABLE(X) EVAL_ERROR_COUNT };
#undef X

/* As they stand on the wire. */
const char *reason_name(enum reason reason);
const char *eval_error_name(enum eval_error error);

enum { EVAL_DETAIL_BYTES = 160 };

struct evaluation {
	enum reason reason;
	int variant; /* index into the toggle's variants, or -1: none */
	enum eval_error error; /* not NONE exactly when reason is ERROR */
	char detail[EVAL_DETAIL_BYTES]; /* a sentence about the error, or "" */
};

/* Working memory, reused from one evaluation to the next. */
struct eval_scratch;
struct eval_scratch *eval_scratch_new(void) MUST_CHECK;

/* NULL is allowed. */
void eval_scratch_free(struct eval_scratch *scratch);

/* How {"fractional": …} puts users into buckets. */
enum fractional_version {
	FRACTIONAL_V2 = 2, /* the hash of the text; what flagd releases */
	FRACTIONAL_V3 = 3, /* the hash of deterministic CBOR, any type */
};

struct trace;

/* Told of an evaluation when it is done. */
typedef void (*eval_observe_fn)(const struct definition *toggle,
				const struct evaluation *evaluation, void *ctx);

/* Everything but the scratch is borrowed and left as it is. */
struct eval_context {
	const struct value *data; /* attributes; NULL or no object: none */
	int64_t now_s;            /* $flagd.timestamp, Unix seconds */
	enum fractional_version fractional;
	bool terse; /* what is said of an error quotes nothing of the rule */
	struct eval_scratch *scratch;
	struct trace *trace;     /* records the way through the rule, or NULL */
	eval_observe_fn observe; /* or NULL */
	void *observe_ctx;
	/* What all evaluations of a request may take together: steps, counted
	 * down. Once none are left the others fail without being begun. NULL:
	 * only each has its own limit. */
	int64_t *steps;
};

/* Evaluate. `toggle` NULL or removed is FLAG_NOT_FOUND. */
void evaluate(const struct definition *toggle,
	      const struct eval_context *context, struct evaluation *out);

#endif
