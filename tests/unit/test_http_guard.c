/* What of a request's header is refused, and what it says about the body. */
#include "http/guard.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define PAIR(name_, value_)                                                    \
	{                                                                      \
		{ name_, sizeof(name_) - 1 },                                  \
		{                                                              \
			value_, sizeof(value_) - 1                             \
		}                                                              \
	}

#define HOST PAIR("Host", "h")

struct guard_case {
	const char *version;
	struct request_pair headers[4];
	size_t count;
	enum status status;
};

static const struct guard_case cases[] = {
	{ "HTTP/1.1", { HOST }, 1, STATUS_OK },
	{ "HTTP/1.1", { HOST, PAIR("X", "") }, 2, STATUS_OK },
	{ "HTTP/1.1", { HOST, PAIR("X", "a\tb") }, 2, STATUS_OK },
	{ "HTTP/1.1", { HOST, PAIR("X", "\xc3\xa9") }, 2, STATUS_OK },
	{ "HTTP/1.1",
	  { HOST, PAIR("!#$%&'*+-.^_`|~09azAZ", "") },
	  2,
	  STATUS_OK },
	{ "HTTP/1.1", { PAIR("X", "a") }, 1, STATUS_INVALID },
	{ "HTTP/1.0", { PAIR("X", "a") }, 1, STATUS_OK },
	{ "HTTP/1.1", { HOST, HOST }, 2, STATUS_INVALID },
	{ "HTTP/1.0", { HOST, PAIR("host", "x") }, 2, STATUS_INVALID },
	{ "HTTP/1.1", { HOST, PAIR("", "a") }, 2, STATUS_INVALID },
	{ "HTTP/1.1", { HOST, PAIR("X ", "a") }, 2, STATUS_INVALID },
	{ "HTTP/1.1", { HOST, PAIR("X\0", "a") }, 2, STATUS_INVALID },
	{ "HTTP/1.1", { HOST, PAIR("X(", "a") }, 2, STATUS_INVALID },
	{ "HTTP/1.1", { HOST, PAIR("\xc3\xa9", "a") }, 2, STATUS_INVALID },
	{ "HTTP/1.1", { HOST, PAIR("X", "a\0b") }, 2, STATUS_INVALID },
	{ "HTTP/1.1", { HOST, PAIR("X", "a\rb") }, 2, STATUS_INVALID },
	{ "HTTP/1.1", { HOST, PAIR("X", "a\nb") }, 2, STATUS_INVALID },
	{ "HTTP/1.1", { HOST, PAIR("X", "\x7f") }, 2, STATUS_INVALID },
	{ "HTTP/1.1", { HOST, PAIR("Content-Length", "7") }, 2, STATUS_OK },
	{ "HTTP/1.1",
	  { HOST, PAIR("Content-Length", "7"), PAIR("content-length", "7") },
	  3,
	  STATUS_INVALID },
	{ "HTTP/1.1",
	  { HOST, PAIR("Content-Length", "7, 7") },
	  2,
	  STATUS_INVALID },
	{ "HTTP/1.1",
	  { HOST, PAIR("Content-Length", "+7") },
	  2,
	  STATUS_INVALID },
	{ "HTTP/1.1",
	  { HOST, PAIR("Content-Length", "7 ") },
	  2,
	  STATUS_INVALID },
	{ "HTTP/1.1",
	  { HOST, PAIR("Content-Length", "0x7") },
	  2,
	  STATUS_INVALID },
	{ "HTTP/1.1", { HOST, PAIR("Content-Length", "") }, 2, STATUS_INVALID },
	{ "HTTP/1.1",
	  { HOST, PAIR("Content-Length", "9999999999999999999") },
	  2,
	  STATUS_INVALID },
	{ "HTTP/1.1",
	  { HOST, PAIR("Transfer-Encoding", "Chunked") },
	  2,
	  STATUS_OK },
	{ "HTTP/1.1",
	  { HOST, PAIR("Transfer-Encoding", "gzip, chunked") },
	  2,
	  STATUS_NOT_IMPLEMENTED },
	{ "HTTP/1.1",
	  { HOST, PAIR("Transfer-Encoding", "") },
	  2,
	  STATUS_NOT_IMPLEMENTED },
	{ "HTTP/1.1",
	  { HOST, PAIR("Transfer-Encoding", "chunked"),
	    PAIR("Transfer-Encoding", "chunked") },
	  3,
	  STATUS_NOT_IMPLEMENTED },
	{ "HTTP/1.1",
	  { HOST, PAIR("Transfer-Encoding", "chunked"),
	    PAIR("Content-Length", "7") },
	  3,
	  STATUS_INVALID },
};

START_TEST(test_headers_when_in_table_then_judged_so)
{
	const struct guard_case *c = &cases[_i];
	struct guard_message message;

	ck_assert_int_eq(
	    guard_headers(c->headers, c->count, c->version, &message, NULL),
	    c->status);
}
END_TEST

