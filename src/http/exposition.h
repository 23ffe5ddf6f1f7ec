/*
 * The text format that Prometheus reads (0.0.4): families of samples. A family
 * is its head, then its samples; those without labels come in one call.
 */
#ifndef SRC_HTTP_EXPOSITION_H
#define SRC_HTTP_EXPOSITION_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

void exposition_head(struct bytes *out, const char *name, const char *type,
		     const char *help);

/* A family of one sample. */
void exposition_count(struct bytes *out, const char *name, const char *type,
		      const char *help, uint64_t value);
void exposition_real(struct bytes *out, const char *name, const char *type,
		     const char *help, double value);

/* Each bucket counts what is at most its bound and more than the one before;
 * the last bound is infinite. */
struct histogram {
	const int64_t *bounds;
	const uint64_t *buckets;
	size_t count;
	uint64_t sum;
	double unit; /* of bounds and sum: 1e-6 for microseconds */
};

uint64_t histogram_total(const struct histogram *histogram);

/* The samples of a histogram. `labels` is "" or `a="b",c="d"`. */
void exposition_histogram(struct bytes *out, const char *name,
			  const char *labels,
			  const struct histogram *histogram);

#endif
