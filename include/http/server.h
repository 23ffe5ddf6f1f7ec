/*
 * The HTTP side: listeners, N loops, routing, requests and replies. The only
 * layer that knows libmicrohttpd and libevent.
 *
 * Life: server_open (sockets are bound, nothing is served), server_publish at
 * least once, server_start, … server_drain, server_close. All from the main
 * thread but server_publish, which the registry calls.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "model/catalog.h"
#include "model/ticket.h"
#include "registry/registry.h"

struct server;

/* How a poll that has to wait is held. */
enum parking {
	PARKING_AUTO,      /* outside libmicrohttpd where that is safe */
	PARKING_SUSPENDED, /* inside it, always */
};

struct server_config {
	const char *const
	    *listen; /* "127.0.0.1:8016", "https://[::1]:0", "unix:/path" */
	size_t listen_count;
	/* PEM files; both or none. Needed where "https://" is listened on. */
	const char *tls_certificate;
	const char *tls_key;
	unsigned loops;         /* threads; 0: one a core */
	size_t connections_max; /* in all; 0: what the descriptors allow */
	size_t connections_per_address; /* 0: no limit */
	size_t reserve; /* beyond these limits, for those who can switch */
	unsigned header_timeout_ms; /* until a request's header is whole */
	unsigned body_timeout_ms;   /* until a request's body is whole */
	unsigned write_timeout_ms;  /* until an answer has been read; more where
				       it is large */
	unsigned idle_timeout_ms;   /* of a connection between requests */
	enum parking parking;
	bool descriptor_tables; /* a table of its own for each loop's thread */
	bool access_log;
	bool access_log_polls;              /* also requests that waited */
	const char *const *trusted_proxies; /* server_check_proxy let pass */
	size_t trusted_proxy_count;
	bool allow_unauthenticated; /* the network is trusted: any Host will do
				       while there is no token */
	struct clock clock;
	struct log *log;
};

/* Bind every address. The error names the address that failed. */
enum status server_open(const struct server_config *config,
			struct server **server, struct error *err) MUST_CHECK;

/* The addresses as bound (port 0 resolved), "http://127.0.0.1:8016",
 * "https://…" or "unix:/path"; borrowed. NULL beyond the last. */
const char *server_address(const struct server *server, size_t index);

/* Is it an address or a network of proxies? */
enum status server_check_proxy(const char *text, struct error *err) MUST_CHECK;

/* Would they do? Says which file is at fault and why. When the certificate
 * ends is for the caller to judge. */
enum status server_check_tls(const char *certificate, const char *key,
			     int64_t *until_ms, struct error *err) MUST_CHECK;

/* Read certificate and key anew: connections that come from now on get them.
 * On failure the old ones stay. */
enum status server_load_tls(struct server *server, const char *certificate,
			    const char *key, struct error *err) MUST_CHECK;

/* A newer catalog for all loops; borrowed. Any one thread. When it returns,
 * every request that starts sees it. */
void server_publish(struct server *server, const struct catalog *catalog);

/* The key of the event streams' tickets; copied. Before server_start. */
void server_set_ticket_key(struct server *server, const struct ticket_key *key);

/* Start the loops. `registry` is borrowed until server_close. */
enum status server_start(struct server *server, struct registry *registry,
			 struct error *err) MUST_CHECK;

/* Stop accepting, answer every waiter with Connection: close, let requests
 * finish; returns when no connection is left or `deadline_ms` has passed. */
void server_drain(struct server *server, int64_t deadline_ms);

/* Stop the threads, free everything. NULL and half-built ones are allowed. */
void server_close(struct server *server);

/* Which ones are loaded, whatever the headers were. */
const char *server_libmicrohttpd_version(void);
const char *server_libevent_version(void);

/* Every loop has turned within the last `period_ms`. */
bool server_is_alive(const struct server *server, int64_t period_ms);

#endif
