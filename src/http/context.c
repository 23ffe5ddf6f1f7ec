#include "context.h"

#include "evaluator.h"

static bool
is_reserved(const char *const *reserved, struct string name)
{
	for (; *reserved != NULL; reserved++) {
		if (string_is(name, *reserved))
			return true;
	}
	return false;
}

static void
from_query(struct request *r, const char *const *reserved,
	   struct value *context)
{
	struct member *members =
	    arena_zalloc(&r->arena, r->query_count + 1, sizeof(*members));
	size_t n = 0;

	context->type = VALUE_OBJECT;
	context->object.members = members;
	context->object.count = 0;
	for (size_t i = 0; i < r->query_count; i++) {
		const struct request_pair *pair = &r->query[i];

		if (is_reserved(reserved, pair->name))
			continue;
		members[n].name = pair->name;
		members[n].value.type = VALUE_STRING;
		members[n].value.string = pair->value;
		context->object.count = ++n;
	}
}

bool
context_decode(struct request *r, const char *const *reserved,
	       struct value *context)
{
	const struct value *inner;

	if (r->method != METHOD_POST) {
		from_query(r, reserved, context);
		return true;
	}
	if (!request_known_query(r, reserved) ||
	    !request_foreign_json(r, evaluator_arena(r->evaluator), context))
		return false;
	if (context->type != VALUE_OBJECT) {
		error_at(&r->error, "", "must be an object, not %s",
			 value_type_name(context));
		reply_error(r, &r->error);
		return false;
	}
	inner = value_get(context, "context");
	if (inner != NULL && inner->type == VALUE_OBJECT)
		*context = *inner;
	return true;
}
