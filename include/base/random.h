/*
 * Randomness: a seeded generator for jitter (tests own the seed), and the
 * kernel's for what must not be guessed.
 */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random {
	uint64_t state;
};

void random_seed(struct random *random, uint64_t seed);

/* Uniform in 0 .. bound - 1; 0 when bound is 0. */
uint64_t random_below(struct random *random, uint64_t bound);

/* Unpredictable bytes from the kernel; ends the process if there are none. */
void random_bytes(void *data, size_t length);

#endif
