/*
 * Certificates that are renewed, wrong ones, and the commands under TLS.
 */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "http/secure.h"
#include "http/tls_scene.h"

enum { RENEWED_SERIAL = 9 };

/* The serial number that a new client sees. */
static unsigned
serial(struct toggled *t)
{
	struct raw *raw = raw_open(t);
	unsigned number = secure_serial(raw_secure(raw));

	raw_close(raw);
	return number;
}

START_TEST(test_reload_when_renewed_then_new_for_new_and_old_go_on)
{
	struct authority *ca = NULL;
	struct toggled *t = tls_start(NULL, &ca);
	struct raw *poll = raw_open(t);
	struct raw *begun = raw_open_plain(t);

	ck_assert(raw_send_text(poll, POLL("2") HOST "\r\n"));
	wait_for_waiters(t, 1);
	/* A handshake that is under way meanwhile. */
	ck_assert(raw_send(begun, "\x16\x03\x01", 3));
	ck_assert_uint_eq(serial(t), TLS_SERIAL);
	(void)certificate_new(ca, "server", RENEWED_SERIAL, TLS_DAYS);
	toggled_signal(t, SIGHUP);
	ck_assert(wait_until_logged(t, "serial=09", SOON_MS));
	ck_assert(
	    wait_until_logged(t, "configuration read again file=", SOON_MS));
	ck_assert_uint_eq(serial(t), RENEWED_SERIAL);
	flip_toggle(t, "{\"state\":\"DISABLED\"}");
	expect_revision(poll, 3);
	ck_assert(raw_send_text(poll, POLL("3") HOST "\r\n"));
	wait_for_waiters(t, 1);
	flip_toggle(t, "{\"state\":\"ENABLED\"}");
	expect_revision(poll, 4);
	tls_stop(t);
}
END_TEST

START_TEST(test_reload_when_named_anew_in_file_then_taken)
{
	struct toggled *t = toggled_new();
	struct authority *ca = authority_new(t, "ca");
	struct certificate c =
	    certificate_new(ca, "first", TLS_SERIAL, TLS_DAYS);
	const char *file =
	    toggled_write(t, "c",
			  toggled_text(t,
				       "listen = https://127.0.0.1:0\n"
				       "tls-certificate = %s\ntls-key = %s\n",
				       c.path, c.key));

	toggled_start_as(t, (const char *const[]){ "serve", "--config", file,
						   "--database", t->database,
						   NULL });
	t->port = (int)strtol(strrchr(t->ready, ':') + 1, NULL, 10);
	t->ca_file = authority_path(ca);
	ck_assert_uint_eq(serial(t), TLS_SERIAL);
	c = certificate_new(ca, "second", RENEWED_SERIAL, TLS_DAYS);
	toggled_write(t, "c",
		      toggled_text(t,
				   "listen = https://127.0.0.1:0\n"
				   "tls-certificate = %s\ntls-key = %s\n",
				   c.path, c.key));
	toggled_signal(t, SIGHUP);
	ck_assert(wait_until_logged(t, "configuration read again", SOON_MS));
	ck_assert_uint_eq(serial(t), RENEWED_SERIAL);
	tls_stop(t);
}
END_TEST

static void
break_certificate(struct toggled *t, struct authority *ca)
{
	(void)ca;
	toggled_write(t, "server.pem", "this is none\n");
}

static void
break_key(struct toggled *t, struct authority *ca)
{
	(void)ca;
	toggled_write(t, "server.key", "this is none\n");
}

static void
mix_up(struct toggled *t, struct authority *ca)
{
	struct certificate other = certificate_new(ca, "other", 11, TLS_DAYS);

	(void)other;
	toggled_write(t, "server.key", toggled_read(t, "other.key"));
}

static void
take_away(struct toggled *t, struct authority *ca)
{
	(void)ca;
	ck_assert_int_eq(remove(toggled_path(t, "server.key")), 0);
}

static const struct {
	void (*spoil)(struct toggled *t, struct authority *ca);
	const char *says;
} faults[] = {
	{ break_certificate, "server.pem holds no certificate" },
	{ break_key, "server.key holds no key" },
	{ mix_up, "server.key is not the key of the certificate" },
	{ take_away, "server.key: No such file" },
};

START_TEST(test_reload_when_files_are_wrong_then_old_ones_stay)
{
	struct authority *ca = NULL;
	struct toggled *t = tls_start(NULL, &ca);

	faults[_i].spoil(t, ca);
	toggled_signal(t, SIGHUP);
	ck_assert(wait_until_logged(t, "certificate refused", SOON_MS));
	ck_assert(wait_until_logged(t, faults[_i].says, SOON_MS));
	ck_assert_uint_eq(serial(t), TLS_SERIAL);
	/* Mended, it is taken. */
	(void)certificate_new(ca, "server", RENEWED_SERIAL, TLS_DAYS);
	toggled_signal(t, SIGHUP);
	ck_assert(wait_until_logged(t, "serial=09", SOON_MS));
	ck_assert(
	    wait_until_logged(t, "configuration read again file=", SOON_MS));
	ck_assert_uint_eq(serial(t), RENEWED_SERIAL);
	tls_stop(t);
}
END_TEST

