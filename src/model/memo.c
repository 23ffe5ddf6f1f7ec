#include "model/memo.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct entry {
	struct entry *next;
	char *name;
	struct blob *blob;
};

struct memo {
	pthread_mutex_t lock;
	struct entry *entries;
	unsigned count;
};

struct memo *
memo_new(void)
{
	struct memo *memo = mem_zalloc(1, sizeof(*memo));

	(void)pthread_mutex_init(&memo->lock, NULL);
	return memo;
}

void
memo_free(struct memo *memo)
{
	if (memo == NULL)
		return;
	while (memo->entries != NULL) {
		struct entry *entry = memo->entries;

		memo->entries = entry->next;
		blob_unref(entry->blob);
		free(entry->name);
		free(entry);
	}
	(void)pthread_mutex_destroy(&memo->lock);
	free(memo);
}

static struct blob *
find(const struct memo *memo, const char *name)
{
	for (const struct entry *e = memo->entries; e != NULL; e = e->next) {
		if (strcmp(e->name, name) == 0)
			return e->blob;
	}
	return NULL;
}

static void
remember(struct memo *memo, const char *name, struct blob *blob)
{
	struct entry *entry = mem_alloc(sizeof(*entry));

	entry->next = memo->entries;
	entry->name = mem_strdup(name);
	entry->blob = blob_ref(blob);
	memo->entries = entry;
	memo->count++;
}

struct blob *
memo_get(struct memo *memo, const struct snapshot *snapshot, const char *name,
	 snapshot_build_fn build, void *ctx)
{
	struct blob *blob;

	(void)pthread_mutex_lock(&memo->lock);
	blob = find(memo, name);
	if (blob != NULL) {
		(void)blob_ref(blob);
	} else if (memo->count < SNAPSHOT_MEMO_MAX) {
		blob = build(snapshot, ctx);
		remember(memo, name, blob);
	}
	(void)pthread_mutex_unlock(&memo->lock);
	return blob != NULL ? blob : build(snapshot, ctx);
}
