/*
 * The life of an environment: the revisions since it was made. One that is made
 * again begins another, unless it is a rollback that makes it: then the old one
 * goes on. The log says so by an item of a kind of its own in that change,
 * which no release before this one knows, and all keep.
 *
 * Private to src/store.
 */
#ifndef STORE_LIFE_H
#define STORE_LIFE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "model/definition.h"

/* Behind all kinds that leave the store; on disk. */
enum { KIND_LIFE = 4 };

extern const struct string life_key;

enum { LIFE_TEXT_BYTES = 40 };

/* The text of the item, in `text`. */
struct string life_encode(int64_t revision, char text[LIFE_TEXT_BYTES]);

/* Back from it; 0: it is none. */
int64_t life_decode(struct string text);

#endif
