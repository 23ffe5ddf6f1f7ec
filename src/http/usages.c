#include "usages.h"

#include <stdlib.h>
#include <string.h>

#include "loop.h"

void
usages_gather(const struct service *service, struct string environment,
	      const struct definition *toggle, struct usage_sum *sum)
{
	sum->evaluations = 0;
	sum->none = 0;
	sum->errors = 0;
	sum->last_ms = 0;
	memset(sum->variants, 0,
	       toggle->variant_count * sizeof(sum->variants[0]));
	for (unsigned i = 0; i < service->loop_count; i++)
		usage_gather(service->loops[i]->usage, environment, toggle,
			     sum);
}

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

void
usages_total(const struct service *service, struct string environment,
	     struct usages_total *total)
{
	memset(total, 0, sizeof(*total));
	for (unsigned i = 0; i < service->loop_count; i++) {
		struct usage *usage = service->loops[i]->usage;

		total->since_ms = later(total->since_ms, usage_since_ms(usage));
		total->handed_out_ms =
		    later(total->handed_out_ms,
			  usage_handed_out_ms(usage, environment));
		total->overflow += usage_overflow(usage);
		usage_gather_reasons(usage, environment, total->reasons);
	}
}

/* The best of those that have been seen; in no order while it fills. */
struct ranking {
	const struct snapshot *snapshot; /* of what is visited */
	struct busy *items;
	size_t count;
	size_t max;
	size_t least; /* index of the one that gives way; when it is full */
};

static void
find_least(struct ranking *ranking)
{
	ranking->least = 0;
	for (size_t i = 1; i < ranking->count; i++) {
		if (ranking->items[i].evaluations <
		    ranking->items[ranking->least].evaluations)
			ranking->least = i;
	}
}

static struct busy *
find_place(struct ranking *ranking, const struct definition *toggle)
{
	for (size_t i = 0; i < ranking->count; i++) {
		if (ranking->items[i].toggle == toggle)
			return &ranking->items[i];
	}
	if (ranking->count < ranking->max) {
		ranking->items[ranking->count].evaluations = 0;
		return &ranking->items[ranking->count++];
	}
	return &ranking->items[ranking->least];
}

/* A usage_visit_fn. */
static void
rank(struct string key, uint64_t evaluations, void *ctx)
{
	struct ranking *ranking = ctx;
	const struct definition *toggle;
	struct busy *place;

	if (evaluations == 0 ||
	    (ranking->count == ranking->max &&
	     evaluations <= ranking->items[ranking->least].evaluations))
		return;
	toggle =
	    snapshot_find(ranking->snapshot, KIND_TOGGLE, key.data, key.length);
	if (toggle == NULL)
		return;
	place = find_place(ranking, toggle);
	if (place->evaluations < evaluations)
		*place =
		    (struct busy){ ranking->snapshot, toggle, evaluations };
	find_least(ranking);
}

static int
compare_busy(const void *a, const void *b)
{
	const struct busy *x = a;
	const struct busy *y = b;

	return (x->evaluations < y->evaluations) -
	       (x->evaluations > y->evaluations);
}

size_t
usages_busiest(const struct service *service, const struct catalog *catalog,
	       const struct token *token, struct busy *busiest, size_t max)
{
	struct ranking ranking = { .items = busiest, .max = max };
	struct tree_walk walk;

	tree_walk_from(&walk, catalog->snapshots, &catalog_by_environment,
		       NULL);
	while ((ranking.snapshot = tree_walk_next(&walk)) != NULL) {
		const struct string name = ranking.snapshot->environment;

		if (token != NULL && !token_sees(token, name.data, name.length))
			continue;
		for (unsigned i = 0; i < service->loop_count; i++)
			usage_each(service->loops[i]->usage, name, rank,
				   &ranking);
	}
	if (ranking.count > 1)
		qsort(busiest, ranking.count, sizeof(*busiest), compare_busy);
	return ranking.count;
}
