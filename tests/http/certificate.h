/*
 * Certificates for tests, made while they run: authorities, and what they
 * signed, as PEM files in the directory of the program under test.
 */
#ifndef TESTS_HTTP_CERTIFICATE_H
#define TESTS_HTTP_CERTIFICATE_H

#include "http/harness.h"

struct authority;

struct certificate {
	const char *path; /* PEM: certificate, then the authority's */
	const char *key;  /* PEM */
};

/* Its own certificate stands in DIR/NAME.pem; released with `t`. */
struct authority *authority_new(struct toggled *t, const char *name);
const char *authority_path(const struct authority *authority);

/* For localhost, 127.0.0.1 and ::1, with that serial number, good for `days`
 * from a day ago on (negative: it has expired). Written to DIR/NAME.pem and
 * DIR/NAME.key; another of the same name takes its place. */
struct certificate certificate_new(struct authority *authority,
				   const char *name, unsigned char serial,
				   int days);

#endif
