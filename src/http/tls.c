/*
 * A pair is one set of GnuTLS credentials with a reference count, which each
 * session is given when it begins.
 */
#include "tls.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
	SERIAL_BYTES_MAX = 20,   /* RFC 5280 */
	SOON_MS = 14 * 86400000, /* before it expires */
	MS_PER_SECOND = 1000,
};

const char tls_priorities[] =
    "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-DHE-RSA:-CIPHER-ALL:"
    "+AES-128-GCM:+CHACHA20-POLY1305:+AES-256-GCM:-MAC-ALL:+AEAD";

struct tls_pair {
	atomic_int references;
	gnutls_certificate_credentials_t credentials;
	char serial[2 * SERIAL_BYTES_MAX + 1];
	int64_t from_ms;
	int64_t until_ms;
};

struct tls {
	struct clock clock;
	struct log *log;
	gnutls_priority_t priorities;
	pthread_mutex_t mutex;
	struct tls_pair *pair; /* under the mutex; NULL: none yet */
};

struct tls *
tls_new(struct clock clock, struct log *log)
{
	struct tls *tls = mem_zalloc(1, sizeof(*tls));

	tls->clock = clock;
	tls->log = log;
	/* A constant of ours: it parses, or we are not to run. */
	if (gnutls_priority_init(&tls->priorities, tls_priorities, NULL) < 0)
		abort();
	pthread_mutex_init(&tls->mutex, NULL);
	return tls;
}

void
tls_free(struct tls *tls)
{
	if (tls == NULL)
		return;
	tls_pair_unref(tls->pair);
	gnutls_priority_deinit(tls->priorities);
	pthread_mutex_destroy(&tls->mutex);
	free(tls);
}

void
tls_pair_unref(struct tls_pair *pair)
{
	if (pair == NULL || atomic_fetch_sub(&pair->references, 1) > 1)
		return;
	if (pair->credentials != NULL)
		gnutls_certificate_free_credentials(pair->credentials);
	free(pair);
}

static enum status
read_file(const char *path, gnutls_datum_t *out, struct error *err)
{
	int rc;

	errno = 0;
	rc = gnutls_load_file(path, out);
	if (rc < 0)
		return error_set(err, STATUS_IO, "cannot read %s: %s", path,
				 errno != 0 ? strerror(errno)
					    : gnutls_strerror(rc));
	return STATUS_OK;
}

static void
drop_file(gnutls_datum_t *file)
{
	if (file->data == NULL)
		return;
	gnutls_memset(file->data, 0, file->size);
	gnutls_free(file->data);
}

static void
describe(struct tls_pair *pair, gnutls_x509_crt_t certificate)
{
	unsigned char serial[SERIAL_BYTES_MAX];
	size_t size = sizeof(serial);

	pair->from_ms =
	    (int64_t)gnutls_x509_crt_get_activation_time(certificate) *
	    MS_PER_SECOND;
	pair->until_ms =
	    (int64_t)gnutls_x509_crt_get_expiration_time(certificate) *
	    MS_PER_SECOND;
	if (gnutls_x509_crt_get_serial(certificate, serial, &size) < 0)
		size = 0;
	for (size_t i = 0; i < size; i++)
		(void)snprintf(pair->serial + 2 * i, 3, "%02x", serial[i]);
}

static enum status
read_certificate(struct tls_pair *pair, const char *path,
		 const gnutls_datum_t *pem, struct error *err)
{
	gnutls_x509_crt_t *chain = NULL;
	unsigned count = 0;
	int rc = gnutls_x509_crt_list_import2(&chain, &count, pem,
					      GNUTLS_X509_FMT_PEM, 0);

	if (rc < 0)
		return error_set(err, STATUS_INVALID,
				 "%s holds no certificate in PEM form: %s",
				 path, gnutls_strerror(rc));
	describe(pair, chain[0]);
	for (unsigned i = 0; i < count; i++)
		gnutls_x509_crt_deinit(chain[i]);
	gnutls_free(chain);
	return STATUS_OK;
}

