/*
 * X-Request-Id: the name of a request in answers and logs, the client's where
 * it gives a sane one.
 */
#ifndef SRC_HTTP_REQUEST_ID_H
#define SRC_HTTP_REQUEST_ID_H

#include <stdbool.h>

#include "base/attr.h"

struct random;

enum {
	REQUEST_ID_BYTES = 65, /* with the NUL: UUIDs and hashes fit */
	REQUEST_ID_MADE = 16,
};

/* What the client gave (NULL: nothing); false: it will not do. */
bool request_id_take(const char *given, char id[REQUEST_ID_BYTES]) MUST_CHECK;

/* REQUEST_ID_MADE hexadecimal digits. */
void request_id_make(struct random *random, char id[REQUEST_ID_BYTES]);

#endif
