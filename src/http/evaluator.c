/*
 * A change touches a context when one of the toggles that it may have changed
 * comes to something else for that context. Candidates are the toggles of the
 * delta; when segments changed, also those that refer to any; when the
 * environment's settings changed, all.
 *
 * Both sides are evaluated at the same moment, so that time alone wakes nobody.
 */
#include "evaluator.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "counters.h"
#include "effort.h"
#include "ofrep_cache.h"
#include "wire/definition.h"
#include "wire/json.h"
#include "wire/ofrep.h"
#include "wire/values.h"

enum { MS_PER_SECOND = 1000, TEXT_KEPT_MAX = 64 * 1024 };

struct evaluator {
	struct clock clock;
	struct eval_scratch *scratch;
	struct ofrep_cache *ofrep_cache;
	struct usage *usage;       /* the loop's */
	struct counters *counters; /* likewise */
	struct effort *effort;
	/* Of what is evaluated now: */
	uint64_t account;
	int64_t granted;    /* steps */
	int64_t plain;      /* of them free */
	int64_t steps;      /* of them left */
	struct arena arena; /* of the context of one request or question */
	struct bytes text;  /* of a context that is to wait */
};

struct evaluator *
evaluator_new(struct clock clock, struct usage *usage,
	      struct counters *counters)
{
	struct evaluator *evaluator = mem_zalloc(1, sizeof(*evaluator));

	evaluator->clock = clock;
	evaluator->usage = usage;
	evaluator->counters = counters;
	evaluator->effort = effort_new();
	evaluator->scratch = eval_scratch_new();
	evaluator->ofrep_cache = ofrep_cache_new();
	arena_init(&evaluator->arena);
	bytes_init(&evaluator->text);
	return evaluator;
}

void
evaluator_free(struct evaluator *evaluator)
{
	if (evaluator == NULL)
		return;
	eval_scratch_free(evaluator->scratch);
	ofrep_cache_free(evaluator->ofrep_cache);
	effort_free(evaluator->effort);
	arena_fini(&evaluator->arena);
	bytes_fini(&evaluator->text);
	free(evaluator);
}

struct ofrep_cache *
evaluator_ofrep_cache(struct evaluator *evaluator)
{
	return evaluator->ofrep_cache;
}

struct arena *
evaluator_arena(struct evaluator *evaluator)
{
	arena_reset(&evaluator->arena);
	return &evaluator->arena;
}

struct string
evaluator_text(struct evaluator *evaluator, const struct value *context)
{
	struct bytes *text = &evaluator->text;

	if (text->capacity > TEXT_KEPT_MAX)
		bytes_fini(text);
	bytes_clear(text);
	value_encode(context, text);
	return (struct string){ text->data, text->length };
}

/* Who is in debt has what is free, all others what a request may take. */
static void
grant(struct evaluator *evaluator, const struct snapshot *snapshot,
      uint64_t account)
{
	const int64_t now_ms = clock_mono_ms(&evaluator->clock);

	evaluator->account = account;
	evaluator->plain = effort_plain(tree_count(snapshot->toggles));
	evaluator->granted = evaluator->plain;
	if (effort_debt_ms(evaluator->effort, account, now_ms) == 0)
		evaluator->granted += EFFORT_REQUEST;
	evaluator->steps = evaluator->granted;
}

/* False: it would take more than is free, and more is not to be had. */
static bool
charge(struct evaluator *evaluator)
{
	const int64_t steps = evaluator->granted - evaluator->steps;
	const int64_t costly = steps - evaluator->plain;

	counters_add(&evaluator->counters->evaluation_steps, (uint64_t)steps);
	if (evaluator->granted == evaluator->plain)
		return evaluator->steps > 0;
	if (costly <= 0)
		return true;
	counters_add(&evaluator->counters->evaluation_steps_costly,
		     (uint64_t)costly);
	effort_spend(evaluator->effort, evaluator->account, costly,
		     clock_mono_ms(&evaluator->clock));
	return true;
}

bool
evaluator_afford(struct evaluator *evaluator, int64_t *wait_ms)
{
	if (charge(evaluator))
		return true;
	counters_add(&evaluator->counters->evaluations_refused, 1);
	*wait_ms = effort_debt_ms(evaluator->effort, evaluator->account,
				  clock_mono_ms(&evaluator->clock));
	return false;
}

static struct eval_context
make_context(struct evaluator *evaluator, const struct snapshot *snapshot,
	     const struct value *data)
{
	return (struct eval_context){
		.data = data,
		.now_s = clock_wall_ms(&evaluator->clock) / MS_PER_SECOND,
		.fractional = definition_fractional(snapshot->settings),
		.scratch = evaluator->scratch,
		.steps = &evaluator->steps,
	};
}

struct eval_context
evaluator_context(struct evaluator *evaluator, const struct snapshot *snapshot,
		  const struct value *data, uint64_t account)
{
	grant(evaluator, snapshot, account);
	return make_context(evaluator, snapshot, data);
}

struct eval_context
evaluator_counted(struct evaluator *evaluator, const struct snapshot *snapshot,
		  const struct value *data, uint64_t account)
{
	struct eval_context context =
	    evaluator_context(evaluator, snapshot, data, account);

	usage_begin(evaluator->usage, snapshot,
		    clock_wall_ms(&evaluator->clock));
	context.observe = usage_count;
	context.observe_ctx = evaluator->usage;
	return context;
}

void
evaluator_confirm(struct evaluator *evaluator, const struct snapshot *snapshot,
		  struct string prefix)
{
	usage_confirm(evaluator->usage, snapshot, prefix,
		      clock_wall_ms(&evaluator->clock));
}

