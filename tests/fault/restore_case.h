/*
 * Restoring a backup over a database, with the disk failing meanwhile: what
 * was there before, the restore itself, and what may be left of it.
 *
 * What may be left is the old database, whole, or the new one, whole and with
 * an identity of its own, the old one beside it where it was to be kept. The
 * backup is as it was, and restoring again works.
 *
 * Nothing here asserts once a restore has run: `unsound` says what is wrong.
 */
#ifndef FAULT_RESTORE_CASE_H
#define FAULT_RESTORE_CASE_H

#include <stdbool.h>
#include <stdint.h>

#include "../../src/store/store_private.h"
#include "base/bytes.h"
#include "disk_calls.h"
#include "store/database.h"

struct restore_case {
	const char *name;
	enum { OLD_NONE, OLD_CLOSED, OLD_KILLED } old;
	bool replace;
	bool is_backup_killed; /* it has a log beside it */
};

extern const struct restore_case restore_cases[];
enum { RESTORE_CASES = 5 };

/* Who a database is. */
struct identity {
	char epoch[EPOCH_BYTES];
	uint8_t hash[SHA256_BYTES];
};

/* Database, its log, backup, its log. */
enum { LAID_FILES = 4 };

struct restore_scene {
	const struct restore_case *of;
	char directory[64]; /* with a slash at its end */
	char database[96];
	char backup[96];
	struct bytes laid[LAID_FILES];
	struct identity old;
	struct identity backed_up;
	struct error err;
	int64_t runs;      /* the clock: names of what is kept differ */
	char unsound[640]; /* empty: all is well */
};

void restore_scene_init(struct restore_scene *scene,
			const struct restore_case *of);
void restore_scene_fini(struct restore_scene *scene);

/* Empty the directory. */
void restore_scene_clear(struct restore_scene *scene);

/* Put the files there as they were before, and nothing else. */
void restore_scene_lay(struct restore_scene *scene);

enum status restore_scene_run(struct restore_scene *scene);

/* The copy, or a second name of the old database. */
bool restore_scene_has_leftovers(const struct restore_scene *scene);

enum restore_left { LEFT_OLD, LEFT_NEW, LEFT_UNSOUND };

/* What is left in `directory`. With `again` it is restored once more. */
enum restore_left restore_scene_check(struct restore_scene *scene,
				      const char *directory, bool again);

#endif
