/* Addresses to listen on: their form, and who can reach them. */
#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../src/daemon/listen.h"

static const struct {
	const char *text;
	bool is_good;
	bool is_local;
} addresses[] = {
	{ "127.0.0.1:8016", true, true },
	{ "127.9.9.9:0", true, true },
	{ "localhost:65535", true, true },
	{ "[::1]:8016", true, true },
	{ "unix:/run/t.sock", true, true },
	{ "0.0.0.0:8016", true, false },
	{ "10.0.0.1:8016", true, false },
	{ ":8016", true, false },
	{ "[::]:8016", true, false },
	{ "toggled.example:80", true, false },
	{ "127.0.0.1.example.com:80", true, false },
	{ "fd:999", true, false },
	{ "", false, false },
	{ ":", false, false },
	{ "8016", false, false },
	{ "127.0.0.1", false, false },
	{ "127.0.0.1:65536", false, false },
	{ "127.0.0.1:99999999999", false, false },
	{ "127.0.0.1:http", false, false },
	{ "127.0.0.1:80 ", false, false },
	{ "::1:8016", false, false },
	{ "[]:80", false, false },
	{ "[::1:80", false, false },
	{ "[10.0.0.1]:80", false, false },
	{ "unix:", false, false },
	{ "unix:relative", false, false },
	{ "fd:", false, false },
	{ "fd:web.socket", true, false },
	{ "https://127.0.0.1:8443", true, true },
	{ "https://[::1]:8443", true, true },
	{ "https://:8443", true, false },
	{ "https://fd:web", true, false },
	{ "http://127.0.0.1:8016", true, true },
	{ "http://10.0.0.1:8016", true, false },
	{ "https://unix:/run/t.sock", false, false },
	{ "https://", false, false },
	{ "https://127.0.0.1", false, false },
	{ "ftp://127.0.0.1:21", false, false },
	{ "fd:a b", false, false },
};

START_TEST(test_address_when_written_so_then_form_and_reach_are_known)
{
	struct error err;
	enum status rc;

	error_init(&err);
	rc = listen_check(addresses[_i].text, &err);
	ck_assert_msg((rc == STATUS_OK) == addresses[_i].is_good, "'%s': %s",
		      addresses[_i].text, err.text);
	if (addresses[_i].is_good)
		ck_assert_msg(listen_is_local(addresses[_i].text) ==
				  addresses[_i].is_local,
			      "'%s'", addresses[_i].text);
}
END_TEST

START_TEST(test_path_when_too_long_then_refused)
{
	char text[200];
	struct error err;

	error_init(&err);
	memset(text, 'x', sizeof(text));
	memcpy(text, "unix:/", 6);
	text[sizeof(text) - 1] = '\0';
	ck_assert_int_eq(listen_check(text, &err), STATUS_INVALID);
	ck_assert_ptr_nonnull(strstr(err.text, "at most 107 bytes"));
}
END_TEST

START_TEST(test_inherited_when_bound_to_loopback_then_local)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	char text[32];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	snprintf(text, sizeof(text), "fd:%d", fd);
	ck_assert(listen_is_local(text));
	close(fd);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("daemon listen");
	TCase *tc = tcase_create("listen");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(
	    tc, test_address_when_written_so_then_form_and_reach_are_known, 0,
	    (int)(sizeof(addresses) / sizeof(*addresses)));
	tcase_add_test(tc, test_path_when_too_long_then_refused);
	tcase_add_test(tc, test_inherited_when_bound_to_loopback_then_local);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
