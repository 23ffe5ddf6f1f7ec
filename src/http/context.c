#include "context.h"

#include "evaluator.h"
#include "wire/json.h"

static bool
is_reserved(const char *const *reserved, struct string name)
{
	for (; *reserved != NULL; reserved++) {
		if (string_is(name, *reserved))
			return true;
	}
	return false;
}

/* name:=JSON, else a text. The name is read as "name:", the rest as its value.
 */
static bool
read_pair(struct request *r, const struct request_pair *pair,
	  struct member *member)
{
	static const struct json_limits limits = { .foreign = true };
	const size_t length = pair->name.length;
	struct error fault;

	member->name = pair->name;
	member->value.type = VALUE_STRING;
	member->value.string = pair->value;
	if (length < 2 || pair->name.data[length - 1] != ':')
		return true;
	error_init(&fault);
	member->name.data = arena_copy(&r->arena, pair->name.data, length - 1);
	member->name.length = length - 1;
	if (json_decode(pair->value.data, pair->value.length, &limits,
			&r->arena, &member->value, &fault) == STATUS_OK)
		return true;
	reply_fail(
	    r, STATUS_INVALID,
	    "'%.80s=' takes JSON, as in id:=3 and plan:=\"gold\"; a text "
	    "is '%.80s=': %s",
	    pair->name.data, member->name.data, fault.text);
	return false;
}

static bool
is_there(const struct value *context, struct string name)
{
	return value_get_n(context, name.data, name.length) != NULL;
}

static bool
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
		if (!read_pair(r, pair, &members[n]))
			return false;
		if (is_there(context, members[n].name)) {
			reply_fail(r, STATUS_INVALID,
				   "the attribute '%.80s' stands twice, as a "
				   "text and as JSON",
				   members[n].name.data);
			return false;
		}
		context->object.count = ++n;
	}
	return true;
}

bool
context_decode(struct request *r, const char *const *reserved,
	       struct value *context)
{
	const struct value *inner;

	if (r->method != METHOD_POST) {
		return from_query(r, reserved, context);
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
