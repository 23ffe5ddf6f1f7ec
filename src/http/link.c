#include "link.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tls.h"
#include "tls_session.h"

static enum status
failed(const char *server, int rc, struct error *err)
{
	if (rc == GNUTLS_E_AGAIN)
		return error_set(err, STATUS_TIMEOUT,
				 "%s does not answer to TLS", server);
	return error_set(err, STATUS_IO, "no TLS with %s: %s", server,
			 gnutls_strerror(rc));
}

static enum status
distrusted(const struct link *link, const char *server, struct error *err)
{
	gnutls_datum_t why = { NULL, 0 };
	unsigned status = gnutls_session_get_verify_cert_status(link->session);

	if (gnutls_certificate_verification_status_print(
		status, GNUTLS_CRT_X509, &why, 0) < 0)
		return error_set(err, STATUS_FORBIDDEN, "%s is not trusted",
				 server);
	/* It ends with a blank. */
	error_set(err, STATUS_FORBIDDEN, "%s is not trusted: %.*s", server,
		  (int)strlen((const char *)why.data) - 1,
		  (const char *)why.data);
	gnutls_free(why.data);
	return STATUS_FORBIDDEN;
}

static enum status
load_trust(struct link *link, const char *ca_file, struct error *err)
{
	int rc = gnutls_certificate_allocate_credentials(&link->trust);

	if (rc < 0)
		return error_set(err, STATUS_INTERNAL, "GnuTLS: %s",
				 gnutls_strerror(rc));
	rc = ca_file ? gnutls_certificate_set_x509_trust_file(
			   link->trust, ca_file, GNUTLS_X509_FMT_PEM)
		     : gnutls_certificate_set_x509_system_trust(link->trust);
	if (rc < 0)
		return error_set(err, STATUS_INVALID,
				 "no authorities to trust in %s: %s",
				 ca_file ? ca_file : "the system's store",
				 gnutls_strerror(rc));
	return STATUS_OK;
}

static int
set_up(const struct link *link)
{
	static const char protocol[] = "http/1.1";
	const struct dialled *d = &link->dialled;
	unsigned char address[sizeof(struct in6_addr)];
	gnutls_datum_t alpn;
	unsigned char name[sizeof(protocol)];
	int rc =
	    gnutls_priority_set_direct(link->session, tls_priorities, NULL);

	memcpy(name, protocol, sizeof(protocol));
	alpn.data = name;
	alpn.size = sizeof(protocol) - 1;
	if (rc >= 0)
		rc = gnutls_credentials_set(
		    link->session, GNUTLS_CRD_CERTIFICATE, link->trust);
	if (rc >= 0)
		rc = gnutls_alpn_set_protocols(link->session, &alpn, 1, 0);
	/* Only names are told, not addresses (RFC 6066). */
	if (rc >= 0 && inet_pton(AF_INET, d->host, address) != 1 &&
	    inet_pton(AF_INET6, d->host, address) != 1)
		rc = gnutls_server_name_set(link->session, GNUTLS_NAME_DNS,
					    d->host, strlen(d->host));
	gnutls_session_set_verify_cert(link->session, d->host, 0);
	gnutls_transport_set_int(link->session, d->fd);
	return rc;
}

static enum status
start_tls(struct link *link, const char *server, const char *ca_file,
	  struct error *err)
{
	enum status status = load_trust(link, ca_file, err);
	int rc;

	if (status != STATUS_OK)
		return status;
	rc = gnutls_init(&link->session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL);
	if (rc >= 0)
		rc = set_up(link);
	if (rc < 0)
		return failed(server, rc, err);
	do {
		rc = gnutls_handshake(link->session);
	} while (rc < 0 && rc != GNUTLS_E_AGAIN && !gnutls_error_is_fatal(rc));
	if (rc == GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR)
		return distrusted(link, server, err);
	return rc < 0 ? failed(server, rc, err) : STATUS_OK;
}

enum status
link_open(struct link *link, const char *server, const char *ca_file,
	  int64_t timeout_ms, struct error *err)
{
	enum status rc;

	*link = (struct link){ .session = NULL };
	rc = dial(server, timeout_ms, &link->dialled, err);
	if (rc == STATUS_OK && link->dialled.tls)
		rc = start_tls(link, server, ca_file, err);
	return rc;
}

ssize_t
link_send(const struct link *link, const void *data, size_t length)
{
	if (!link->session)
		return send(link->dialled.fd, data, length, MSG_NOSIGNAL);
	return tls_send(link->session, data, length);
}

ssize_t
link_receive(const struct link *link, void *data, size_t length)
{
	if (!link->session)
		return recv(link->dialled.fd, data, length, 0);
	return tls_receive(link->session, data, length);
}

void
link_close(struct link *link)
{
	if (link->session) {
		(void)gnutls_bye(link->session, GNUTLS_SHUT_WR);
		gnutls_deinit(link->session);
	}
	if (link->trust)
		gnutls_certificate_free_credentials(link->trust);
	if (link->dialled.fd >= 0)
		close(link->dialled.fd);
}
