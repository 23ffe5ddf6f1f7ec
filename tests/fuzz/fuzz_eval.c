/*
 * Any rule over any context: {"rule": …, "data": …, "segments": {…}}. Nothing
 * may crash or run away, and a trace may not change the answer.
 */
#include <stdint.h>
#include <stdlib.h>

#include "eval/evaluate.h"
#include "eval/program.h"
#include "eval/trace.h"
#include "wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct value *
find_segment(void *ctx, struct string name)
{
	const struct value *segments = value_get(ctx, "segments");

	return segments == NULL ? NULL
				: value_get_n(segments, name.data, name.length);
}

static void
check(struct value *input, struct arena *arena, enum fractional_version version)
{
	static const struct string names[] = { { "on", 2 }, { "off", 3 } };
	struct program_source source = { value_get(input, "rule"),
					 { "toggle", 6 },
					 "/targeting",
					 names,
					 2,
					 find_segment,
					 input,
					 version == FRACTIONAL_V2 };
	struct definition toggle = { .enabled = true, .default_variant = -1 };
	struct eval_context context = { .data = value_get(input, "data"),
					.fractional = version,
					.scratch = eval_scratch_new() };
	struct evaluation plain;
	struct evaluation traced;

	if (program_compile(&source, &toggle.program, NULL) == STATUS_OK) {
		evaluate(&toggle, &context, &plain);
		context.trace = trace_new(arena);
		evaluate(&toggle, &context, &traced);
		(void)trace_result(context.trace);
		if (plain.variant != traced.variant)
			abort();
	}
	program_free(toggle.program);
	eval_scratch_free(context.scratch);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct value input;

	arena_init(&arena);
	if (json_decode((const char *)data, size, NULL, &arena, &input, NULL) ==
	    STATUS_OK) {
		check(&input, &arena, FRACTIONAL_V2);
		check(&input, &arena, FRACTIONAL_V3);
	}
	arena_fini(&arena);
	return 0;
}
