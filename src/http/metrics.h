/*
 * /metrics: the Prometheus text format, version 0.0.4. Label values come from
 * closed sets only: routes, status classes.
 */
#ifndef SRC_HTTP_METRICS_H
#define SRC_HTTP_METRICS_H

#include "base/bytes.h"
#include "model/catalog.h"
#include "service.h"

/* Sums over all loops; any loop's thread. */
void metrics_encode(const struct service *service,
		    const struct catalog *catalog, struct bytes *out);

#endif
