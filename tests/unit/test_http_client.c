/* The HTTP client against canned answers. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "http/client.h"

enum { TIMEOUT_MS = 5000, LIMIT = 64 };

/* A server in a child process that reads one request's head, answers, and hangs
 * up. `server` gets its name. The child dies with the test's process group. */
static void
serve(const char *answer, char *server, size_t size)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "/tmp/toggled-client-%d",
		 getpid());
	snprintf(server, size, "unix:%s", at.sun_path);
	unlink(at.sun_path);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	if (fork() == 0) {
		char text[4096];
		int c = accept(fd, NULL, NULL);
		ssize_t n = read(c, text, sizeof(text));

		unlink(at.sun_path);
		if (n > 0)
			(void)!write(c, answer, strlen(answer));
		shutdown(c, SHUT_WR);
		(void)!read(c, text, sizeof(text));
		_exit(0);
	}
	close(fd);
}

static enum status
fetch(const char *server, int fd, struct client_answer *answer,
      struct error *err)
{
	const struct client_request request = {
		.server = server,
		.method = "GET",
		.path = "/",
		.fd = fd,
		.limit = LIMIT,
		.idle_timeout_ms = TIMEOUT_MS,
	};

	error_init(err);
	client_answer_init(answer);
	return client_fetch(&request, answer, err);
}

static const struct {
	const char *answer;
	enum status rc;
	unsigned status;
	const char *body;
} cases[] = {
	{ "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", STATUS_OK, 200,
	  "abc" },
	{ "HTTP/1.1 200 OK\r\ncontent-LENGTH:3\r\n\r\nabcdef", STATUS_OK, 200,
	  "abc" },
	{ "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"
	  "Content-Length: 1\r\n\r\nx",
	  STATUS_OK, 200, "x" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	  "3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n",
	  STATUS_OK, 200, "abcd" },
	{ "HTTP/1.0 200 OK\r\n\r\nto the end", STATUS_OK, 200, "to the end" },
	{ "HTTP/1.1 204 No Content\r\n\r\n", STATUS_OK, 204, "" },
	{ "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}", STATUS_OK,
	  404, "{}" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", STATUS_IO, 200,
	  "abc" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
	  STATUS_IO, 200, "ab" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
	  STATUS_IO, 200, "" },
	{ "HTTP/1.1 200 OK\r\nContent-Le", STATUS_IO, 0, "" },
	{ "", STATUS_IO, 0, "" },
	{ "SSH-2.0-OpenSSH\r\n\r\n", STATUS_IO, 0, "" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 65\r\n\r\n"
	  "0123456789012345678901234567890123456789"
	  "0123456789012345678901234",
	  STATUS_TOO_LARGE, 200, "" },
};

START_TEST(test_fetch_when_answered_so_then_status_and_body)
{
	char server[128];
	struct client_answer answer;
	struct error err;

	serve(cases[_i].answer, server, sizeof(server));
	ck_assert_int_eq(fetch(server, -1, &answer, &err), cases[_i].rc);
	ck_assert_uint_eq(answer.status, cases[_i].status);
	ck_assert_str_eq(answer.body.data ? answer.body.data : "",
			 cases[_i].body);
	client_answer_fini(&answer);
}
END_TEST

START_TEST(test_fetch_when_into_file_then_only_good_bodies_go_there)
{
	char server[128];
	char text[16] = "";
	struct client_answer answer;
	struct error err;
	FILE *f = tmpfile();

	serve("HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\n{}", server,
	      sizeof(server));
	ck_assert_int_eq(fetch(server, fileno(f), &answer, &err), STATUS_OK);
	ck_assert_str_eq(answer.body.data, "{}");
	client_answer_fini(&answer);
	serve("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", server,
	      sizeof(server));
	ck_assert_int_eq(fetch(server, fileno(f), &answer, &err), STATUS_OK);
	ck_assert_uint_eq(answer.body.length, 0);
	ck_assert_int_eq(pread(fileno(f), text, sizeof(text) - 1, 0), 2);
	ck_assert_str_eq(text, "ok");
	client_answer_fini(&answer);
	fclose(f);
}
END_TEST

static const struct {
	const char *server;
	enum status rc;
} unreachable[] = {
	{ "unix:/nowhere/at/all", STATUS_BUSY },
	{ "http://127.0.0.1:1", STATUS_BUSY },
	{ "http://[::1]:1/", STATUS_BUSY },
	{ "https://127.0.0.1:1", STATUS_BUSY },
	{ "https://", STATUS_INVALID },
	{ "https://[::1", STATUS_INVALID },
	{ "https://a/path", STATUS_INVALID },
	{ "127.0.0.1:8016", STATUS_INVALID },
	{ "http://", STATUS_INVALID },
	{ "http://:80", STATUS_INVALID },
	{ "http://[::1", STATUS_INVALID },
	{ "http://[::1]x", STATUS_INVALID },
	{ "http://a:b", STATUS_INVALID },
	{ "http://a\r\nb", STATUS_INVALID },
	{ "http://127.0.0.1:65537", STATUS_INVALID },
	{ "https://[::1]:00000000000000000001", STATUS_INVALID },
	{ "http://a:", STATUS_INVALID },
	{ "http://a/path", STATUS_INVALID },
};

START_TEST(test_fetch_when_server_is_none_then_says_so)
{
	struct client_answer answer;
	struct error err;

	ck_assert_int_eq(fetch(unreachable[_i].server, -1, &answer, &err),
			 unreachable[_i].rc);
	ck_assert_ptr_nonnull(strstr(err.text, unreachable[_i].server));
	client_answer_fini(&answer);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("http client");
	TCase *tc = tcase_create("client");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc,
			    test_fetch_when_answered_so_then_status_and_body, 0,
			    (int)(sizeof(cases) / sizeof(*cases)));
	tcase_add_test(
	    tc, test_fetch_when_into_file_then_only_good_bodies_go_there);
	tcase_add_loop_test(tc, test_fetch_when_server_is_none_then_says_so, 0,
			    (int)(sizeof(unreachable) / sizeof(*unreachable)));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
