/*
 * docs/openapi.yaml as it is compiled in, and requests that are put together
 * from its paths and the examples of its parameters.
 *
 * Strings are the harness's; the document is the caller's.
 */
#ifndef TESTS_HTTP_CONTRACT_H
#define TESTS_HTTP_CONTRACT_H

#include <jansson.h>
#include <stddef.h>

#include "harness.h"

/* A new reference. */
json_t *contract_load(void);

enum { CONTRACT_HEADERS_MAX = 8 };

/* From the first token on nobody gets in without it; paths that name a token
 * name the last one. */
struct login {
	const char *header; /* NULL: no token yet */
	const char *id;
};

/* One request of the contract, as it is put together. */
struct call {
	struct login *login;
	struct toggled *t;
	json_t *document;
	const char *method; /* in capitals */
	char *path;
	const char *headers[CONTRACT_HEADERS_MAX + 2]; /* with the login's */
	size_t header_count;
};

/* "get" in capitals. */
char *contract_method(struct toggled *t, const char *method);

/* Put a parameter's example where it goes; one without an example is left out.
 */
void contract_parameter(struct call *call, json_t *parameter);

#endif
