/*
 * The usage of all loops together. Any loop's thread.
 */
#ifndef SRC_HTTP_USAGES_H
#define SRC_HTTP_USAGES_H

#include <stddef.h>
#include <stdint.h>

#include "feed/usage.h"
#include "model/catalog.h"
#include "model/token.h"
#include "service.h"

/* What was counted for a toggle. Of `variants`, those that it has are set. */
void usages_gather(const struct service *service, struct string environment,
		   const struct definition *toggle, struct usage_sum *sum);

/* What was counted for an environment. */
struct usages_total {
	int64_t since_ms;      /* when the last loop began to count */
	int64_t handed_out_ms; /* definitions; 0: never */
	uint64_t overflow;     /* of all environments */
	uint64_t reasons[REASON_COUNT];
};

void usages_total(const struct service *service, struct string environment,
		  struct usages_total *total);

/* A toggle that is evaluated much. Both are borrowed from the catalog. */
struct busy {
	const struct snapshot *snapshot;
	const struct definition *toggle;
	uint64_t evaluations; /* of the loop that evaluated it most */
};

/* The toggles that were evaluated most, the first one most of all, in the
 * environments that `token` sees (NULL: all). How many there are. */
size_t usages_busiest(const struct service *service,
		      const struct catalog *catalog, const struct token *token,
		      struct busy *busiest, size_t max);

#endif
