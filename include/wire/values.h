/*
 * Plain values: what every toggle comes to for one context, for clients that
 * want no more than that.
 */
#ifndef WIRE_VALUES_H
#define WIRE_VALUES_H

#include "base/bytes.h"
#include "eval/evaluate.h"
#include "model/snapshot.h"

/* {"revision","epoch","cursor","values":{key: value}}, appended to `out`.
 * Toggles that come to no value are left out: disabled ones, those without a
 * default whose rule chose nothing, and those whose rule fails. Keys are
 * sorted. `context` NULL: the default of each, no rule is evaluated. Nothing is
 * written but `out` and the scratch of the context. */
void document_values(const struct snapshot *snapshot, const char *epoch,
		     const struct eval_context *context, struct string prefix,
		     struct bytes *out);

#endif
