/*
 * MurmurHash3_x86_32 (Austin Appleby, public domain), fed piece by piece: what
 * decides into which bucket of a {"fractional": …} a user falls. Its values
 * are part of the contract with flagd and may never change.
 */
#ifndef EVAL_MURMUR3_H
#define EVAL_MURMUR3_H

#include <stddef.h>
#include <stdint.h>

struct murmur3 {
	uint32_t hash;
	uint32_t tail; /* bytes that do not fill a block of four yet */
	uint32_t
	    length; /* of everything so far; its low 2 bits size the tail */
};

/* Seed 0. */
void murmur3_init(struct murmur3 *murmur);
void murmur3_update(struct murmur3 *murmur, const void *data, size_t length);
uint32_t murmur3_final(const struct murmur3 *murmur);

#endif
