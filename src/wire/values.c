#include "wire/values.h"

#include "put.h"

/* The index of the variant that `toggle` comes to, or -1. */
static int
chosen(const struct definition *toggle, const struct eval_context *context)
{
	struct evaluation result;

	if (context != NULL) {
		evaluate(toggle, context, &result);
		return result.variant;
	}
	return toggle->enabled ? toggle->default_variant : -1;
}

void
document_values(const struct snapshot *snapshot, const char *epoch,
		const struct eval_context *context, struct string prefix,
		struct bytes *out)
{
	const struct definition *toggle;
	struct snapshot_walk walk;

	bytes_append_char(out, '{');
	put_position(out, epoch, snapshot->revision);
	put_member(out, "values");
	bytes_append_char(out, '{');
	snapshot_walk_from(&walk, snapshot, KIND_TOGGLE, prefix);
	while ((toggle = snapshot_walk_next(&walk)) != NULL) {
		int variant = chosen(toggle, context);
		struct string json;

		if (variant < 0)
			continue;
		json = toggle->variants[variant].json;
		put_name(out, toggle->key);
		bytes_append(out, json.data, json.length);
	}
	bytes_append_str(out, "}}");
}
