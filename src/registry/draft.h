/*
 * A draft: one change while it is being made. Each edit is held against the
 * environment as it will be after the edits before it; what remains in
 * `change` is only what really differs.
 *
 * A draft owns its change, borrows the snapshot it starts from, and lives on
 * the registry's thread for the time of one job.
 */
#ifndef SRC_REGISTRY_DRAFT_H
#define SRC_REGISTRY_DRAFT_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/map.h"
#include "model/snapshot.h"
#include "pulse.h"
#include "registry/registry.h"
#include "wire/definition.h"

struct draft {
	const struct snapshot *base;
	struct change *change;
	struct stamp stamp;
	const struct token *by; /* what its maker may do; NULL: everything */
	bool lenient;
	struct arena arena;   /* lasts as long as the draft */
	struct arena scratch; /* of one edit */
	struct map rules;   /* segment name -> its parsed rule, as it will be */
	struct map touched; /* kind and key -> change_item index + 1 */
	struct pulse *pulse;
};

void draft_init(struct draft *draft, const struct snapshot *base,
		const struct job *job, const struct stamp *stamp);
void draft_fini(struct draft *draft);

/* Apply the edits: environments first, then segments, then toggles, so that
 * targeting is checked against the segments as they will be. */
enum status draft_apply(struct draft *draft, const struct edit *edits,
			size_t count, struct error *err) MUST_CHECK;

/* Every segment that a toggle refers to is there, in the environment as it will
 * be. STATUS_CONFLICT names the toggles. */
enum status draft_check_references(struct draft *draft,
				   struct error *err) MUST_CHECK;

/* The environment after the change, with the programs of toggles compiled anew
 * whose segments changed. */
enum status draft_finish(struct draft *draft, struct snapshot **after,
			 struct error *err) MUST_CHECK;

/* What the environment will hold under that key; borrowed, NULL: nothing. */
const struct definition *draft_find(const struct draft *draft, enum kind kind,
				    struct string key);

#endif
