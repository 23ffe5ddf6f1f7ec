#include "eval_case.h"

#include <check.h>
#include <string.h>

#include "eval/coerce.h"
#include "eval/machine.h"
#include "wire/json.h"

enum { VARIANTS_MAX = 32 };

void
eval_case_init(struct eval_case *c)
{
	*c = (struct eval_case){
		.key = "toggle",
		.fractional = FRACTIONAL_V2,
		.now_s = 1700000000,
	};
	arena_init(&c->arena);
	error_init(&c->err);
	c->scratch = eval_scratch_new();
}

void
eval_case_fini(struct eval_case *c)
{
	program_free(c->program);
	eval_scratch_free(c->scratch);
	arena_fini(&c->arena);
}

struct value
eval_case_json(struct eval_case *c, const char *text, size_t length)
{
	struct value value = { 0 };
	struct error err;
	enum status status;

	error_init(&err);
	status = json_decode(text, length, NULL, &c->arena, &value, &err);
	ck_assert_msg(status == STATUS_OK, "%s: %.200s", err.text, text);
	return value;
}

static const struct value *
find_segment(void *ctx, struct string name)
{
	struct eval_case *c = ctx;
	struct value *segments;

	if (c->segments == NULL)
		return NULL;
	segments = arena_alloc(&c->arena, sizeof(*segments));
	*segments = eval_case_json(c, c->segments, strlen(c->segments));
	return value_get_n(segments, name.data, name.length);
}

static size_t
split(struct eval_case *c, const char *names, struct string *out)
{
	size_t count = 0;

	while (names != NULL && *names != '\0') {
		size_t length = strcspn(names, " ");

		ck_assert_uint_lt(count, VARIANTS_MAX);
		out[count].data = arena_copy(&c->arena, names, length);
		out[count++].length = length;
		names += length;
		names += strspn(names, " ");
	}
	return count;
}

enum status
eval_case_compile(struct eval_case *c, const struct value *rule,
		  const char *variants, bool lenient)
{
	struct string names[VARIANTS_MAX];
	struct program_source source = {
		.targeting = rule,
		.key = { c->key, strlen(c->key) },
		.pointer = "/targeting",
		.variants = names,
		.segment = find_segment,
		.ctx = c,
		.lenient = lenient,
	};

	source.variant_count = split(c, variants, names);
	program_free(c->program);
	c->program = NULL;
	error_init(&c->err);
	return program_compile(&source, &c->program, &c->err);
}

enum status
eval_case_compile_text(struct eval_case *c, const char *rule,
		       const char *variants, bool lenient)
{
	struct value value = eval_case_json(c, rule, strlen(rule));

	return eval_case_compile(c, &value, variants, lenient);
}

struct value
eval_case_run(struct eval_case *c, const struct value *data,
	      enum eval_error *error)
{
	struct eval_context context = {
		.data = data,
		.now_s = c->now_s,
		.fractional = c->fractional,
		.scratch = c->scratch,
		.trace = c->trace,
	};
	struct machine machine;
	struct value result;
	static char detail[EVAL_DETAIL_BYTES];

	*error = EVAL_ERROR_NONE;
	if (c->program == NULL)
		return value_null();
	machine_init(&machine, c->program, &context, detail);
	result = node_eval(&machine, &c->program->root);
	*error = machine.error;
	if (machine.error != EVAL_ERROR_NONE)
		return value_string((struct string){ detail, strlen(detail) });
	return result;
}

void
eval_case_evaluate(struct eval_case *c, const char *variants,
		   int default_variant, const char *data,
		   struct evaluation *out)
{
	struct string names[VARIANTS_MAX];
	struct variant list[VARIANTS_MAX];
	size_t count = split(c, variants, names);
	struct value value = eval_case_json(c, data, strlen(data));
	struct eval_context context = {
		.data = &value,
		.now_s = c->now_s,
		.fractional = c->fractional,
		.scratch = c->scratch,
		.trace = c->trace,
	};
	struct definition toggle = {
		.kind = KIND_TOGGLE,
		.key = { c->key, strlen(c->key) },
		.enabled = true,
		.variants = list,
		.variant_count = count,
		.default_variant = default_variant,
		.program = c->program,
	};

	for (size_t i = 0; i < count; i++)
		list[i] = (struct variant){ .name = names[i] };
	evaluate(&toggle, &context, out);
}

const char *
eval_case_text(struct eval_case *c, const char *rule, const char *data)
{
	struct value value = eval_case_json(c, data, strlen(data));
	struct value result;
	struct bytes text;
	enum eval_error error;
	const char *copy;

	ck_assert_int_eq(eval_case_compile_text(c, rule, NULL, true),
			 STATUS_OK);
	result = eval_case_run(c, &value, &error);
	bytes_init(&text);
	if (error != EVAL_ERROR_NONE)
		bytes_printf(&text, "%s %s", eval_error_name(error),
			     result.string.data);
	else if (result.type == VALUE_REAL && !isfinite(result.real))
		bytes_append_str(&text, "no number");
	else if (result.type == VALUE_REAL)
		value_encode_number_js(result.real, &text);
	else
		value_encode(&result, &text);
	copy = arena_copy(&c->arena, text.data, text.length);
	bytes_fini(&text);
	return copy;
}

bool
eval_case_same(const struct value *a, const struct value *b)
{
	if (value_is_number(a) && value_is_number(b))
		return number_of(a) == number_of(b) ||
		       (isnan(number_of(a)) && isnan(number_of(b)));
	if (a->type != b->type)
		return false;
	if (a->type == VALUE_ARRAY) {
		if (a->array.count != b->array.count)
			return false;
		for (size_t i = 0; i < a->array.count; i++) {
			if (!eval_case_same(&a->array.items[i],
					    &b->array.items[i]))
				return false;
		}
		return true;
	}
	if (a->type == VALUE_OBJECT) {
		if (a->object.count != b->object.count)
			return false;
		for (size_t i = 0; i < a->object.count; i++) {
			const struct member *m = &a->object.members[i];
			const struct value *other =
			    value_get_n(b, m->name.data, m->name.length);

			if (other == NULL || !eval_case_same(&m->value, other))
				return false;
		}
		return true;
	}
	return value_equal(a, b);
}
