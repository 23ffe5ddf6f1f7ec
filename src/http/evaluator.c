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
	struct usage *usage; /* the loop's */
	struct arena arena;  /* of the context of one request or question */
	struct bytes text;   /* of a context that is to wait */
};

struct evaluator *
evaluator_new(struct clock clock, struct usage *usage)
{
	struct evaluator *evaluator = mem_zalloc(1, sizeof(*evaluator));

	evaluator->clock = clock;
	evaluator->usage = usage;
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

struct eval_context
evaluator_context(struct evaluator *evaluator, const struct snapshot *snapshot,
		  const struct value *data)
{
	return (struct eval_context){
		.data = data,
		.now_s = clock_wall_ms(&evaluator->clock) / MS_PER_SECOND,
		.fractional = definition_fractional(snapshot->settings),
		.scratch = evaluator->scratch,
	};
}

struct eval_context
evaluator_counted(struct evaluator *evaluator, const struct snapshot *snapshot,
		  const struct value *data)
{
	const int64_t now_ms = clock_wall_ms(&evaluator->clock);

	usage_begin(evaluator->usage, snapshot, now_ms);
	return (struct eval_context){
		.data = data,
		.now_s = now_ms / MS_PER_SECOND,
		.fractional = definition_fractional(snapshot->settings),
		.scratch = evaluator->scratch,
		.observe = usage_count,
		.observe_ctx = evaluator->usage,
	};
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
	static const struct json_limits limits = { .allow_nul = true };
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

	q.then = evaluator_context(evaluator, before, &data);
	q.now = evaluator_context(evaluator, after, &data);
	q.now.now_s = q.then.now_s;
	return any_differs(&q);
}

static struct blob *
build(const struct topic *topic, const struct snapshot *snapshot,
      const char *epoch, void *ctx)
{
	struct evaluator *evaluator = ctx;
	struct value data = topic_context(evaluator, topic);
	struct eval_context context =
	    evaluator_counted(evaluator, snapshot, &data);
	struct bytes out;

	bytes_init(&out);
	if (topic->form == TOPIC_VALUES)
		document_values(snapshot, epoch, &context, topic->prefix, &out);
	else
		ofrep_encode_bulk(snapshot, &context, topic->stream, &out);
	return blob_from_bytes(&out);
}

struct feed_evaluator
evaluator_for_feed(struct evaluator *evaluator)
{
	return (struct feed_evaluator){ .touches = touches,
					.build = build,
					.ctx = evaluator };
}
