/*
 * Usage as others see it, while the loop goes on counting: the lock keeps the
 * tallies in place, not the counters still.
 */
#include "feed/usage.h"
#include "usage_private.h"

enum { VISITS_PER_LOCK = 256 };

int64_t
usage_since_ms(const struct usage *usage)
{
	return usage->since_ms;
}

uint64_t
usage_overflow(const struct usage *usage)
{
	return atomic_load_explicit(&usage->overflow, memory_order_relaxed);
}

/* The latest sign that a toggle which has a tally is in use. */
static int64_t
last_of(const struct ledger *ledger, const struct tally *tally)
{
	int64_t marked = marks_last(&ledger->marks, tally->toggle->key);
	int64_t counted = tally_time(tally);

	return marked > counted ? marked : counted;
}

/* Each counter is read once, as the loop goes on counting meanwhile: what is in
 * a part is in the whole. */
static uint64_t
add_one(const struct tally *tally, size_t at, struct usage_sum *sum)
{
	uint64_t n =
	    atomic_load_explicit(&tally->counts[at], memory_order_relaxed);

	sum->evaluations += n;
	return n;
}

static void
add_counts(const struct tally *tally, const struct definition *toggle,
	   struct usage_sum *sum)
{
	const size_t count = tally->toggle->variant_count;
	uint64_t failed;

	for (size_t i = 0; i < count; i++) {
		const struct string *name = &tally->toggle->variants[i].name;
		const uint64_t n = add_one(tally, i, sum);
		int at = (int)i;

		if (tally->toggle != toggle)
			at = definition_find_variant(toggle, name->data,
						     name->length);
		if (at >= 0)
			sum->variants[at] += n;
	}
	(void)add_one(tally, count + TALLY_PAST, sum);
	failed = add_one(tally, count + TALLY_ERROR, sum);
	sum->errors += failed;
	sum->none += failed + add_one(tally, count + TALLY_NONE, sum);
}

void
usage_gather(struct usage *usage, struct string environment,
	     const struct definition *toggle, struct usage_sum *sum)
{
	const struct ledger *ledger;
	const struct tally *tally = NULL;
	int64_t last;

	pthread_mutex_lock(&usage->mutex);
	ledger = usage_find_ledger(usage, environment);
	if (ledger != NULL)
		tally = tallies_find_key(&ledger->tallies, toggle->key);
	if (tally != NULL) {
		last = last_of(ledger, tally);
		sum->last_ms = last > sum->last_ms ? last : sum->last_ms;
		add_counts(tally, toggle, sum);
	}
	pthread_mutex_unlock(&usage->mutex);
}

void
usage_gather_reasons(struct usage *usage, struct string environment,
		     uint64_t reasons[REASON_COUNT])
{
	const struct ledger *ledger;

	pthread_mutex_lock(&usage->mutex);
	ledger = usage_find_ledger(usage, environment);
	for (size_t i = 0; ledger != NULL && i < REASON_COUNT; i++)
		reasons[i] += atomic_load_explicit(&ledger->reasons[i],
						   memory_order_relaxed);
	pthread_mutex_unlock(&usage->mutex);
}

int64_t
usage_handed_out_ms(struct usage *usage, struct string environment)
{
	const struct ledger *ledger;
	int64_t at_ms = 0;

	pthread_mutex_lock(&usage->mutex);
	ledger = usage_find_ledger(usage, environment);
	if (ledger != NULL)
		at_ms = atomic_load_explicit(&ledger->handed_out_ms,
					     memory_order_relaxed);
	pthread_mutex_unlock(&usage->mutex);
	return at_ms;
}

void
usage_each(struct usage *usage, struct string environment, usage_visit_fn visit,
	   void *ctx)
{
	const struct tally *tally;
	size_t at = 0;

	/* A few at a time, so that the loop never waits long. */
	do {
		const struct ledger *ledger;

		tally = NULL;
		pthread_mutex_lock(&usage->mutex);
		ledger = usage_find_ledger(usage, environment);
		for (int i = 0; ledger != NULL && i < VISITS_PER_LOCK; i++) {
			tally = tallies_next(&ledger->tallies, &at);
			if (tally == NULL)
				break;
			visit(tally->toggle->key, tally_total(tally), ctx);
		}
		pthread_mutex_unlock(&usage->mutex);
	} while (tally != NULL);
}