START_TEST(test_headers_when_they_speak_of_the_body_then_told)
{
	const struct request_pair headers[] = {
		HOST,
		PAIR("Content-Length", "70"),
		PAIR("Connection", "x, Close"),
		PAIR("Expect", "100-continue"),
	};
	struct guard_message message;

	ck_assert_int_eq(guard_headers(headers, 4, "HTTP/1.1", &message, NULL),
			 STATUS_OK);
	ck_assert(message.has_length && message.length == 70);
	ck_assert(message.close && message.expects && !message.chunked);
	ck_assert_int_eq(guard_headers(headers, 1, "HTTP/1.1", &message, NULL),
			 STATUS_OK);
	ck_assert(!message.has_length && !message.close && !message.expects);
}
END_TEST

START_TEST(test_headers_when_too_many_then_431)
{
	struct request_pair headers[GUARD_HEADERS_MAX + 1] = { HOST };
	struct guard_message message;

	for (size_t i = 1; i <= GUARD_HEADERS_MAX; i++)
		headers[i] = (struct request_pair)PAIR("X", "");
	ck_assert_int_eq(guard_headers(headers, GUARD_HEADERS_MAX, "HTTP/1.1",
				       &message, NULL),
			 STATUS_OK);
	ck_assert_int_eq(guard_headers(headers, GUARD_HEADERS_MAX + 1,
				       "HTTP/1.1", &message, NULL),
			 STATUS_HEADERS_TOO_LARGE);
}
END_TEST

/* A header as the library leaves it in memory: "|" is a NUL. */
struct gap_case {
	const char *text;
	size_t target; /* offsets */
	size_t version;
	size_t names[2], values[2];
	size_t count;
	enum status status;
};

static const struct gap_case gaps[] = {
	{ "GET|/a|HTTP/1.1||||", 4, 7, { 0 }, { 0 }, 0, STATUS_OK },
	{ "GET|/a|HTTP/1.1||A| b||||", 4, 7, { 17 }, { 20 }, 1, STATUS_OK },
	{ "GET|/a|HTTP/1.1||A|b||C|||||",
	  4,
	  7,
	  { 17, 22 },
	  { 19, 24 },
	  2,
	  STATUS_OK },
	/* a NUL in the value, a folded line, a bare LF */
	{ "GET|/a|HTTP/1.1||A|b|x||||",
	  4,
	  7,
	  { 17 },
	  { 19 },
	  1,
	  STATUS_INVALID },
	{ "GET|/a|HTTP/1.1||A|b|| c||||",
	  4,
	  7,
	  { 17 },
	  { 19 },
	  1,
	  STATUS_INVALID },
	{ "GET|/a|HTTP/1.1|A|b||||", 4, 7, { 16 }, { 18 }, 1, STATUS_INVALID },
	{ "GET|/a|HTTP/1.1||A|b|||", 4, 7, { 17 }, { 19 }, 1, STATUS_INVALID },
	/* a line before the first, one between, one behind */
	{ "GET|/a|HTTP/1.1||x||A|b||||",
	  4,
	  7,
	  { 20 },
	  { 22 },
	  1,
	  STATUS_INVALID },
	{ "GET|/a|HTTP/1.1||A|b||x||C|||||",
	  4,
	  7,
	  { 17, 25 },
	  { 19, 27 },
	  2,
	  STATUS_INVALID },
	{ "GET|/a|HTTP/1.1||A|b||x||||",
	  4,
	  7,
	  { 17 },
	  { 19 },
	  1,
	  STATUS_INVALID },
	/* a NUL in the method, behind the target */
	{ "GE|T|/a|HTTP/1.1||||", 5, 8, { 0 }, { 0 }, 0, STATUS_INVALID },
	{ "GET|/a|b|HTTP/1.1||||", 4, 9, { 0 }, { 0 }, 0, STATUS_INVALID },
};

START_TEST(test_gaps_when_in_table_then_judged_so)
{
	const struct gap_case *c = &gaps[_i];
	struct request_pair headers[2];
	size_t size = strlen(c->text);
	char *text = malloc(size + 1);
	struct guard_layout layout;

	ck_assert_ptr_nonnull(text);
	for (size_t i = 0; i <= size; i++)
		text[i] = c->text[i] == '|' ? '\0' : c->text[i];
	for (size_t i = 0; i < c->count; i++) {
		headers[i].name.data = text + c->names[i];
		headers[i].name.length = strlen(headers[i].name.data);
		headers[i].value.data = text + c->values[i];
		headers[i].value.length = strlen(headers[i].value.data);
	}
	layout = (struct guard_layout){
		.method = text,
		.target = text + c->target,
		.target_length = strlen(text + c->target),
		.version = text + c->version,
		.size = size,
	};
	ck_assert_int_eq(guard_gaps(&layout, headers, c->count, NULL),
			 c->status);
	free(text);
}
END_TEST

