#include "eval/set.h"

#include <stdbool.h>

#include "eval/coerce.h"
#include "eval/murmur3.h"

enum { SMALL = 8 };

static uint32_t
hash(const struct value *value)
{
	struct murmur3 murmur;
	double number;

	murmur3_init(&murmur);
	switch (value->type) {
	case VALUE_STRING:
		murmur3_update(&murmur, value->string.data,
			       value->string.length);
		break;
	case VALUE_INTEGER:
	case VALUE_REAL:
		/* 1 and 1.0, 0.0 and -0.0 are the same number. */
		number = number_of(value) + 0.0;
		murmur3_update(&murmur, &number, sizeof(number));
		break;
	case VALUE_BOOL:
		return value->boolean;
	case VALUE_NULL:
	case VALUE_ARRAY:
	case VALUE_OBJECT:
		break;
	}
	return murmur3_final(&murmur);
}

void
set_init(struct set *set, struct arena *arena, const struct value *items,
	 size_t count)
{
	uint32_t size = 2 * SMALL;
	uint32_t *table;

	*set = (struct set){ .items = items, .count = (uint32_t)count };
	if (count <= SMALL)
		return;
	while (size < 2 * count)
		size *= 2;
	table = arena_zalloc(arena, size, sizeof(*table));
	set->mask = size - 1;
	set->table = table;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = hash(&items[i]) & set->mask;

		while (table[at] != 0)
			at = (at + 1) & set->mask;
		table[at] = i + 1;
	}
}

int
set_find(const struct set *set, const struct value *value)
{
	uint32_t at;

	if (set->table == NULL) {
		for (uint32_t i = 0; i < set->count; i++) {
			if (strictly_equal(value, &set->items[i]))
				return (int)i;
		}
		return -1;
	}
	for (at = hash(value) & set->mask; set->table[at] != 0;
	     at = (at + 1) & set->mask) {
		uint32_t i = set->table[at] - 1;

		if (strictly_equal(value, &set->items[i]))
			return (int)i;
	}
	return -1;
}
