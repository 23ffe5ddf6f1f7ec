/*
 * What the tests of src/eval share: JSON text in, programs and results out.
 * Everything lies in the arena of a `struct eval_case`.
 */
#ifndef TESTS_EVAL_CASE_H
#define TESTS_EVAL_CASE_H

#include "base/arena.h"
#include "base/error.h"
#include "eval/evaluate.h"
#include "eval/program.h"
#include "model/definition.h"
#include "model/value.h"

struct eval_case {
	struct arena arena;
	struct error err;
	struct eval_scratch *scratch;
	struct program *program; /* of the last eval_case_compile */
	const char *key;         /* of the toggle; "toggle" */
	const char *segments;    /* JSON object of rules, or NULL */
	int64_t now_s;
	enum fractional_version fractional;
	struct trace *trace;
};

void eval_case_init(struct eval_case *c);
void eval_case_fini(struct eval_case *c);

/* Fails the test when the text is no JSON. */
struct value eval_case_json(struct eval_case *c, const char *text,
			    size_t length);

/* Compile a rule; `variants` are names with spaces between them, or NULL. */
enum status eval_case_compile(struct eval_case *c, const struct value *rule,
			      const char *variants, bool lenient);
enum status eval_case_compile_text(struct eval_case *c, const char *rule,
				   const char *variants, bool lenient);

/* The bare result of the compiled rule. */
struct value eval_case_run(struct eval_case *c, const struct value *data,
			   enum eval_error *error);

/* Evaluate a toggle that has the compiled rule. `default_variant` -1: none. */
void eval_case_evaluate(struct eval_case *c, const char *variants,
			int default_variant, const char *data,
			struct evaluation *out);

/* Rule and data as text, the result as text. Lenient; "ERROR detail" when the
 * evaluation fails. */
const char *eval_case_text(struct eval_case *c, const char *rule,
			   const char *data);

/* The same JSON, where 1 and 1.0 are the same. */
bool eval_case_same(const struct value *a, const struct value *b);

#endif
