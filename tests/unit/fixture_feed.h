/*
 * A feed with a clock of its own, clients that note what they are told, and
 * one environment "e" whose changes are published at once.
 */
#ifndef UNIT_FIXTURE_FEED_H
#define UNIT_FIXTURE_FEED_H

#include <stddef.h>
#include <stdint.h>

#include "feed/feed.h"
#include "fixture_model.h"

struct client {
	struct waiter waiter; /* first: the callback casts back */
	unsigned answers;
	enum answer_reason reason;
	int64_t revision;
	struct blob *body; /* the last one, or NULL */
	/* Called inside the answer, if set. */
	void (*then)(struct client *client, void *ctx);
	void *ctx;
};

struct stage {
	int64_t now_ms;
	int64_t look_ms; /* what a look at the clock takes */
	struct feed *feed;
	struct catalog *catalog;
	struct snapshot *snapshot; /* of "e" */
	int64_t head;
};

/* A feed in which "e" stands at revision 1. */
void stage_open(struct stage *stage, const struct feed_evaluator *evaluator);
void stage_close(struct stage *stage);

/* Change `key` in "e" as the next revision; published by stage_publish. */
void stage_change(struct stage *stage, const char *key);
void stage_publish(struct stage *stage);

/* Wait for changes below `prefix` in "e" since the head, for 30 s. */
void stage_wait(struct stage *stage, struct client *client, const char *prefix);

struct topic stage_topic(const char *environment, const char *prefix);

/* Forget what the client was told. */
void client_reset(struct client *client);

#endif
