/*
 * What browsers are told on OFREP's paths, which pages of any origin ask
 * (https://fetch.spec.whatwg.org/#http-cors-protocol). The one list of it: to
 * let pages send a further header, or see one, add it in cors.c.
 */
#ifndef SRC_HTTP_CORS_H
#define SRC_HTTP_CORS_H

#include "request.h"

/* On every answer under OFREP, also where no Origin was sent, since a cache may
 * give it to a browser; also on refusals, whose text is for the page's author.
 * Ends with a row whose name is NULL. */
extern const struct reply_header cors_always[];

/* The answer to a preflight, beside `allowed`, the path's methods: "GET, HEAD".
 * A preflight shows no token, so whether a page may ask is said by the answer
 * to the request itself. */
void cors_preflight(struct request *r, const char *allowed);

#endif
