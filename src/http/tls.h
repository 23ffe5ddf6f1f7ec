/*
 * The certificate and key that TLS connections are served with, and what is
 * agreed on with clients: TLS 1.2 and 1.3, forward secrecy, authenticated
 * ciphers only.
 *
 * Certificate and key are one immutable pair. Loading builds and checks a new
 * one and puts it in place of the old in one step: sessions that begin from
 * then on get it, those that have begun hold the old one as long as they live.
 *
 * Any thread.
 */
#ifndef SRC_HTTP_TLS_H
#define SRC_HTTP_TLS_H

#include <stdint.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"

struct gnutls_session_int; /* GnuTLS's */
struct tls;
struct tls_pair;

/* As GnuTLS spells them. */
extern const char tls_priorities[];

/* Without a pair yet; the log is borrowed. */
struct tls *tls_new(struct clock clock, struct log *log) MUST_CHECK;

/* No session may be left. NULL is allowed. */
void tls_free(struct tls *tls);

/* PEM files: the certificate, followed by those that lead to its authority, and
 * the key of the first. On failure the error names the file and what stands
 * stays. A pair that has expired is loaded, with a warning: to refuse it would
 * help nobody. */
enum status tls_load(struct tls *tls, const char *certificate, const char *key,
		     struct error *err) MUST_CHECK;

/* Could they be loaded, and when does the certificate end? */
enum status tls_check(const char *certificate, const char *key,
		      int64_t *until_ms, struct error *err) MUST_CHECK;

/* Give a server's session that has not begun the priorities and the pair of
 * now. Release it when the session is gone; NULL where nothing was loaded. */
struct tls_pair *tls_equip(struct tls *tls,
			   struct gnutls_session_int *session) MUST_CHECK;

/* NULL is allowed. */
void tls_pair_unref(struct tls_pair *pair);

#endif
