/*
 * What a disk remembers of one name: what was synced, and in order what was
 * done since. Out of both comes what may be left when the power goes.
 */
#ifndef FAULT_DISK_RECORD_H
#define FAULT_DISK_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/random.h"

enum { SECTOR_BYTES = 512 };

struct pending;

struct record {
	char *path;
	struct bytes synced;   /* content that would survive */
	struct pending *first; /* since then, in order */
	struct pending *last;
	bool is_linked;  /* its name would survive */
	bool is_deleted; /* but perhaps not durably */
	int64_t size;
};

/* The file as it is on the machine, if it is there. */
struct record *record_new(const char *path);
void record_free(struct record *record);

void record_write(struct record *record, int64_t offset, const void *data,
		  size_t length);
void record_truncate(struct record *record, int64_t size);
void record_sync(struct record *record);

/* Deleted: what was written since the sync is gone in any case. */
void record_delete(struct record *record);

/* A new file in the place of one that was deleted. */
void record_revive(struct record *record);

/* What could be there after the power went; `content` is empty. */
void record_wreck(const struct record *record, struct random *random,
		  struct bytes *content);

#endif