/* GnuTLS compares the key with the first certificate. */
static enum status
join(struct tls_pair *pair, const char *certificate, const gnutls_datum_t *crt,
     const char *key, const gnutls_datum_t *pem, struct error *err)
{
	int rc = gnutls_certificate_allocate_credentials(&pair->credentials);

	if (rc >= 0)
		rc = gnutls_certificate_set_x509_key_mem2(
		    pair->credentials, crt, pem, GNUTLS_X509_FMT_PEM, NULL, 0);
	if (rc == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
		return error_set(err, STATUS_INVALID,
				 "%s is not the key of the certificate in %s",
				 key, certificate);
	if (rc < 0)
		return error_set(err, STATUS_INVALID,
				 "%s holds no key that can be used: %s", key,
				 gnutls_strerror(rc));
	return STATUS_OK;
}

static enum status
pair_read(const char *certificate, const char *key, struct tls_pair **out,
	  struct error *err)
{
	struct tls_pair *pair = mem_zalloc(1, sizeof(*pair));
	gnutls_datum_t crt = { NULL, 0 };
	gnutls_datum_t pem = { NULL, 0 };
	enum status rc;

	atomic_init(&pair->references, 1);
	rc = read_file(certificate, &crt, err);
	if (rc == STATUS_OK)
		rc = read_file(key, &pem, err);
	if (rc == STATUS_OK)
		rc = read_certificate(pair, certificate, &crt, err);
	if (rc == STATUS_OK)
		rc = join(pair, certificate, &crt, key, &pem, err);
	if (rc == STATUS_OK) {
		*out = pair;
		pair = NULL;
	}
	drop_file(&crt);
	drop_file(&pem);
	tls_pair_unref(pair);
	return rc;
}

static void
report(const struct tls *tls, const struct tls_pair *pair, const char *path)
{
	int64_t now = clock_wall_ms(&tls->clock);
	enum log_level level = LOG_WARN;
	const char *event = "certificate loaded";
	char from[CLOCK_TEXT_BYTES];
	char until[CLOCK_TEXT_BYTES];

	if (pair->until_ms <= now)
		event = "certificate has expired";
	else if (pair->from_ms > now)
		event = "certificate is not valid yet";
	else if (pair->until_ms - now < SOON_MS)
		event = "certificate expires soon";
	else
		level = LOG_INFO;
	clock_format(pair->from_ms, from);
	clock_format(pair->until_ms, until);
	log_to(tls->log, level, event, LOG_S("file", path),
	       LOG_S("serial", pair->serial), LOG_S("from", from),
	       LOG_S("until", until));
}

enum status
tls_load(struct tls *tls, const char *certificate, const char *key,
	 struct error *err)
{
	struct tls_pair *old;
	struct tls_pair *pair = NULL;
	enum status rc = pair_read(certificate, key, &pair, err);

	if (rc != STATUS_OK)
		return rc;
	report(tls, pair, certificate);
	pthread_mutex_lock(&tls->mutex);
	old = tls->pair;
	tls->pair = pair;
	pthread_mutex_unlock(&tls->mutex);
	tls_pair_unref(old);
	return STATUS_OK;
}

enum status
tls_check(const char *certificate, const char *key, int64_t *until_ms,
	  struct error *err)
{
	struct tls_pair *pair = NULL;
	enum status rc = pair_read(certificate, key, &pair, err);

	if (rc == STATUS_OK)
		*until_ms = pair->until_ms;
	tls_pair_unref(pair);
	return rc;
}

struct tls_pair *
tls_equip(struct tls *tls, struct gnutls_session_int *session)
{
	struct tls_pair *pair;

	pthread_mutex_lock(&tls->mutex);
	pair = tls->pair;
	if (pair != NULL)
		atomic_fetch_add(&pair->references, 1);
	pthread_mutex_unlock(&tls->mutex);
	/* Where one fails, the handshake does, for want of it. */
	if (pair != NULL)
		(void)gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE,
					     pair->credentials);
	(void)gnutls_priority_set(session, tls->priorities);
	return pair;
}
