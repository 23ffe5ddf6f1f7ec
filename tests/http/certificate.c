#include "certificate.h"

#include <check.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"

enum { DAY_S = 86400, CA_DAYS = 30, MS_PER_SECOND = 1000 };

struct authority {
	struct toggled *t;
	const char *path;
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t certificate;
};

#define OK(call) ck_assert_msg((call) >= 0, "%s", #call)

static gnutls_x509_privkey_t
key_new(void)
{
	gnutls_x509_privkey_t key;

	OK(gnutls_x509_privkey_init(&key));
	OK(gnutls_x509_privkey_generate(
	    key, GNUTLS_PK_ECDSA,
	    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
	return key;
}

static gnutls_x509_crt_t
draft(gnutls_x509_privkey_t key, const char *name, unsigned char serial,
      int days)
{
	struct clock clock = clock_system();
	time_t now = (time_t)(clock_wall_ms(&clock) / MS_PER_SECOND);
	gnutls_x509_crt_t crt;

	OK(gnutls_x509_crt_init(&crt));
	OK(gnutls_x509_crt_set_version(crt, 3));
	OK(gnutls_x509_crt_set_serial(crt, &serial, 1));
	OK(gnutls_x509_crt_set_activation_time(
	    crt, now - DAY_S * (days < 0 ? 1 - days : 1)));
	OK(gnutls_x509_crt_set_expiration_time(crt, now + DAY_S * days));
	OK(gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0,
					 name, (unsigned)strlen(name)));
	OK(gnutls_x509_crt_set_key(crt, key));
	return crt;
}

static void
append_certificate(FILE *f, gnutls_x509_crt_t crt)
{
	gnutls_datum_t pem;

	OK(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem));
	ck_assert_uint_eq(fwrite(pem.data, 1, pem.size, f), pem.size);
	gnutls_free(pem.data);
}

static void
write_key(const char *path, gnutls_x509_privkey_t key)
{
	gnutls_datum_t pem;
	FILE *f = fopen(path, "we");

	ck_assert_ptr_nonnull(f);
	OK(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &pem));
	ck_assert_uint_eq(fwrite(pem.data, 1, pem.size, f), pem.size);
	gnutls_free(pem.data);
	ck_assert_int_eq(fclose(f), 0);
}

static void
authority_release(void *p)
{
	struct authority *authority = p;

	gnutls_x509_crt_deinit(authority->certificate);
	gnutls_x509_privkey_deinit(authority->key);
	free(authority);
}

struct authority *
authority_new(struct toggled *t, const char *name)
{
	struct authority *a = mem_zalloc(1, sizeof(*a));
	FILE *f;

	a->t = t;
	a->key = key_new();
	a->certificate = draft(a->key, name, 1, CA_DAYS);
	OK(gnutls_x509_crt_set_basic_constraints(a->certificate, 1, -1));
	OK(gnutls_x509_crt_set_key_usage(a->certificate,
					 GNUTLS_KEY_KEY_CERT_SIGN));
	OK(gnutls_x509_crt_sign2(a->certificate, a->certificate, a->key,
				 GNUTLS_DIG_SHA256, 0));
	a->path = toggled_path(t, toggled_text(t, "%s.pem", name));
	f = fopen(a->path, "we");
	ck_assert_ptr_nonnull(f);
	append_certificate(f, a->certificate);
	ck_assert_int_eq(fclose(f), 0);
	return toggled_own(t, a, authority_release);
}

const char *
authority_path(const struct authority *authority)
{
	return authority->path;
}

static void
name_hosts(gnutls_x509_crt_t crt)
{
	static const unsigned char v4[4] = { 127, 0, 0, 1 };
	static const unsigned char v6[16] = { [15] = 1 };

	OK(gnutls_x509_crt_set_subject_alt_name(
	    crt, GNUTLS_SAN_DNSNAME, "localhost", 9, GNUTLS_FSAN_SET));
	OK(gnutls_x509_crt_set_subject_alt_name(
	    crt, GNUTLS_SAN_IPADDRESS, v4, sizeof(v4), GNUTLS_FSAN_APPEND));
	OK(gnutls_x509_crt_set_subject_alt_name(
	    crt, GNUTLS_SAN_IPADDRESS, v6, sizeof(v6), GNUTLS_FSAN_APPEND));
}

struct certificate
certificate_new(struct authority *a, const char *name, unsigned char serial,
		int days)
{
	gnutls_x509_privkey_t key = key_new();
	gnutls_x509_crt_t crt = draft(key, "toggled", serial, days);
	struct certificate out = {
		.path = toggled_path(a->t, toggled_text(a->t, "%s.pem", name)),
		.key = toggled_path(a->t, toggled_text(a->t, "%s.key", name)),
	};
	FILE *f = fopen(out.path, "we");

	ck_assert_ptr_nonnull(f);
	name_hosts(crt);
	OK(gnutls_x509_crt_sign2(crt, a->certificate, a->key, GNUTLS_DIG_SHA256,
				 0));
	append_certificate(f, crt);
	append_certificate(f, a->certificate);
	ck_assert_int_eq(fclose(f), 0);
	write_key(out.key, key);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
	return out;
}
