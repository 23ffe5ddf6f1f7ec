/*
 * "Did you mean …?": the known word that is nearest to a misspelt one.
 */
#ifndef MODEL_NEAREST_H
#define MODEL_NEAREST_H

#include <stddef.h>

#include "model/value.h"

struct nearest {
	struct string word;
	size_t distance;     /* of `found`, or what is too far */
	struct string found; /* data is NULL while nothing is near enough */
};

void nearest_init(struct nearest *nearest, struct string word);

/* Consider a known word; it is borrowed. */
void nearest_offer(struct nearest *nearest, const char *known, size_t length);

#endif
