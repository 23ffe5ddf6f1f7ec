/*
 * The client's connection, blocking: a socket, with TLS on it where the
 * server's name says so. Any thread.
 */
#ifndef SRC_HTTP_LINK_H
#define SRC_HTTP_LINK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/error.h"
#include "dial.h"

struct link {
	struct dialled dialled;
	/* NULL in clear text; else of GnuTLS: */
	struct gnutls_session_int *session;
	struct gnutls_certificate_credentials_st *trust;
};

/* Connect, and under TLS agree on a session with a server whose certificate is
 * for its name and from an authority in `ca_file` (NULL: one that the system
 * trusts). STATUS_FORBIDDEN when it is not to be trusted; else see dial. To be
 * closed in any case. */
enum status link_open(struct link *link, const char *server,
		      const char *ca_file, int64_t timeout_ms,
		      struct error *err) MUST_CHECK;

/* As send(2) and recv(2), with errno; EAGAIN: the time is over. */
ssize_t link_send(const struct link *link, const void *data, size_t length);
ssize_t link_receive(const struct link *link, void *data, size_t length);

void link_close(struct link *link);

#endif
