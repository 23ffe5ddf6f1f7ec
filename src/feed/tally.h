/*
 * Tallies: how often each toggle of an environment was evaluated, by variant,
 * and when last.
 *
 * Found by the definition's address, which is cheaper than hashing a key. A
 * tally keeps a reference to its definition, so no other one can come to stand
 * at that address. When the toggle gets another definition its tally is made
 * anew, and what was counted moves over by the variants' names.
 *
 * One thread owns the table and may do everything. Other threads may look
 * (tallies_find_key, tallies_next, tally_*), while they hold the lock under
 * which the owner calls tallies_put and tallies_take.
 */
#ifndef SRC_FEED_TALLY_H
#define SRC_FEED_TALLY_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "eval/evaluate.h"
#include "model/definition.h"

/* Counters behind those of the variants. */
enum tally_extra {
	TALLY_NONE,  /* came to no variant, without a fault */
	TALLY_ERROR, /* failed */
	TALLY_PAST,  /* came to variants that are no more */
	TALLY_EXTRAS
};

struct tally {
	struct definition *toggle; /* as evaluated last; a reference */
	atomic_int_least64_t last_ms;
	atomic_uint_least64_t counts[]; /* of the variants, then the extras */
};

struct tally_index {
	struct tally_slot *slots;
	size_t capacity; /* a power of two, or 0; at most half is used */
	size_t count;
};

struct tallies {
	struct tally_index by_address;
	struct tally_index by_key;
};

void tallies_init(struct tallies *tallies);
void tallies_fini(struct tallies *tallies);
size_t tallies_count(const struct tallies *tallies);

/* The tally of this very definition, or NULL. */
struct tally *tallies_find(const struct tallies *tallies,
			   const struct definition *toggle);

/* The tally of the toggle of that key, whatever its definition; or NULL. */
struct tally *tallies_find_key(const struct tallies *tallies,
			       struct string key);

/* A tally for this definition, with what was counted for the toggle before. */
struct tally *tallies_put(struct tallies *tallies,
			  const struct definition *toggle) MUST_CHECK;

/* Forget a toggle. Harmless when there is no tally of it. */
void tallies_take(struct tallies *tallies, struct string key);

/* Walk in no particular order; start with *at = 0. NULL at the end. When the
 * table changes meanwhile, a tally may be missed or come twice. */
struct tally *tallies_next(const struct tallies *tallies, size_t *at);

/* How many evaluations. */
uint64_t tally_total(const struct tally *tally);

static inline uint64_t
tally_extra(const struct tally *tally, enum tally_extra extra)
{
	return atomic_load_explicit(
	    &tally->counts[tally->toggle->variant_count + (size_t)extra],
	    memory_order_relaxed);
}

/* The owner alone writes, so a load and a store are an increment. */
static inline void
tally_increment(atomic_uint_least64_t *counter)
{
	uint64_t now = atomic_load_explicit(counter, memory_order_relaxed);

	atomic_store_explicit(counter, now + 1, memory_order_relaxed);
}

static inline int64_t
tally_time(const struct tally *tally)
{
	return atomic_load_explicit(&tally->last_ms, memory_order_relaxed);
}

/* The owner: it was in use at `now_ms`. */
static inline void
tally_touch(struct tally *tally, int64_t now_ms)
{
	atomic_store_explicit(&tally->last_ms, now_ms, memory_order_relaxed);
}

/* The owner: an evaluation of the tally's definition. */
static inline void
tally_count(struct tally *tally, const struct evaluation *evaluation,
	    int64_t now_ms)
{
	size_t at = tally->toggle->variant_count;

	if (evaluation->variant >= 0)
		at = (size_t)evaluation->variant;
	else
		at += evaluation->reason == REASON_ERROR ? TALLY_ERROR
							 : TALLY_NONE;
	tally_increment(&tally->counts[at]);
	tally_touch(tally, now_ms);
}

#endif
