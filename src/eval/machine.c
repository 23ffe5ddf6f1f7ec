#include "eval/machine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

struct eval_scratch *
eval_scratch_new(void)
{
	struct eval_scratch *scratch = mem_alloc(sizeof(*scratch));

	scratch->evaluation = 0;
	for (size_t i = 0; i < SLOTS_MAX; i++)
		scratch->slots[i].evaluation = 0;
	bytes_init(&scratch->text);
	scratch->used = 0;
	return scratch;
}

void
eval_scratch_free(struct eval_scratch *scratch)
{
	if (scratch == NULL)
		return;
	bytes_fini(&scratch->text);
	free(scratch);
}

void
machine_init(struct machine *machine, const struct program *program,
	     const struct eval_context *context, char detail[EVAL_DETAIL_BYTES])
{
	int64_t granted = MACHINE_STEPS;

	if (context->steps != NULL && *context->steps < granted)
		granted = *context->steps;
	*machine = (struct machine){
		.program = program,
		.context = context,
		.scratch = context->scratch,
		.trace = context->trace,
		.steps = granted,
		.granted = granted,
		.detail = detail,
	};
	detail[0] = '\0';
	context->scratch->evaluation++;
	context->scratch->used = 0;
}

void
machine_pay(const struct machine *machine)
{
	const int64_t left =
	    machine->error == EVAL_ERROR_NONE ? machine->steps : machine->left;
	const int64_t steps = machine->granted - left + machine->extra;

	if (machine->context->steps != NULL)
		*machine->context->steps -= steps;
}

struct value
machine_fail(struct machine *machine, enum eval_error error, const char *fmt,
	     ...)
{
	va_list args;

	if (machine->error == EVAL_ERROR_NONE) {
		machine->error = error;
		machine->left = machine->steps;
		va_start(args, fmt);
		vsnprintf(machine->detail, EVAL_DETAIL_BYTES, fmt, args);
		va_end(args);
	}
	machine->steps = 0;
	return value_null();
}

struct value
machine_exhausted(struct machine *machine)
{
	if (machine->granted < MACHINE_STEPS)
		return machine_fail(machine, EVAL_ERROR_GENERAL, "%s",
				    MACHINE_TOO_MUCH);
	return machine_fail(machine, EVAL_ERROR_GENERAL,
			    "the rule takes more than %d steps", MACHINE_STEPS);
}

void *
machine_alloc(struct machine *machine, size_t count, size_t size)
{
	struct eval_scratch *scratch = machine->scratch;
	size_t align = alignof(max_align_t);
	size_t left = MACHINE_MEMORY_BYTES - scratch->used;
	void *p = scratch->memory + scratch->used;

	if (count > left / size) {
		machine_fail(machine, EVAL_ERROR_GENERAL,
			     "the rule takes more than %d bytes of memory",
			     MACHINE_MEMORY_BYTES);
		return NULL;
	}
	size = (count * size + align - 1) / align * align;
	scratch->used += size < left ? size : left;
	return p;
}
