/*
 * Deterministic CBOR (RFC 8949 §4.2.1) of a value, straight into a hash: how
 * version 3 of {"fractional": …} tells values of any type apart.
 *
 * Numbers without a fraction are integers where CBOR has one for them, others
 * the shortest float that holds them exactly; object members stand in the
 * order of their encoded names.
 */
#ifndef EVAL_CBOR_H
#define EVAL_CBOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "eval/murmur3.h"
#include "model/value.h"

struct machine;

/* False when the machine has no memory for it; the evaluation failed then. */
bool cbor_hash(struct machine *machine, const struct value *value,
	       struct murmur3 *murmur) MUST_CHECK;

/* The parts, for what is not a value: the head of an array of `count` items,
 * and text. */
void cbor_hash_array(size_t count, struct murmur3 *murmur);
void cbor_hash_text(struct string text, struct murmur3 *murmur);

#endif
