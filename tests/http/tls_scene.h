/*
 * A server under TLS, and what the tests of it ask for.
 */
#ifndef TESTS_HTTP_TLS_SCENE_H
#define TESTS_HTTP_TLS_SCENE_H

#include "http/certificate.h"
#include "http/scene.h"

enum { TLS_DAYS = 20, TLS_SERIAL = 7 };

#define T ENV
#define HOST "Host: localhost\r\n"
#define POLL(since) "GET " T "/changes?since=" since "&wait=30s HTTP/1.1\r\n"

/* A server on https://localhost, with the toggle `a` at revision 2. Its
 * certificate is DIR/server.pem with DIR/server.key, of `ca` (NULL: do not
 * tell). `args` are further ones, NULL or NULL-terminated. Requests go to it
 * under TLS. */
struct toggled *tls_start(const char *const *args, struct authority **ca);

/* Its address in clear text. */
const char *tls_plain_url(struct toggled *t);

/* Stop it and expect a good end. */
void tls_stop(struct toggled *t);

#endif
