/*
 * The reply to one request, filled by its handler and sent by reply.c, which is
 * the only file that makes libmicrohttpd responses.
 */
#ifndef SRC_HTTP_REPLY_H
#define SRC_HTTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/error.h"

struct request;
struct snapshot;
struct stream;

enum { REPLY_HEADERS_MAX = 16 };

struct reply_header {
	const char *name;
	const char *value;
};

struct reply {
	unsigned status;          /* 0: not filled yet */
	struct blob *body;        /* owned; NULL: none */
	int fd;                   /* body from a file, owned; -1: none */
	struct stream *stream;    /* endless body, owned; NULL: none */
	const char *content_type; /* NULL with no body */
	struct reply_header headers[REPLY_HEADERS_MAX];
	size_t header_count;
	/* Who remembers the coded form of the body, under which name; or NULL.
	 * Borrowed from the request's catalog and arena. */
	const struct snapshot *memo;
	const char *memo_name;
	bool close;  /* end the connection after it */
	bool secret; /* its body is wiped when it has been sent */
};
struct stream;

/* Texts are borrowed until the reply is sent: literals or the request's arena.
 */
void reply_header(struct request *r, const char *name, const char *value);
void reply_headerf(struct request *r, const char *name, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* Fill the reply: takes over `body`. */
void reply_blob(struct request *r, unsigned status, const char *content_type,
		struct blob *body);

/* The content of `body` as application/json; `body` is empty afterwards. */
void reply_json(struct request *r, unsigned status, struct bytes *body);

/* No body. */
void reply_empty(struct request *r, unsigned status);

/* problem+json of `err`; under OFREP's paths the shape that its clients expect.
 */
void reply_error(struct request *r, const struct error *err);

/* The same in one line; sets r->error. */
void reply_fail(struct request *r, enum status code, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

#endif
