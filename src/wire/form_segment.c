#include "form.h"

#include <string.h>

const struct value *
form_segment_rule(const struct value *json)
{
	static const char *const names[] = { "name",      "rule",
					     "revision",  "updatedAt",
					     "updatedBy", NULL };
	const struct value *rule = value_get(json, "rule");

	if (rule == NULL)
		return json;
	for (size_t i = 0; i < json->object.count; i++) {
		const char *const *name = names;

		while (*name != NULL &&
		       strcmp(*name, json->object.members[i].name.data) != 0)
			name++;
		if (*name == NULL)
			return json;
	}
	return rule;
}

/* A segment has no program of its own: toggles compile its rule into theirs. */
enum status
form_read_segment(struct form *form, const struct value *json)
{
	struct bytes *text = &form->text;
	enum status status = STATUS_OK;

	form_begin(form, "name");
	bytes_append_str(text, "\"rule\":");
	form_begin_stored(form);
	if (form->trusted.length > 0) {
		form_put_trusted(form);
	} else {
		status = form_check_rule(form, json);
		value_encode(json, text);
	}
	form_end(form);
	return status;
}
