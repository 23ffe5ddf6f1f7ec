#include "tls_session.h"

#include <errno.h>
#include <gnutls/gnutls.h>

#include "tls.h"

enum { ODD_RECORDS_MAX = 16 }; /* without data, at a time */

static bool
set_up(struct tls_session *session, int fd)
{
	static unsigned char name[] = "http/1.1";
	const gnutls_datum_t alpn = { name, sizeof(name) - 1 };

	if (gnutls_init(&session->handle,
			GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0)
		return false;
	gnutls_transport_set_int(session->handle, fd);
	/* Who names protocols, but not ours, is told so (RFC 7301, 3.2). */
	return gnutls_alpn_set_protocols(session->handle, &alpn, 1,
					 GNUTLS_ALPN_MANDATORY) >= 0;
}

bool
tls_session_open(struct tls_session *session, struct tls *tls, int fd)
{
	*session = (struct tls_session){ NULL, NULL };
	if (!set_up(session, fd))
		return false;
	session->pair = tls_equip(tls, session->handle);
	return session->pair != NULL;
}

void
tls_session_close(struct tls_session *session)
{
	if (session->handle != NULL)
		gnutls_deinit(session->handle);
	tls_pair_unref(session->pair);
	*session = (struct tls_session){ NULL, NULL };
}

enum tls_shake
tls_session_shake(struct tls_session *session)
{
	int rc;

	do {
		rc = gnutls_handshake(session->handle);
	} while (rc < 0 && rc != GNUTLS_E_AGAIN && !gnutls_error_is_fatal(rc));
	if (rc >= 0)
		return TLS_SHAKEN;
	if (rc == GNUTLS_E_AGAIN)
		return TLS_SHAKE_AGAIN;
	(void)gnutls_alert_send_appropriate(session->handle, rc);
	return TLS_SHAKE_FAILED;
}

bool
tls_session_has_more(const struct tls_session *session)
{
	return gnutls_record_check_pending(session->handle) > 0;
}

void
tls_session_bye(struct tls_session *session)
{
	(void)gnutls_bye(session->handle, GNUTLS_SHUT_WR);
}

static ssize_t
result(ssize_t n)
{
	if (n >= 0)
		return n;
	if (n == GNUTLS_E_AGAIN)
		errno = EAGAIN;
	else
		errno = n == GNUTLS_E_INTERRUPTED ? EINTR : ECONNRESET;
	return -1;
}

ssize_t
tls_send(struct gnutls_session_int *handle, const void *data, size_t length)
{
	return result(gnutls_record_send(handle, data, length));
}

/* GnuTLS also says AGAIN when it has taken a record that holds no data, a key
 * update say. Only the socket's own word for it means that there is no more:
 * who waits for an edge would wait for ever. */
static bool
was_odd(ssize_t n)
{
	return n == GNUTLS_E_WARNING_ALERT_RECEIVED ||
	       (n == GNUTLS_E_AGAIN && errno != EAGAIN);
}

/* A client that sends nothing but such records has no claim to our time. */
ssize_t
tls_receive(struct gnutls_session_int *handle, void *data, size_t length)
{
	for (int i = 0; i < ODD_RECORDS_MAX; i++) {
		ssize_t n;

		errno = 0;
		n = gnutls_record_recv(handle, data, length);
		if (!was_odd(n))
			return result(n);
	}
	errno = ECONNRESET;
	return -1;
}
