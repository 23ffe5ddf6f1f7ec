/*
 * Attributes by path: "user.name", "tags.0". In the context there is also
 * "$flagd" with flagKey and timestamp, whatever the context itself says;
 * inside map and the like a path starts at the element. Where a path leads to
 * nothing, the member of that whole name counts: "user.name" may be both.
 */
#ifndef EVAL_PATH_H
#define EVAL_PATH_H

#include "model/value.h"

struct machine;
struct node;

#define PATH_FLAGD "$flagd"
#define PATH_FLAG_KEY "$flagd.flagKey"
#define PATH_TARGETING_KEY "targetingKey"

/* What stands there, null included, or NULL. */
const struct value *path_find(struct machine *machine, struct string path);

/* The same for a path of the context, looked up once an evaluation. */
const struct value *path_find_slot(struct machine *machine, struct string path,
				   unsigned slot);

/* All that paths are looked up in, as one value. */
struct value path_all(struct machine *machine);

#endif