void
evaluator_hand_out(struct evaluator *evaluator, const struct snapshot *snapshot)
{
	usage_hand_out(evaluator->usage, snapshot,
		       clock_wall_ms(&evaluator->clock));
}

/* The two sides of a question. */
struct question {
	const struct topic *topic;
	const struct snapshot *before;
	const struct snapshot *after;
	struct eval_context then;
	struct eval_context now;
};

static bool
same_variant(const struct definition *a, int ai, const struct definition *b,
	     int bi)
{
	if (ai < 0 || bi < 0)
		return ai < 0 && bi < 0;
	return string_equal(a->variants[ai].json, b->variants[bi].json);
}

/* Would OFREP show the same for both? */
static bool
same_flag(const struct definition *a, const struct evaluation *then,
	  const struct definition *b, const struct evaluation *now)
{
	if (a == NULL || b == NULL)
		return a == b;
	if (then->reason != now->reason || then->error != now->error ||
	    strcmp(then->detail, now->detail) != 0 ||
	    !string_equal(a->metadata, b->metadata))
		return false;
	return then->variant < 0 ||
	       string_equal(a->variants[then->variant].name,
			    b->variants[now->variant].name);
}

static bool
differs(struct question *q, struct string key)
{
	const struct definition *a =
	    snapshot_find(q->before, KIND_TOGGLE, key.data, key.length);
	const struct definition *b =
	    snapshot_find(q->after, KIND_TOGGLE, key.data, key.length);
	struct evaluation then, now;

	evaluate(a, &q->then, &then);
	evaluate(b, &q->now, &now);
	/* Nobody knows: let it be answered. */
	if (*q->now.steps <= 0)
		return true;
	if (!same_variant(a, then.variant, b, now.variant))
		return true;
	return q->topic->form == TOPIC_FLAGS && !same_flag(a, &then, b, &now);
}

static bool
is_selected(const struct topic *topic, struct string key)
{
	return string_starts_with(key, topic->prefix);
}

/* Toggles that did not change themselves. */
static bool
any_other_differs(struct question *q, bool all)
{
	const struct definition *toggle;
	struct snapshot_walk walk;

	snapshot_walk_from(&walk, q->after, KIND_TOGGLE, q->topic->prefix);
	while ((toggle = snapshot_walk_next(&walk)) != NULL) {
		if ((all || toggle->reference_count > 0) &&
		    differs(q, toggle->key))
			return true;
	}
	return false;
}

static bool
any_differs(struct question *q)
{
	bool settings = q->before->settings != q->after->settings;
	bool segments = false;
	const struct definition *d;
	struct tree_walk walk;

	if (settings && q->topic->form == TOPIC_FLAGS)
		return true;
	snapshot_walk_since(&walk, q->after, q->before->revision);
	while ((d = tree_walk_next(&walk)) != NULL) {
		if (d->kind == KIND_SEGMENT)
			segments = true;
		else if (d->kind == KIND_TOGGLE &&
			 is_selected(q->topic, d->key) && differs(q, d->key))
			return true;
	}
	return (settings || segments) && any_other_differs(q, settings);
}

/* The context of a topic, out of its canonical text. */
static struct value
topic_context(struct evaluator *evaluator, const struct topic *topic)
{
	static const struct json_limits limits = { .foreign = true };
	struct value data = { .type = VALUE_OBJECT };
	struct arena *arena = evaluator_arena(evaluator);

	if (topic->context.length > 0 &&
	    json_decode(topic->context.data, topic->context.length, &limits,
			arena, &data, NULL) != STATUS_OK)
		data = (struct value){ .type = VALUE_OBJECT };
	return data;
}

static bool
touches(const struct topic *topic, const struct snapshot *before,
	const struct snapshot *after, void *ctx)
{
	struct evaluator *evaluator = ctx;
	struct value data = topic_context(evaluator, topic);
	struct question q = { .topic = topic,
			      .before = before,
			      .after = after };
	bool touched;

	/* One budget for both sides. */
	q.then = evaluator_context(evaluator, after, &data, topic->account);
	q.now = q.then;
	q.then.fractional = definition_fractional(before->settings);
	touched = any_differs(&q);
	return !charge(evaluator) || touched;
}

/* NULL: the account of the topic is in debt. */
static struct blob *
build(const struct topic *topic, const struct snapshot *snapshot,
      const char *epoch, void *ctx)
{
	struct evaluator *evaluator = ctx;
	struct value data = topic_context(evaluator, topic);
	struct eval_context context =
	    evaluator_counted(evaluator, snapshot, &data, topic->account);
	struct bytes out;
	int64_t wait_ms;

	context.terse = topic->terse;
	bytes_init(&out);
	if (topic->form == TOPIC_VALUES)
		document_values(snapshot, epoch, &context, topic->prefix, &out);
	else
		ofrep_encode_bulk(snapshot, &context, topic->stream, &out);
	if (evaluator_afford(evaluator, &wait_ms))
		return blob_from_bytes(&out);
	bytes_fini(&out);
	return NULL;
}

static bool
is_in_debt(const struct topic *topic, void *ctx)
{
	const struct evaluator *evaluator = ctx;

	return effort_debt_ms(evaluator->effort, topic->account,
			      clock_mono_ms(&evaluator->clock)) > 0;
}

struct feed_evaluator
evaluator_for_feed(struct evaluator *evaluator)
{
	return (struct feed_evaluator){ .touches = touches,
					.build = build,
					.goes_last = is_in_debt,
					.ctx = evaluator };
}
