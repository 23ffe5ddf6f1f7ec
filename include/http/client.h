/*
 * A small HTTP/1.1 client for the program's own commands: one request on one
 * connection, blocking, to a server that is ours (or a proxy in front of it).
 *
 * A server is named "http://HOST[:PORT]", "https://HOST[:PORT]" or
 * "unix:/PATH". Under TLS it has to show a certificate for HOST from an
 * authority that is trusted. No redirects, no compression. Written over plain
 * sockets, because libevent's client cannot speak to a unix socket. Any thread;
 * keeps no state.
 */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/error.h"

struct client_request {
	const char *server;
	const char *ca_file; /* PEM: whom to trust; NULL: as the system does */
	const char *method;
	const char *path;         /* with its query, percent-encoded */
	const char *content_type; /* of the body; NULL: no body */
	const void *body;
	size_t length;
	const char *comment;     /* Change-Comment; NULL: none */
	const char *token;       /* Authorization: Bearer; NULL: none */
	int fd;                  /* a 2xx body is written here; -1: kept */
	size_t limit;            /* most bytes of a kept body */
	int64_t idle_timeout_ms; /* longest silence of the server */
};

struct client_answer {
	unsigned status;
	struct bytes body; /* of answers other than 2xx in any case */
};

void client_answer_init(struct client_answer *answer);
void client_answer_fini(struct client_answer *answer);

/* STATUS_OK whatever the HTTP status says, once the answer is whole.
 * STATUS_BUSY when no connection could be made (nothing was sent), STATUS_IO
 * when it broke, STATUS_TIMEOUT when the server fell silent, STATUS_TOO_LARGE,
 * STATUS_INVALID for a server's name that is none. */
enum status client_fetch(const struct client_request *request,
			 struct client_answer *answer,
			 struct error *err) MUST_CHECK;

#endif
