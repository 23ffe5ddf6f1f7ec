#include "eval/evaluate.h"

#include <stdarg.h>
#include <stdio.h>

#include "eval/coerce.h"
#include "eval/machine.h"
#include "eval/shown.h"

const char *
reason_name(enum reason reason)
{
	static const char *const names[] = {
#define X(name, text) [name] = (text),
		REASON_TABLE(X)
#undef X
	};

	return names[reason];
}

const char *
eval_error_name(enum eval_error error)
{
	static const char *const names[] = {
#define X(name, text) [name] = (text),
		EVAL_ERROR_TABLE(X)
#undef X
	};

	return names[error];
}

static void
answer(struct evaluation *out, enum reason reason, int variant)
{
	out->reason = reason;
	out->variant = variant;
	out->error = EVAL_ERROR_NONE;
	out->detail[0] = '\0';
}

static void answer_error(struct evaluation *out, enum eval_error error,
			 const char *fmt, ...) PRINTF_LIKE(3, 4);

static void
answer_error(struct evaluation *out, enum eval_error error, const char *fmt,
	     ...)
{
	va_list args;

	answer(out, REASON_ERROR, -1);
	out->error = error;
	va_start(args, fmt);
	vsnprintf(out->detail, sizeof(out->detail), fmt, args);
	va_end(args);
}

/* The variant of a result's name: true is "true", 1 is "1". */
static void
answer_result(struct machine *machine, const struct value *result,
	      struct evaluation *out)
{
	struct value name = *result;
	int variant;

	if (name.type == VALUE_ARRAY || name.type == VALUE_OBJECT) {
		answer_error(out, EVAL_ERROR_GENERAL,
			     "targeting returned an %s, not a variant's name",
			     value_type_name(result));
		return;
	}
	if (name.type != VALUE_STRING)
		name = value_string(to_text(machine, result));
	variant = set_find(&machine->program->variants, &name);
	if (variant >= 0)
		answer(out, REASON_TARGETING_MATCH, variant);
	else
		answer_error(out, EVAL_ERROR_GENERAL,
			     "targeting returned \"%.*s\", which is not a "
			     "variant",
			     SHOWN(name.string));
}

static void
answer_targeting(const struct definition *toggle,
		 const struct eval_context *context, struct evaluation *out)
{
	struct machine machine;
	struct value result;

	if (context->steps != NULL && *context->steps <= 0) {
		answer_error(out, EVAL_ERROR_GENERAL, "%s", MACHINE_TOO_MUCH);
		return;
	}
	machine_init(&machine, toggle->program, context, out->detail);
	result = node_eval(&machine, &toggle->program->root);
	if (machine.error != EVAL_ERROR_NONE) {
		out->reason = REASON_ERROR;
		out->variant = -1;
		out->error = machine.error;
	} else if (result.type == VALUE_NULL) {
		answer(out, REASON_DEFAULT, toggle->default_variant);
	} else {
		answer_result(&machine, &result, out);
	}
	machine_pay(&machine);
}

static void
decide(const struct definition *toggle, const struct eval_context *context,
       struct evaluation *out)
{
	if (toggle == NULL || toggle->removed)
		answer_error(out, EVAL_ERROR_FLAG_NOT_FOUND,
			     "there is no such toggle");
	else if (!toggle->enabled)
		answer(out, REASON_DISABLED, -1);
	else if (toggle->program != NULL)
		answer_targeting(toggle, context, out);
	else if (toggle->default_variant >= 0)
		answer(out, REASON_STATIC, toggle->default_variant);
	else
		answer(out, REASON_DEFAULT, -1);
}

void
evaluate(const struct definition *toggle, const struct eval_context *context,
	 struct evaluation *out)
{
	decide(toggle, context, out);
	if (context->terse && (out->error == EVAL_ERROR_PARSE_ERROR ||
			       out->error == EVAL_ERROR_GENERAL))
		answer_error(out, out->error,
			     "the toggle's rule is at fault; who may read it "
			     "is told more");
	if (context->observe != NULL)
		context->observe(toggle, out, context->observe_ctx);
}