/* "reloaded" means that it is in force; what is not is named. */
START_TEST(test_reload_when_named_anew_then_said_after_it_is_so)
{
	static const char form[] = "listen = https://127.0.0.1:0\n"
				   "tls-certificate = %s\ntls-key = %s\n";
	struct toggled *t = toggled_new();
	struct authority *ca = authority_new(t, "ca");
	struct certificate first =
	    certificate_new(ca, "first", TLS_SERIAL, TLS_DAYS);
	struct certificate second =
	    certificate_new(ca, "second", RENEWED_SERIAL, TLS_DAYS);
	const char *file =
	    toggled_write(t, "c", toggled_text(t, form, first.path, first.key));
	const char *log, *at;

	toggled_start_as(t, (const char *const[]){ "serve", "--config", file,
						   "--database", t->database,
						   NULL });
	t->port = (int)strtol(strrchr(t->ready, ':') + 1, NULL, 10);
	t->ca_file = authority_path(ca);
	toggled_write(t, "c", toggled_text(t, form, second.path, first.key));
	toggled_signal(t, SIGHUP);
	ck_assert(wait_until_logged(
	    t, "configuration read again, but for the certificate", SOON_MS));
	log = toggled_log(t);
	ck_assert_ptr_nonnull(strstr(log, "certificate refused"));
	ck_assert_ptr_nonnull(
	    strstr(log, "changed, but refused option=tls-certificate"));
	ck_assert_ptr_null(strstr(log, "reloaded"));
	toggled_write(t, "c", toggled_text(t, form, second.path, second.key));
	toggled_signal(t, SIGHUP);
	ck_assert(wait_until_logged(t, "reloaded option=tls-key", SOON_MS));
	at = strstr(toggled_log(t), "serial=09");
	ck_assert_ptr_nonnull(at);
	ck_assert_ptr_nonnull(strstr(at, "reloaded option=tls-key"));
	ck_assert_uint_eq(serial(t), RENEWED_SERIAL);
	tls_stop(t);
}
END_TEST

START_TEST(test_reload_when_expired_then_warned_and_taken)
{
	struct authority *ca = NULL;
	struct toggled *t = tls_start(NULL, &ca);

	(void)certificate_new(ca, "server", RENEWED_SERIAL, -1);
	toggled_signal(t, SIGHUP);
	ck_assert(wait_until_logged(t, "certificate has expired", SOON_MS));
	(void)certificate_new(ca, "server", RENEWED_SERIAL + 1, 2);
	toggled_signal(t, SIGHUP);
	ck_assert(wait_until_logged(t, "certificate expires soon", SOON_MS));
	tls_stop(t);
}
END_TEST

START_TEST(test_start_when_files_are_wrong_then_fails_with_a_sentence)
{
	struct toggled *t = toggled_new();
	struct authority *ca = authority_new(t, "ca");
	const struct run *run;

	(void)certificate_new(ca, "server", TLS_SERIAL, TLS_DAYS);
	faults[_i].spoil(t, ca);
	run = TOGGLED_RUN(t, "serve", "--listen", "https://127.0.0.1:0",
			  "--tls-certificate", "server.pem", "--tls-key",
			  "server.key");
	ck_assert_int_eq(run->status, 1);
	ck_assert_ptr_nonnull(strstr(run->err, faults[_i].says));
	run = TOGGLED_RUN(t, "check", "--tls-certificate", "server.pem",
			  "--tls-key", "server.key");
	ck_assert_int_eq(run->status, 1);
	ck_assert_ptr_nonnull(strstr(run->err, faults[_i].says));
	toggled_free(t);
}
END_TEST

START_TEST(test_check_when_certificate_has_expired_then_says_so)
{
	struct toggled *t = toggled_new();
	struct authority *ca = authority_new(t, "ca");
	static const int days[] = { TLS_DAYS, -TLS_DAYS };
	const struct run *run;

	for (int i = 0; i < 2; i++) {
		(void)certificate_new(ca, "server", TLS_SERIAL, days[i]);
		run = TOGGLED_RUN(t, "check", "--tls-certificate", "server.pem",
				  "--tls-key", "server.key");
		ck_assert_int_eq(run->status, 0);
		ck_assert_int_eq(strstr(run->out, "has expired at") != NULL,
				 days[i] < 0);
	}
	toggled_free(t);
}
END_TEST

START_TEST(test_start_when_files_are_not_named_then_fails_with_a_sentence)
{
	struct toggled *t = toggled_new();
	const struct run *run =
	    TOGGLED_RUN(t, "serve", "--listen", "https://127.0.0.1:0");

	ck_assert_int_eq(run->status, 2);
	ck_assert_ptr_nonnull(strstr(run->err, "tls-certificate and tls-key"));
	run = TOGGLED_RUN(t, "check", "--tls-key", "x");
	ck_assert_int_eq(run->status, 2);
	ck_assert_ptr_nonnull(strstr(run->err, "want each other"));
	run = TOGGLED_RUN(t, "check", "--listen", "https://unix:/tmp/s");
	ck_assert_int_ne(run->status, 0);
	ck_assert_ptr_nonnull(strstr(run->err, "clear text"));
	toggled_free(t);
}
END_TEST

