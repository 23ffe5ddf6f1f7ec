#include "fixture_feed.h"

#include <string.h>

static int64_t
now_ms(void *ctx)
{
	struct stage *stage = ctx;

	stage->now_ms += stage->look_ms;
	return stage->now_ms;
}

static void
note(struct waiter *waiter, struct blob *body, int64_t revision,
     enum answer_reason reason, void *ctx)
{
	struct client *client = (struct client *)waiter;

	(void)ctx;
	client->answers++;
	client->reason = reason;
	client->revision = revision;
	blob_unref(client->body);
	client->body = body == NULL ? NULL : blob_ref(body);
	if (client->then != NULL)
		client->then(client, client->ctx);
}

void
stage_open(struct stage *stage, const struct feed_evaluator *evaluator)
{
	struct feed_config config = {
		.clock = { .wall_ms = now_ms, .mono_ms = now_ms, .ctx = stage },
		.seed = 1,
		.answer = note,
	};

	if (evaluator != NULL)
		config.evaluator = *evaluator;
	stage->now_ms = 1000000;
	stage->look_ms = 0;
	stage->feed = feed_new(&config);
	stage->catalog = catalog_new("0123456789abcdef", 0);
	stage->snapshot = fixture_environment("e", 1);
	stage->head = 1;
	stage_publish(stage);
}

void
stage_close(struct stage *stage)
{
	feed_free(stage->feed);
	catalog_unref(stage->catalog);
	snapshot_unref(stage->snapshot);
}

void
stage_change(struct stage *stage, const char *key)
{
	fixture_change(&stage->snapshot, key, ++stage->head, false);
}

void
stage_publish(struct stage *stage)
{
	fixture_publish(&stage->catalog, stage->snapshot);
	feed_publish(stage->feed, stage->catalog);
}

struct topic
stage_topic(const char *environment, const char *prefix)
{
	struct topic topic = {
		.form = TOPIC_CHANGES,
		.environment = fixture_string(environment),
		.prefix = fixture_string(prefix),
	};

	return topic;
}

void
stage_wait(struct stage *stage, struct client *client, const char *prefix)
{
	struct topic topic = stage_topic("e", prefix);

	feed_wait(stage->feed, &client->waiter, &topic, stage->head, 30000);
}

void
client_reset(struct client *client)
{
	blob_unref(client->body);
	memset(client, 0, sizeof(*client));
}
