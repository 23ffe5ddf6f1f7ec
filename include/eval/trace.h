/*
 * A trace: the way one evaluation took through a rule, for people who ask why.
 * Give it to an evaluation in eval_context.trace, then read trace_result.
 *
 * Steps stand in the order in which the operators finished, the innermost
 * first. Operands that were not evaluated (the branch not taken) are left out,
 * and so are operators whose result was known when the toggle was written.
 */
#ifndef EVAL_TRACE_H
#define EVAL_TRACE_H

#include "base/arena.h"
#include "base/attr.h"
#include "model/value.h"

/* Later steps, and those after so much text, are left out. */
enum { TRACE_STEPS_MAX = 200, TRACE_BYTES_MAX = 1024 * 1024 };

struct trace;

/* An empty trace. It lives in the arena, and so does what it records. */
struct trace *trace_new(struct arena *arena) MUST_CHECK;

/* An array with an object for each step:
 *   {"pointer": "/targeting/if/0", "operator": "==",
 *    "operands": ["gold", "gold"], "result": true}
 * fractional adds "bucket" and "buckets". The pointer of an operator in a
 * segment starts with "/segments/NAME". Numbers that JSON has not are null. */
struct value trace_result(const struct trace *trace);

#endif
