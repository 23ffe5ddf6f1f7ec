/*
 * What may be in a directory after the power went: the files (disk_record.h),
 * and the names that lead to them. A name that was made, moved or removed is
 * sure once the directory was synced; until then each of these has happened or
 * has not. Nothing is taken for granted that POSIX does not promise.
 */
#ifndef FAULT_DISK_NAMES_H
#define FAULT_DISK_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "disk_calls.h"

struct disk_names;

/* The directory as it is now (its path ends with a slash): all of it synced. */
struct disk_names *disk_names_new(const char *directory);
void disk_names_free(struct disk_names *names);

/* One more thing happens. */
void disk_names_apply(struct disk_names *names, const struct disk_event *event);

/* Write into `directory` what the power could have left. */
void disk_names_wreck(const struct disk_names *names, uint64_t seed,
		      const char *directory);

/* How many cuts in all, and the seed they start from: $POWER_ROUNDS,
 * $POWER_SEED, for a longer run or to bring one back. */
int power_rounds(int usual);
uint64_t power_seed(void);

#endif
