#include "advice.h"

#include <stdio.h>
#include <string.h>

enum { POINTER_BYTES = 320 };

/* What was asked of that toggle; NULL: nothing, as in a rollback. */
static const struct edit *
find_edit(const struct job *job, struct string key)
{
	if (job->type != JOB_WRITE)
		return NULL;
	for (size_t i = 0; i < job->write.count; i++) {
		const struct edit *edit = &job->write.edits[i];

		if (edit->kind == KIND_TOGGLE && string_equal(edit->key, key))
			return edit;
	}
	return NULL;
}

static void
put_pointer(const struct edit *edit, const char *member,
	    char pointer[POINTER_BYTES])
{
	(void)snprintf(pointer, POINTER_BYTES, "%s%s",
		       edit == NULL ? "" : edit->pointer,
		       edit == NULL ? "" : member);
}

/* In flagd's meaning of the word a disabled flag has no value: which one a
 * service then takes stands in its own code, and often it is "on". */
static void
warn_disabled(struct job *job, const struct edit *edit,
	      const struct definition *toggle)
{
	const int off = definition_find_variant(toggle, "off", 3);
	char pointer[POINTER_BYTES];

	put_pointer(edit, "/state", pointer);
	warnings_add(&job->warnings, "disabled", pointer,
		     "'%.*s' is DISABLED: clients use the default in their "
		     "code. {\"serve\":\"%s\"} gives everybody %s",
		     (int)toggle->key.length, toggle->key.data,
		     off >= 0 ? "off" : "NAME",
		     off >= 0 ? "'off'" : "the variant of that name");
}

/* A file that is put may be older than the hand that serves. */
static void
warn_released(struct job *job, const struct edit *edit,
	      const struct change_item *item)
{
	const struct definition *before = item->before;

	warnings_add(&job->warnings, "released", edit->pointer,
		     "'%.*s' was served '%.*s' by hand, which this did not "
		     "bring: it is served by its rules again",
		     (int)item->key.length, item->key.data,
		     (int)before->variants[before->default_variant].name.length,
		     before->variants[before->default_variant].name.data);
}

static void
look_at(struct job *job, const struct change_item *item)
{
	const struct definition *before = item->before;
	const struct definition *after = item->after;
	const bool disabled = after != NULL && !after->enabled &&
			      (before == NULL || before->enabled);
	const bool released = after != NULL && before != NULL &&
			      before->is_held && !after->is_held;
	const struct edit *edit;

	if (item->kind != KIND_TOGGLE || (!disabled && !released))
		return;
	edit = find_edit(job, item->key);
	if (disabled)
		warn_disabled(job, edit, after);
	if (released && edit != NULL && edit->verb == EDIT_PUT &&
	    value_get(&edit->value, "serve") == NULL &&
	    value_get(&edit->value, "enabled") == NULL)
		warn_released(job, edit, item);
}

/* Who says it again, because it does not help, is told again. */
static void
look_at_unchanged(struct job *job)
{
	const struct edit *edit = &job->write.edits[0];
	const struct value *state = value_get(&edit->value, "state");

	if (job->current != NULL && job->current->kind == KIND_TOGGLE &&
	    !job->current->enabled && state != NULL &&
	    value_is_string(state, "DISABLED"))
		warn_disabled(job, edit, job->current);
}

void
advice_give(struct job *job, const struct change *change)
{
	if (change->count == 0 && job->type == JOB_WRITE &&
	    job->write.count == 1)
		look_at_unchanged(job);
	/* Each that is told looks among all that was asked for: so few are. */
	for (size_t i = 0;
	     i < change->count && !warnings_are_full(&job->warnings); i++)
		look_at(job, &change->items[i]);
}
