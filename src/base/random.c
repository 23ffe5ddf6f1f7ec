/*
 * The seeded generator is SplitMix64 (Steele, Lea, Flood, "Fast Splittable
 * Pseudorandom Number Generators", 2014): one word of state, any seed is good.
 */
#include "base/random.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

void
random_seed(struct random *random, uint64_t seed)
{
	random->state = seed;
}

static uint64_t
next(struct random *random)
{
	uint64_t z;

	random->state += 0x9e3779b97f4a7c15;
	z = random->state;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

uint64_t
random_below(struct random *random, uint64_t bound)
{
	uint64_t uneven;
	uint64_t x;

	if (bound == 0)
		return 0;
	/* 2^64 mod bound: as many values as would favour the small results. */
	uneven = (0 - bound) % bound;
	do {
		x = next(random);
	} while (x < uneven);
	return x % bound;
}

void
random_bytes(void *data, size_t length)
{
	unsigned char *at = data;

	while (length > 0) {
		ssize_t got = getrandom(at, length, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			perror("toggled: getrandom");
			abort();
		}
		at += got;
		length -= (size_t)got;
	}
}
