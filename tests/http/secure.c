#include "secure.h"

#include <check.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "http/harness.h"

struct secure {
	int fd;
	gnutls_session_t session;
	gnutls_certificate_credentials_t trust;
};

/* The socket itself is blocking. */
static ssize_t
push_cb(gnutls_transport_ptr_t ctx, const void *data, size_t length)
{
	const struct secure *s = ctx;

	return send(s->fd, data, length, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static ssize_t
pull_cb(gnutls_transport_ptr_t ctx, void *data, size_t length)
{
	const struct secure *s = ctx;

	return recv(s->fd, data, length, MSG_DONTWAIT);
}

static void
set_up(struct secure *s, const char *ca_file, const char *priorities,
       const char *protocol)
{
	char *name = mem_copy(protocol, strlen(protocol));
	const gnutls_datum_t alpn = { (unsigned char *)name,
				      (unsigned)strlen(protocol) };

	ck_assert_int_ge(gnutls_init(&s->session, GNUTLS_CLIENT |
						      GNUTLS_NONBLOCK |
						      GNUTLS_NO_SIGNAL),
			 0);
	ck_assert_int_ge(gnutls_certificate_allocate_credentials(&s->trust), 0);
	ck_assert_int_eq(gnutls_certificate_set_x509_trust_file(
			     s->trust, ca_file, GNUTLS_X509_FMT_PEM),
			 1);
	ck_assert_int_ge(
	    gnutls_priority_set_direct(
		s->session, priorities ? priorities : "NORMAL", NULL),
	    0);
	gnutls_credentials_set(s->session, GNUTLS_CRD_CERTIFICATE, s->trust);
	gnutls_alpn_set_protocols(s->session, &alpn, 1, 0);
	free(name);
	gnutls_server_name_set(s->session, GNUTLS_NAME_DNS, "localhost", 9);
	gnutls_session_set_verify_cert(s->session, "localhost", 0);
	gnutls_transport_set_ptr(s->session, s);
	gnutls_transport_set_push_function(s->session, push_cb);
	gnutls_transport_set_pull_function(s->session, pull_cb);
}

static bool
shake_hands(struct secure *s)
{
	int64_t end = now_ms() + DEADLINE_ANSWER_MS;
	int rc;

	for (;;) {
		struct pollfd p = { .fd = s->fd, .events = POLLIN };
		int64_t left = end - now_ms();

		rc = gnutls_handshake(s->session);
		if (rc >= 0 || gnutls_error_is_fatal(rc))
			return rc >= 0;
		if (gnutls_record_get_direction(s->session))
			p.events = POLLOUT;
		ck_assert_msg(left > 0 && poll(&p, 1, (int)left) > 0,
			      "no end of the handshake");
	}
}

int
secure_offer(int fd, const char *ca_file, const char *protocol)
{
	struct secure *s = mem_zalloc(1, sizeof(*s));
	int alert = -1;

	s->fd = fd;
	set_up(s, ca_file, NULL, protocol);
	if (!shake_hands(s))
		alert = (int)gnutls_alert_get(s->session);
	secure_free(s);
	return alert;
}

struct secure *
secure_new(int fd, const char *ca_file, const char *priorities)
{
	struct secure *s = mem_zalloc(1, sizeof(*s));

	s->fd = fd;
	set_up(s, ca_file, priorities, "http/1.1");
	if (shake_hands(s))
		return s;
	secure_free(s);
	return NULL;
}

void
secure_free(struct secure *s)
{
	if (!s)
		return;
	gnutls_deinit(s->session);
	gnutls_certificate_free_credentials(s->trust);
	free(s);
}

void
secure_bye(struct secure *s)
{
	(void)gnutls_bye(s->session, GNUTLS_SHUT_WR);
}

static ssize_t
result(ssize_t n)
{
	if (n >= 0)
		return n;
	errno = n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED ? EAGAIN
								 : ECONNRESET;
	return -1;
}

ssize_t
secure_send(struct secure *s, const void *data, size_t length)
{
	return result(gnutls_record_send(s->session, data, length));
}

ssize_t
secure_receive(struct secure *s, void *data, size_t length)
{
	return result(gnutls_record_recv(s->session, data, length));
}

bool
secure_update_key(struct secure *s)
{
	return gnutls_session_key_update(s->session, 0) >= 0;
}

bool
secure_warn(struct secure *s)
{
	return gnutls_alert_send(s->session, GNUTLS_AL_WARNING,
				 GNUTLS_A_USER_CANCELED) >= 0;
}

bool
secure_await(struct secure *s, int64_t deadline_ms)
{
	struct pollfd p = { .fd = s->fd, .events = POLLIN };

	return secure_has_more(s) || poll(&p, 1, (int)deadline_ms) > 0;
}

bool
secure_has_more(const struct secure *s)
{
	return gnutls_record_check_pending(s->session) > 0;
}

unsigned
secure_serial(const struct secure *s)
{
	unsigned count = 0;
	const gnutls_datum_t *list =
	    gnutls_certificate_get_peers(s->session, &count);
	unsigned char serial[32];
	size_t size = sizeof(serial);
	gnutls_x509_crt_t crt;

	ck_assert_uint_gt(count, 0);
	ck_assert_int_ge(gnutls_x509_crt_init(&crt), 0);
	ck_assert_int_ge(
	    gnutls_x509_crt_import(crt, &list[0], GNUTLS_X509_FMT_DER), 0);
	ck_assert_int_ge(gnutls_x509_crt_get_serial(crt, serial, &size), 0);
	gnutls_x509_crt_deinit(crt);
	return serial[size - 1];
}

bool
secure_speaks(const struct secure *s, const char *protocol)
{
	gnutls_datum_t name;

	return gnutls_alpn_get_selected_protocol(s->session, &name) >= 0 &&
	       name.size == strlen(protocol) &&
	       memcmp(name.data, protocol, name.size) == 0;
}
