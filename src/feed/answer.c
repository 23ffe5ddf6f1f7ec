#include "feed/answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "model/name.h"
#include "wire/document.h"
#include "wire/values.h"

enum { MEMO_NAME_BYTES = NAME_KEY_MAX + 64 };

static struct blob *
build_changes(const struct snapshot *snapshot, void *ctx)
{
	const struct answer *answer = ctx;
	struct bytes out;

	bytes_init(&out);
	document_changes(snapshot, answer->epoch, answer->topic->prefix,
			 answer->since, &out);
	return blob_from_bytes(&out);
}

static struct blob *
build_current(const struct snapshot *snapshot, void *ctx)
{
	const struct answer *answer = ctx;
	const struct feed_evaluator *evaluator = answer->evaluator;
	struct bytes out;

	if (evaluator->build != NULL)
		return evaluator->build(answer->topic, snapshot, answer->epoch,
					evaluator->ctx);
	bytes_init(&out);
	document_values(snapshot, answer->epoch, NULL, answer->topic->prefix,
			&out);
	return blob_from_bytes(&out);
}

static struct blob *
build_unchanged(const struct snapshot *snapshot, void *ctx)
{
	const struct answer *answer = ctx;
	struct bytes out;

	bytes_init(&out);
	document_no_changes(answer->epoch, snapshot->revision, &out);
	return blob_from_bytes(&out);
}

/* How each form is answered. To add one: a row here, its constant in
 * feed/feed.h. */
static const struct form {
	const char *name;
	snapshot_build_fn build;
	bool is_whole; /* always the whole state, whatever `since` is */
	bool is_seen;  /* answer_is_seen */
	bool has_settings;
} forms[] = {
	[TOPIC_CHANGES] = { "changes", build_changes, false, true, false },
	[TOPIC_VALUES] = { "values", build_current, true, false, true },
	[TOPIC_FLAGS] = { "flags", build_current, true, false, true },
	[TOPIC_STATE] = { "state", build_unchanged, false, true, true },
};

bool
answer_is_seen(const struct topic *topic)
{
	return forms[topic->form].is_seen;
}

bool
answer_has_news(const struct topic *topic, const struct snapshot *now,
		int64_t since)
{
	return document_has_changes(now, topic->prefix, since) ||
	       (forms[topic->form].has_settings && now->settings != NULL &&
		now->settings->revision > since);
}

/* Only what many ask for is worth a place, and names end at a NUL. */
static bool
can_be_shared(const struct topic *topic)
{
	return topic->context.length == 0 &&
	       topic->prefix.length <= NAME_KEY_MAX &&
	       (topic->prefix.length == 0 ||
		memchr(topic->prefix.data, '\0', topic->prefix.length) == NULL);
}

static struct blob *
build_or_share(struct answer *answer, const struct snapshot *snapshot)
{
	const struct topic *topic = answer->topic;
	const struct form *form = &forms[topic->form];
	char name[MEMO_NAME_BYTES];

	if (!can_be_shared(topic))
		return form->build(snapshot, answer);
	(void)snprintf(name, sizeof(name), "%s:%s:%" PRId64 ":%.*s", form->name,
		       answer->epoch, answer->since, (int)topic->prefix.length,
		       topic->prefix.length > 0 ? topic->prefix.data : "");
	return snapshot_memo(snapshot, name, form->build, answer);
}

struct blob *
answer_state(const struct answer *answer, const struct snapshot *snapshot)
{
	struct answer copy = *answer;

	/* A cursor from before the horizon needs everything as well. */
	if (forms[answer->topic->form].is_whole ||
	    copy.since < snapshot->horizon)
		copy.since = 0;
	return build_or_share(&copy, snapshot);
}

struct blob *
answer_unchanged(const struct answer *answer, const struct snapshot *snapshot,
		 int64_t *revision)
{
	struct answer copy = *answer;
	char name[MEMO_NAME_BYTES];
	struct bytes out;

	if (forms[answer->topic->form].is_whole) {
		if (snapshot == NULL)
			return NULL;
		*revision = snapshot->revision;
		return answer_state(answer, snapshot);
	}
	if (snapshot != NULL && snapshot->revision >= *revision) {
		*revision = snapshot->revision;
		(void)snprintf(name, sizeof(name), "unchanged:%s", copy.epoch);
		return snapshot_memo(snapshot, name, build_unchanged, &copy);
	}
	/* It has seen a revision that is not published here yet. */
	bytes_init(&out);
	document_no_changes(answer->epoch, *revision, &out);
	return blob_from_bytes(&out);
}
