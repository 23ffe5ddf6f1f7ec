/*
 * Pieces that documents are put together from.
 */
#ifndef WIRE_PUT_H
#define WIRE_PUT_H

#include <stdint.h>

#include "base/bytes.h"
#include "model/value.h"

/* A comma, unless something opens right before it. */
void put_comma(struct bytes *out);

/* A comma where one is needed, "NAME": */
void put_name(struct bytes *out, struct string name);
void put_member(struct bytes *out, const char *name);

void put_string(struct bytes *out, struct string string);
void put_text(struct bytes *out, const char *text);

/* What was put from `start` on is an error's: who pastes a token in the wrong
 * place does not get it back. */
void put_masked(struct bytes *out, size_t start);

/* "revision":R,"epoch":"E","cursor":"E.R" as members of an open object. */
void put_position(struct bytes *out, const char *epoch, int64_t revision);

#endif
