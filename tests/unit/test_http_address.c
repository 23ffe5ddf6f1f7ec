/* Addresses to listen on: their forms, and binding them. */
#include "http/address.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct {
	const char *text;
	enum status status;
	enum address_kind kind;
} cases[] = {
	{ "127.0.0.1:0", STATUS_OK, ADDRESS_TCP },
	{ "[::1]:8016", STATUS_OK, ADDRESS_TCP },
	{ ":8016", STATUS_OK, ADDRESS_TCP },
	{ "localhost:1", STATUS_OK, ADDRESS_TCP },
	{ "unix:/tmp/x", STATUS_OK, ADDRESS_UNIX },
	{ "fd:3", STATUS_OK, ADDRESS_INHERITED },
	{ "https://127.0.0.1:8443", STATUS_OK, ADDRESS_TCP },
	{ "http://127.0.0.1:8016", STATUS_OK, ADDRESS_TCP },
	{ "https://fd:3", STATUS_OK, ADDRESS_INHERITED },
	{ "https://unix:/tmp/x", STATUS_INVALID, 0 },
	{ "fd:", STATUS_INVALID, 0 },
	{ "fd:x", STATUS_INVALID, 0 },
	{ "unix:", STATUS_INVALID, 0 },
	{ "127.0.0.1", STATUS_INVALID, 0 },
	{ "127.0.0.1:", STATUS_INVALID, 0 },
	{ "127.0.0.1:http", STATUS_INVALID, 0 },
	{ "::1:8016", STATUS_INVALID, 0 },
	{ "", STATUS_INVALID, 0 },
};

START_TEST(test_address_when_in_table_then_parsed_so)
{
	struct address address;

	ck_assert_int_eq(address_parse(cases[_i].text, &address, NULL),
			 cases[_i].status);
	if (cases[_i].status == STATUS_OK)
		ck_assert_int_eq(address.kind, cases[_i].kind);
}
END_TEST

static enum status
listen_on(const char *text, int *fds, size_t count)
{
	struct address address;
	enum status rc = address_parse(text, &address, NULL);

	return rc != STATUS_OK ? rc
			       : address_listen(&address, fds, count, NULL);
}

START_TEST(test_listen_when_for_two_loops_then_one_port_for_both)
{
	char first[ADDRESS_TEXT_BYTES];
	char second[ADDRESS_TEXT_BYTES];
	int other;
	int fds[2];

	ck_assert_int_eq(listen_on("127.0.0.1:0", fds, 2), STATUS_OK);
	address_name(fds[0], false, first);
	address_name(fds[1], false, second);
	ck_assert_str_eq(first, second);
	ck_assert_int_eq(strncmp(first, "http://127.0.0.1:", 17), 0);
	/* Nobody else gets it, not even to share. */
	ck_assert_int_eq(listen_on(first + 7, &other, 1), STATUS_IO);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

START_TEST(test_listen_when_port_is_shared_already_then_refused)
{
	char name[ADDRESS_TEXT_BYTES];
	int fds[2];
	int others[2];

	ck_assert_int_eq(listen_on("127.0.0.1:0", fds, 2), STATUS_OK);
	address_name(fds[0], false, name);
	ck_assert_int_eq(listen_on(name + 7, others, 2), STATUS_IO);
	ck_assert_int_eq(others[0], -1);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

START_TEST(test_listen_when_unix_then_stale_files_go_and_live_ones_stay)
{
	char dir[] = "/tmp/test_http_address.XXXXXX";
	char text[64];
	int fds[2];
	int others[2];

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(text, sizeof(text), "unix:%s/s", dir);
	ck_assert_int_eq(listen_on(text, fds, 2), STATUS_OK);
	ck_assert_int_eq(fds[1], -1);
	ck_assert_int_eq(listen_on(text, others, 2), STATUS_IO);
	close(fds[0]);
	ck_assert_int_eq(listen_on(text, fds, 2), STATUS_OK);
	close(fds[0]);
	unlink(text + 5);
	rmdir(dir);
}
END_TEST

START_TEST(test_listen_when_inherited_then_it_has_to_listen)
{
	char text[16];
	int fds[1];
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_ge(fd, 0);
	snprintf(text, sizeof(text), "fd:%d", fd);
	ck_assert_int_eq(listen_on(text, fds, 1), STATUS_INVALID);
	ck_assert_int_eq(listen(fd, 1), 0);
	ck_assert_int_eq(listen_on(text, fds, 1), STATUS_OK);
	ck_assert_int_eq(fds[0], fd);
	ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	close(fd);
	ck_assert_int_eq(listen_on(text, fds, 1), STATUS_IO);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("http/address");
	TCase *t = tcase_create("address");

	tcase_add_loop_test(t, test_address_when_in_table_then_parsed_so, 0,
			    (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(t,
		       test_listen_when_for_two_loops_then_one_port_for_both);
	tcase_add_test(t, test_listen_when_port_is_shared_already_then_refused);
	tcase_add_test(
	    t, test_listen_when_unix_then_stale_files_go_and_live_ones_stay);
	tcase_add_test(t, test_listen_when_inherited_then_it_has_to_listen);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	SRunner *runner = srunner_create(suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
