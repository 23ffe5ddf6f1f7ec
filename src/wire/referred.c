#include "referred.h"

#include "put.h"

void
referred_init(struct referred *referred, bool everything)
{
	referred->everything = everything;
	map_init(&referred->names);
}

void
referred_fini(struct referred *referred)
{
	map_fini(&referred->names);
}

void
referred_add(struct referred *referred, const struct definition *toggle)
{
	if (referred->everything)
		return;
	for (size_t i = 0; i < toggle->reference_count; i++)
		referred_add_name(referred, toggle->references[i]);
}

void
referred_add_name(struct referred *referred, struct string name)
{
	/* The map wants some value; only the names count. */
	(void)map_put(&referred->names, name.data, name.length, referred);
}

bool
referred_has(const struct referred *referred, struct string name)
{
	return referred->everything ||
	       map_find(&referred->names, name.data, name.length) != NULL;
}

void
referred_put(const struct referred *referred, const struct snapshot *snapshot,
	     struct bytes *out)
{
	const struct definition *segment;
	struct snapshot_walk walk;

	bytes_append_char(out, '{');
	snapshot_walk_from(&walk, snapshot, KIND_SEGMENT,
			   (struct string){ "", 0 });
	while ((segment = snapshot_walk_next(&walk)) != NULL) {
		if (!referred_has(referred, segment->key))
			continue;
		put_name(out, segment->key);
		bytes_append(out, segment->core.data, segment->core.length);
	}
	bytes_append_char(out, '}');
}
