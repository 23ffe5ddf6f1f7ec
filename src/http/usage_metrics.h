/*
 * The part of /metrics about usage. Its label values are names that people
 * gave, so the number of series is bounded: a few for each environment, and one
 * for each variant of the toggles that are evaluated most, up to
 * USAGE_METRICS_TOGGLES toggles and USAGE_METRICS_SERIES series. $T/usage has
 * all.
 */
#ifndef SRC_HTTP_USAGE_METRICS_H
#define SRC_HTTP_USAGE_METRICS_H

#include "base/bytes.h"
#include "model/catalog.h"
#include "model/token.h"
#include "service.h"

enum { USAGE_METRICS_TOGGLES = 200, USAGE_METRICS_SERIES = 1000 };

/* Of the environments that `token` sees; NULL: all. Any loop's thread. */
void usage_metrics_encode(const struct service *service,
			  const struct catalog *catalog,
			  const struct token *token, struct bytes *out);

#endif
