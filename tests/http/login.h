/*
 * A guarded server and those who log in to it: the first token, further ones,
 * and the header that shows one. Ownership and failure as in scene.h.
 */
#ifndef TESTS_HTTP_LOGIN_H
#define TESTS_HTTP_LOGIN_H

#include "scene.h"

/* "Authorization: Bearer TOKEN" */
const char *bearer(struct toggled *t, const char *token);

/* A token made by whom the header `by` shows (NULL: nobody); `*id` may be NULL.
 */
const char *make_token(struct toggled *t, const char *by, const char *body,
		       const char **id);

/* A served program with the first token of all, an admin's called "ann"; its
 * header through `admin`. */
struct toggled *open_guarded(int parking, const char **admin);

/* The status of a request with a header, NULL: none. */
long status_of(struct toggled *t, const char *header, const char *method,
	       const char *path, const char *body);

#endif
