#include "ofrep_cache.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "eval/program.h"

enum { PLACES = 4096 };

struct entry {
	uint64_t body;    /* hash under the process's random key */
	uint64_t place;   /* of environment and event stream, likewise */
	int64_t revision; /* 0: empty */
	uint64_t tag;
};

struct ofrep_cache {
	struct entry entries[PLACES];
};

struct ofrep_cache *
ofrep_cache_new(void)
{
	return mem_zalloc(1, sizeof(struct ofrep_cache));
}

void
ofrep_cache_free(struct ofrep_cache *cache)
{
	free(cache);
}

static struct entry
entry_of(const struct snapshot *snapshot, struct string body,
	 struct string stream)
{
	return (struct entry){
		.body = hash_bytes(body.data, body.length),
		.place = hash_bytes(snapshot->environment.data,
				    snapshot->environment.length) ^
			 hash_bytes(stream.data, stream.length),
		.revision = snapshot->revision,
	};
}

static size_t
place_of(const struct entry *entry)
{
	return (entry->body ^ entry->place) % PLACES;
}

bool
ofrep_cache_find(const struct ofrep_cache *cache,
		 const struct snapshot *snapshot, struct string body,
		 struct string stream, uint64_t *tag)
{
	const struct entry want = entry_of(snapshot, body, stream);
	const struct entry *have = &cache->entries[place_of(&want)];

	if (have->revision != want.revision || have->body != want.body ||
	    have->place != want.place)
		return false;
	*tag = have->tag;
	return true;
}

static bool
is_timeless(const struct snapshot *snapshot)
{
	const struct definition *toggle;
	struct snapshot_walk walk;

	snapshot_walk_from(&walk, snapshot, KIND_TOGGLE,
			   (struct string){ "", 0 });
	while ((toggle = snapshot_walk_next(&walk)) != NULL) {
		if (toggle->program != NULL &&
		    program_uses_timestamp(toggle->program))
			return false;
	}
	return true;
}

void
ofrep_cache_put(struct ofrep_cache *cache, const struct snapshot *snapshot,
		struct string body, struct string stream, uint64_t tag)
{
	struct entry entry = entry_of(snapshot, body, stream);

	if (!is_timeless(snapshot))
		return;
	entry.tag = tag;
	cache->entries[place_of(&entry)] = entry;
}
