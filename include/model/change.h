/*
 * A change: one atomic commit to one environment. The only way anything
 * changes. Before and after of each definition travel with it, so that
 * history, dry run and rollback speak of the same thing.
 */
#ifndef MODEL_CHANGE_H
#define MODEL_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/hash.h"
#include "model/definition.h"

struct change_item {
	enum kind kind;
	struct string key;
	struct definition *before; /* NULL: there was none */
	struct definition *after;  /* NULL: removed */
};

struct change {
	int64_t revision;
	int64_t at_ms; /* what the wall clock said; may lie before the last's */
	struct string environment;
	struct string actor;
	struct string comment;
	/* It makes an environment again that was removed, and that goes on with
	 * a life which began with this revision; 0: nothing of that. */
	int64_t life;
	struct change_item *items; /* each kind and key at most once */
	size_t count;
	/* Its place in the chain of all changes; none until it is stored. */
	bool has_hash;
	uint8_t hash[SHA256_BYTES];
};

/* An owned change without items; copies the strings. */
struct change *change_new(struct string environment, struct string actor,
			  struct string comment) MUST_CHECK;

/* Append an item; takes one reference of its own to before and after. */
void change_add(struct change *change, enum kind kind, struct string key,
		const struct definition *before,
		const struct definition *after);

/* NULL is allowed. */
void change_free(struct change *change);

#endif
