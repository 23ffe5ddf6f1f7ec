/*
 * The lock is held to look, never while something is built: an entry without a
 * blob says that somebody builds it, and whoever comes meanwhile builds one of
 * its own. The first that is ready is remembered, so that all who come later
 * share it. Entries stay until the end, so a pointer to one outlives the lock.
 */
#include "model/memo.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct entry {
	struct entry *next;
	char *name;
	struct blob *blob; /* NULL: being built, or too large to be kept */
	unsigned builders; /* at it now */
};

struct memo {
	pthread_mutex_t lock;
	struct entry *entries;
	unsigned count;
	size_t bytes; /* of all blobs */
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

/* The entry of that name, made if there is room; else NULL. */
static struct entry *
open_entry(struct memo *memo, const char *name)
{
	struct entry *entry;

	for (entry = memo->entries; entry != NULL; entry = entry->next) {
		if (strcmp(entry->name, name) == 0)
			return entry;
	}
	if (memo->count == SNAPSHOT_MEMO_MAX)
		return NULL;
	entry = mem_zalloc(1, sizeof(*entry));
	entry->name = mem_strdup(name);
	entry->next = memo->entries;
	memo->entries = entry;
	memo->count++;
	return entry;
}

/* What is remembered, with a reference; else NULL, and the caller builds it. */
static struct blob *
look(struct memo *memo, const char *name, struct entry **entry, bool *is_built)
{
	struct blob *blob = NULL;

	*is_built = false;
	(void)pthread_mutex_lock(&memo->lock);
	*entry = open_entry(memo, name);
	if (*entry != NULL && (*entry)->blob != NULL)
		blob = blob_ref((*entry)->blob);
	else if (*entry != NULL)
		*is_built = (*entry)->builders++ > 0;
	(void)pthread_mutex_unlock(&memo->lock);
	return blob;
}

/* Of several who built it, all go on with the first one's. */
static struct blob *
settle(struct memo *memo, struct entry *entry, struct blob *blob)
{
	struct blob *other = NULL;

	(void)pthread_mutex_lock(&memo->lock);
	entry->builders--;
	if (blob != NULL && entry->blob == NULL &&
	    blob->length <= SNAPSHOT_MEMO_BYTES - memo->bytes) {
		entry->blob = blob_ref(blob);
		memo->bytes += blob->length;
	} else if (blob != NULL && entry->blob != NULL) {
		other = blob_ref(entry->blob);
	}
	(void)pthread_mutex_unlock(&memo->lock);
	if (other == NULL)
		return blob;
	blob_unref(blob);
	return other;
}

struct blob *
memo_get(struct memo *memo, const struct snapshot *snapshot, const char *name,
	 snapshot_build_fn build, void *ctx)
{
	struct entry *entry;
	bool is_built;
	struct blob *blob = look(memo, name, &entry, &is_built);

	if (blob != NULL)
		return blob;
	blob = build(snapshot, ctx);
	return entry == NULL ? blob : settle(memo, entry, blob);
}

struct blob *
memo_try(struct memo *memo, const struct snapshot *snapshot, const char *name,
	 snapshot_build_fn build, void *ctx)
{
	struct entry *entry;
	bool is_built;
	struct blob *blob = look(memo, name, &entry, &is_built);

	if (blob != NULL)
		return blob;
	if (!is_built)
		blob = build(snapshot, ctx);
	return entry == NULL ? blob : settle(memo, entry, blob);
}
