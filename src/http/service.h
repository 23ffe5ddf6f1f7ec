/*
 * What all loops share: built by server.c before they start and constant while
 * they run, but for what is safe on any thread by itself (limits, log).
 */
#ifndef SRC_HTTP_SERVICE_H
#define SRC_HTTP_SERVICE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attempts.h"
#include "base/clock.h"
#include "base/log.h"
#include "contexts.h"
#include "http/server.h"
#include "limits.h"
#include "model/ticket.h"
#include "registry/registry.h"
#include "router.h"

struct loop;
struct proxies;
struct tls;

struct service {
	struct clock clock;
	struct log *log;
	struct router *router;
	struct limits *limits;
	struct contexts *contexts;
	struct attempts *attempts;
	struct attempts *strangers; /* who had no token at all */
	struct proxies *proxies;    /* NULL: none is believed */
	struct tls *tls;
	struct registry *registry;
	struct loop **loops; /* for the handlers that speak of all of them */
	unsigned loop_count;
	int64_t started_ms; /* wall time */
	struct ticket_key ticket_key;

	unsigned header_timeout_ms;
	unsigned body_timeout_ms;
	unsigned write_timeout_ms;
	unsigned idle_timeout_ms;
	unsigned loop_connections_max; /* what a loop's library may hold */
	size_t guests_max; /* in a loop's lobby, and as many that linger */
	enum parking parking;
	bool descriptor_tables;
	bool access_log;
	bool access_log_polls; /* also requests that waited */
	bool allow_unauthenticated;
};

#endif