START_TEST(test_command_when_server_is_trusted_then_works)
{
	struct toggled *t = tls_start(NULL, NULL);
	const struct run *run;

	toggled_write(t, "f.json",
		      "{\"flags\":{\"imported\":{\"state\":"
		      "\"ENABLED\",\"variants\":{\"on\":true},"
		      "\"defaultVariant\":\"on\"}}}");
	run = TOGGLED_RUN(t, "import", "--server", t->url, "--ca-file",
			  t->ca_file, "f.json");
	ck_assert_msg(run->status == 0, "%s", run->err);
	ck_assert_int_eq(toggled_get(t, T "/toggles/imported")->status, 200);
	/* By address as well as by name. */
	run = TOGGLED_RUN(t, "export", "--server",
			  toggled_text(t, "https://127.0.0.1:%d", t->port),
			  "--ca-file", t->ca_file);
	ck_assert_msg(run->status == 0, "%s", run->err);
	ck_assert_ptr_nonnull(strstr(run->out, "\"imported\""));
	run = TOGGLED_RUN(t, "backup", "--server", t->url, "--ca-file",
			  t->ca_file, "copy.db");
	ck_assert_msg(run->status == 0, "%s", run->err);
	run = TOGGLED_RUN(t, "verify", "--database", "copy.db");
	ck_assert_msg(run->status == 0, "%s", run->err);
	tls_stop(t);
}
END_TEST

START_TEST(test_command_when_server_is_not_trusted_then_refuses)
{
	static const char *const args[] = { "--listen", "https://0.0.0.0:0",
					    "--allow-unauthenticated", NULL };
	struct toggled *t = tls_start(args, NULL);
	const struct run *run = TOGGLED_RUN(t, "export", "--server", t->url);

	ck_assert_int_eq(run->status, 1);
	ck_assert_ptr_nonnull(strstr(run->err, "is not trusted"));
	run = TOGGLED_RUN(t, "export", "--server", t->url, "--ca-file",
			  authority_path(authority_new(t, "other")));
	ck_assert_int_eq(run->status, 1);
	ck_assert_ptr_nonnull(strstr(run->err, "is not trusted"));
	/* A name that the certificate does not have. */
	run = TOGGLED_RUN(t, "export", "--server",
			  toggled_text(t, "https://127.0.0.2:%d", t->port),
			  "--ca-file", t->ca_file);
	ck_assert_int_eq(run->status, 1);
	ck_assert_msg(strstr(run->err, "is not trusted") != NULL, "%s",
		      run->err);
	run = TOGGLED_RUN(t, "export", "--server", t->url, "--ca-file",
			  "nowhere");
	ck_assert_int_eq(run->status, 1);
	ck_assert_ptr_nonnull(strstr(run->err, "nowhere"));
	/* A server that speaks no TLS, and the reverse. */
	run = TOGGLED_RUN(
	    t, "export", "--server",
	    toggled_text(t, "https://%s", tls_plain_url(t) + strlen("http://")),
	    "--ca-file", t->ca_file);
	ck_assert_int_eq(run->status, 1);
	ck_assert_ptr_nonnull(strstr(run->err, "no TLS"));
	run = TOGGLED_RUN(t, "export", "--server",
			  toggled_text(t, "http://127.0.0.1:%d", t->port));
	ck_assert_int_eq(run->status, 1);
	tls_stop(t);
}
END_TEST

int
main(void)
{
	const int kinds = (int)(sizeof(faults) / sizeof(*faults));
	Suite *suite = suite_create("tls reload");
	TCase *tc = tcase_create("reload");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc,
		       test_reload_when_renewed_then_new_for_new_and_old_go_on);
	tcase_add_test(tc, test_reload_when_named_anew_in_file_then_taken);
	tcase_add_loop_test(
	    tc, test_reload_when_files_are_wrong_then_old_ones_stay, 0, kinds);
	tcase_add_test(tc,
		       test_reload_when_named_anew_then_said_after_it_is_so);
	tcase_add_test(tc, test_reload_when_expired_then_warned_and_taken);
	tcase_add_loop_test(
	    tc, test_start_when_files_are_wrong_then_fails_with_a_sentence, 0,
	    kinds);
	tcase_add_test(tc,
		       test_check_when_certificate_has_expired_then_says_so);
	tcase_add_test(
	    tc, test_start_when_files_are_not_named_then_fails_with_a_sentence);
	tcase_add_test(tc, test_command_when_server_is_trusted_then_works);
	tcase_add_test(tc,
		       test_command_when_server_is_not_trusted_then_refuses);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
