#include "model/change.h"

#include <stdlib.h>

#include "base/mem.h"

static struct string
copy(struct string s)
{
	struct string copied = { mem_copy(s.data, s.length), s.length };

	return copied;
}

/* Only strings that `copy` made come here. */
static void
release(struct string s)
{
	free((char *)(uintptr_t)s.data);
}

struct change *
change_new(struct string environment, struct string actor,
	   struct string comment)
{
	struct change *change = mem_zalloc(1, sizeof(*change));

	change->environment = copy(environment);
	change->actor = copy(actor);
	change->comment = copy(comment);
	return change;
}

/* The array is full when its length is 0 or a power of two. */
static void
grow(struct change *change)
{
	size_t count = change->count;

	if ((count & (count - 1)) == 0)
		change->items =
		    mem_resize(change->items, count == 0 ? 1 : 2 * count,
			       sizeof(*change->items));
}

void
change_add(struct change *change, enum kind kind, struct string key,
	   const struct definition *before, const struct definition *after)
{
	grow(change);
	change->items[change->count++] = (struct change_item){
		.kind = kind,
		.key = copy(key),
		.before = definition_ref(before),
		.after = definition_ref(after),
	};
}

void
change_free(struct change *change)
{
	if (change == NULL)
		return;
	for (size_t i = 0; i < change->count; i++) {
		release(change->items[i].key);
		definition_unref(change->items[i].before);
		definition_unref(change->items[i].after);
	}
	free(change->items);
	release(change->environment);
	release(change->actor);
	release(change->comment);
	free(change);
}
