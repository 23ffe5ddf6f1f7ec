/*
 * The segments that go into a document: those that its toggles refer to.
 */
#ifndef WIRE_REFERRED_H
#define WIRE_REFERRED_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/map.h"
#include "model/snapshot.h"

struct referred {
	bool everything; /* all segments, whoever refers to them */
	struct map names;
};

void referred_init(struct referred *referred, bool everything);
void referred_fini(struct referred *referred);

/* Those that `toggle` refers to. */
void referred_add(struct referred *referred, const struct definition *toggle);
void referred_add_name(struct referred *referred, struct string name);
bool referred_has(const struct referred *referred, struct string name);

/* Append {name: rule} of those that are there, by name. */
void referred_put(const struct referred *referred,
		  const struct snapshot *snapshot, struct bytes *out);

#endif