static const struct {
	const char *origin;
	const char *host;
	bool is_foreign;
} origins[] = {
	{ "http://h", "h", false },
	{ "http://h:80", "h", false },
	{ "http://h", "h:80", false },
	{ "https://h", "h", false },
	{ "https://h:443", "h", false },
	{ "https://h", "h:443", false },
	{ "HTTP://H:8016", "h:8016", false },
	{ "http://[::1]:8016", "[::1]:8016", false },
	{ "http://h:8016", "h", true },
	{ "http://h:443", "h", true },
	{ "http://h.evil", "h", true },
	{ "http://evil", "h", true },
	{ "http://", "h", true },
	{ "null", "h", true },
	{ "", "h", true },
	{ "file://h", "h", true },
	{ "http://h", NULL, true },
};

START_TEST(test_origin_when_in_table_then_foreign_or_not)
{
	ck_assert_int_eq(guard_is_foreign(origins[_i].origin, origins[_i].host),
			 origins[_i].is_foreign);
}
END_TEST

static const struct {
	const char *host;
	bool is_host;
} authorities[] = {
	{ "h", true },
	{ "toggles.example.org:8016", true },
	{ "h:", true },
	{ "a_b%20c", true },
	{ "127.0.0.1:80", true },
	{ "[::1]", true },
	{ "[2001:db8::1]:8016", true },
	{ "[::ffff:192.0.2.1]", true },
	{ "", false },
	{ ":80", false },
	{ "a b", false },
	{ "a/b", false },
	{ "a?b", false },
	{ "a#b", false },
	{ "u@b", false },
	{ "a,b", false },
	{ "a, b", false },
	{ "a:b", false },
	{ "a:80:81", false },
	{ "a:123456", false },
	{ "[::1", false },
	{ "[]", false },
	{ "[::1]x", false },
	{ "a\\b", false },
	{ "\xc3\xa9", false },
	{ "http://a", false },
	{ "\"a\"", false },
};

START_TEST(test_host_when_in_table_then_one_or_not)
{
	ck_assert_int_eq(guard_is_host(authorities[_i].host),
			 authorities[_i].is_host);
}
END_TEST

static const struct {
	const char *host;
	bool is_literal;
} hosts[] = {
	{ "localhost", true },
	{ "LocalHost:8016", true },
	{ "127.0.0.1", true },
	{ "192.0.2.7:8016", true },
	{ "[::1]", true },
	{ "[2001:db8::1]:8016", true },
	{ "h", false },
	{ "localhost.", false },
	{ "localhost.evil:8016", false },
	{ "127.0.0.1.evil", false },
	{ "127.1", false },
	{ "[evil]", false },
	{ "[::1", true },
	{ "", false },
	{ ":8016", false },
	{ "a-name-that-is-longer-than-any-address-could-ever-be", false },
};

START_TEST(test_host_when_in_table_then_literal_or_not)
{
	ck_assert_int_eq(guard_is_literal(hosts[_i].host),
			 hosts[_i].is_literal);
}
END_TEST

static const struct {
	const char *method;
	const char *target;
	enum status status;
} starts[] = {
	{ "GET", "/a?b=%0a", STATUS_OK },   { "M-SEARCH", "*", STATUS_OK },
	{ "GET", "/\xc3\xa9", STATUS_OK },  { "GET", "/a\nb", STATUS_INVALID },
	{ "GET", "/a\tb", STATUS_INVALID }, { "GET", "/a b", STATUS_INVALID },
	{ "GET", "/\x7f", STATUS_INVALID }, { "\rGET", "/", STATUS_INVALID },
	{ "G@T", "/", STATUS_INVALID },     { "", "/", STATUS_INVALID },
};

START_TEST(test_start_when_in_table_then_judged_so)
{
	ck_assert_int_eq(
	    guard_start(starts[_i].method, starts[_i].target, NULL),
	    starts[_i].status);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

static Suite *
suite(void)
{
	Suite *s = suite_create("http/guard");
	TCase *t = tcase_create("guard");

	tcase_add_loop_test(t, test_headers_when_in_table_then_judged_so, 0,
			    COUNT(cases));
	tcase_add_test(t, test_headers_when_they_speak_of_the_body_then_told);
	tcase_add_test(t, test_headers_when_too_many_then_431);
	tcase_add_loop_test(t, test_gaps_when_in_table_then_judged_so, 0,
			    COUNT(gaps));
	tcase_add_loop_test(t, test_origin_when_in_table_then_foreign_or_not, 0,
			    COUNT(origins));
	tcase_add_loop_test(t, test_host_when_in_table_then_one_or_not, 0,
			    COUNT(authorities));
	tcase_add_loop_test(t, test_host_when_in_table_then_literal_or_not, 0,
			    COUNT(hosts));
	tcase_add_loop_test(t, test_start_when_in_table_then_judged_so, 0,
			    COUNT(starts));
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
