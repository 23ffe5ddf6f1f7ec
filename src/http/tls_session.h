/*
 * One TLS session on a socket, the server's side of it; and the two calls that
 * the client's side shares. One thread at a time.
 */
#ifndef SRC_HTTP_TLS_SESSION_H
#define SRC_HTTP_TLS_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/attr.h"

struct gnutls_session_int; /* GnuTLS's */
struct tls;
struct tls_pair;

struct tls_session {
	struct gnutls_session_int *handle;
	struct tls_pair *pair; /* its certificate and key */
};

/* On a connected socket (borrowed, nonblocking), with the certificate and key
 * of now. False where there is none. Release it in any case. */
bool tls_session_open(struct tls_session *session, struct tls *tls,
		      int fd) MUST_CHECK;

/* Says nothing to the other side. */
void tls_session_close(struct tls_session *session);

enum tls_shake { TLS_SHAKEN, TLS_SHAKE_AGAIN, TLS_SHAKE_FAILED };

/* Go on with the handshake as far as the socket lets us. When it fails, the
 * client has been told why. */
enum tls_shake tls_session_shake(struct tls_session *session) MUST_CHECK;

/* Has it decrypted more than was received? */
bool tls_session_has_more(const struct tls_session *session);

/* Say that no more comes. */
void tls_session_bye(struct tls_session *session);

/* As send(2) and recv(2), with errno. After EAGAIN the same bytes have to be
 * sent again. */
ssize_t tls_send(struct gnutls_session_int *handle, const void *data,
		 size_t length);
ssize_t tls_receive(struct gnutls_session_int *handle, void *data,
		    size_t length);

#endif
