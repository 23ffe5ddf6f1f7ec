#include "slip.h"

enum status
slip_check_type(const struct edit *edit, const struct definition *before,
		const struct definition *after, struct error *err)
{
	if (edit->kind != KIND_TOGGLE || before == NULL || edit->is_stored ||
	    before->type == after->type ||
	    value_get(&edit->value, "type") != NULL)
		return STATUS_OK;
	return error_set(
	    err, STATUS_CONFLICT,
	    "toggle '%.*s' is %s and would be %s: clients that "
	    "ask for %s would get the default in their code; if "
	    "that is meant, say \"type\":\"%s\" in the same "
	    "request",
	    (int)edit->key.length, edit->key.data,
	    variant_type_name(before->type), variant_type_name(after->type),
	    variant_type_name(before->type), variant_type_name(after->type));
}

enum status
slip_check_content(const struct snapshot *base, const struct edit *edit,
		   struct error *err)
{
	const size_t toggles = tree_count(base->toggles);
	const size_t segments = tree_count(base->segments);

	if (edit->is_named || toggles + segments == 0)
		return STATUS_OK;
	return error_set(err, STATUS_CONFLICT,
			 "environment '%.*s' has %zu toggle%s and %zu "
			 "segment%s; to remove it with them: DELETE "
			 "/v1/envs/%.*s?name=%.*s",
			 (int)edit->key.length, edit->key.data, toggles,
			 toggles == 1 ? "" : "s", segments,
			 segments == 1 ? "" : "s", (int)edit->key.length,
			 edit->key.data, (int)edit->key.length, edit->key.data);
}
