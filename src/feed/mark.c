#include "mark.h"

#include <stdlib.h>

#include "base/mem.h"

static bool
is_used(const struct marks *marks, size_t i)
{
	return i < USAGE_PREFIXES_MAX && marks->items[i].prefix.data != NULL;
}

void
marks_fini(struct marks *marks)
{
	for (size_t i = 0; is_used(marks, i); i++)
		free((char *)(uintptr_t)marks->items[i].prefix.data);
}

struct mark *
marks_find(struct marks *marks, struct string prefix)
{
	for (size_t i = 0; is_used(marks, i); i++) {
		struct mark *mark = &marks->items[i];

		if (string_equal(mark->prefix, prefix))
			return mark;
	}
	return NULL;
}

struct mark *
marks_place(struct marks *marks)
{
	struct mark *oldest = &marks->items[0];

	for (size_t i = 0; i < USAGE_PREFIXES_MAX; i++) {
		if (!is_used(marks, i))
			return &marks->items[i];
		if (mark_time(&marks->items[i]) < mark_time(oldest))
			oldest = &marks->items[i];
	}
	return oldest;
}

void
mark_set(struct mark *mark, struct string prefix, int64_t at_ms)
{
	free((char *)(uintptr_t)mark->prefix.data);
	mark->prefix.data = mem_copy(prefix.data, prefix.length);
	mark->prefix.length = prefix.length;
	mark->revision = 0;
	mark_renew(mark, at_ms);
}

bool
mark_covers(const struct mark *mark, struct string key)
{
	return string_starts_with(key, mark->prefix);
}

int64_t
marks_last(const struct marks *marks, struct string key)
{
	int64_t last = 0;

	for (size_t i = 0; is_used(marks, i); i++) {
		const struct mark *mark = &marks->items[i];

		if (mark_time(mark) > last && mark_covers(mark, key))
			last = mark_time(mark);
	}
	return last;
}
