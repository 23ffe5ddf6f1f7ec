#include "disk_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Something that happened to a file since it was synced. */
struct pending {
	struct pending *next;
	bool is_truncate;
	int64_t offset; /* truncate: the new size */
	size_t length;
	char *data;
};

static void
forget_pending(struct record *record)
{
	while (record->first != NULL) {
		struct pending *next = record->first->next;
		free(record->first->data);
		free(record->first);
		record->first = next;
	}
	record->last = NULL;
}

struct record *
record_new(const char *path)
{
	struct record *record = mem_zalloc(1, sizeof(*record));
	FILE *file = fopen(path, "rb");

	record->path = mem_strdup(path);
	bytes_init(&record->synced);
	if (file != NULL) {
		char chunk[4096];
		size_t got = fread(chunk, 1, sizeof(chunk), file);
		while (got > 0) {
			bytes_append(&record->synced, chunk, got);
			got = fread(chunk, 1, sizeof(chunk), file);
		}
		record->is_linked = true;
		(void)fclose(file);
	}
	record->size = (int64_t)record->synced.length;
	return record;
}

void
record_free(struct record *record)
{
	forget_pending(record);
	bytes_fini(&record->synced);
	free(record->path);
	free(record);
}

static void
note(struct record *record, bool is_truncate, int64_t offset, const void *data,
     size_t length)
{
	struct pending *pending = mem_zalloc(1, sizeof(*pending));

	pending->is_truncate = is_truncate;
	pending->offset = offset;
	pending->length = length;
	if (length > 0)
		pending->data = mem_copy(data, length);
	if (record->last != NULL)
		record->last->next = pending;
	else
		record->first = pending;
	record->last = pending;
}

void
record_write(struct record *record, int64_t offset, const void *data,
	     size_t length)
{
	note(record, false, offset, data, length);
}

void
record_truncate(struct record *record, int64_t size)
{
	note(record, true, size, NULL, 0);
}

static void
resize(struct bytes *content, size_t size)
{
	static const char zeroes[SECTOR_BYTES];

	while (content->length < size) {
		const size_t more = size - content->length;
		bytes_append(content, zeroes,
			     more < sizeof(zeroes) ? more : sizeof(zeroes));
	}
	if (content->length > size) {
		content->length = size;
		content->data[size] = '\0';
	}
}

static void
put(struct bytes *content, int64_t offset, const char *data, size_t length)
{
	const size_t end = (size_t)offset + length;

	if (length == 0)
		return;
	if (content->length < end)
		resize(content, end);
	memcpy(content->data + offset, data, length);
}

void
record_sync(struct record *record)
{
	for (struct pending *p = record->first; p != NULL; p = p->next) {
		if (p->is_truncate)
			resize(&record->synced, (size_t)p->offset);
		else
			put(&record->synced, p->offset, p->data, p->length);
	}
	forget_pending(record);
}

void
record_delete(struct record *record)
{
	record->is_deleted = true;
	forget_pending(record);
	record->size = 0;
}

void
record_revive(struct record *record)
{
	bytes_clear(&record->synced);
	forget_pending(record);
	record->is_linked = false;
	record->is_deleted = false;
}

/* One write that was not synced: each sector of it by its own fate. */
static void
wreck_write(struct bytes *content, const struct pending *p,
	    struct random *random)
{
	size_t done = 0;

	while (done < p->length) {
		const size_t offset = (size_t)p->offset + done;
		size_t part = SECTOR_BYTES - offset % SECTOR_BYTES;
		if (part > p->length - done)
			part = p->length - done;
		switch (random_below(random, 3)) {
		case 0: /* kept */
			put(content, (int64_t)offset, p->data + done, part);
			break;
		case 1: /* torn */
			put(content, (int64_t)offset, p->data + done,
			    (size_t)random_below(random, part));
			break;
		default: /* dropped */
			break;
		}
		done += part;
	}
}

/* A third of the wrecks lose all that was not synced, a third keep all of it,
 * the rest is a mixture. */
void
record_wreck(const struct record *record, struct random *random,
	     struct bytes *content)
{
	const uint64_t manner = random_below(random, 3);

	bytes_append(content, record->synced.data, record->synced.length);
	for (const struct pending *p = record->first; p != NULL; p = p->next) {
		if (manner == 0)
			continue;
		if (p->is_truncate) {
			if (manner == 1 || random_below(random, 2) == 0)
				resize(content, (size_t)p->offset);
		} else if (manner == 1) {
			put(content, p->offset, p->data, p->length);
		} else {
			wreck_write(content, p, random);
		}
	}
}
