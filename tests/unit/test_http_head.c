/* The strict parser of parked clients' polls. */
#include "http/head.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* In memory of just its size, so that a sanitizer sees a step beyond. */
static bool
parse(const char *text, size_t length, struct head *head, char **memory)
{
	*memory = malloc(length + 1);
	ck_assert_ptr_nonnull(*memory);
	memcpy(*memory, text, length);
	return head_parse(*memory, length, head);
}

#define ROW(text_, good_)                                                      \
	{                                                                      \
		(text_), sizeof(text_) - 1, (good_)                            \
	}
#define LINE "GET /a?b HTTP/1.1\r\n"

static const struct {
	const char *text;
	size_t length;
	bool is_good;
} cases[] = {
	ROW(LINE "\r\n", true),
	ROW(LINE "Host: h\r\n\r\n", true),
	ROW(LINE "Host:h\r\nX:\r\n\r\n", true),
	ROW("", false),
	ROW("\r\n", false),
	ROW(LINE, false),
	ROW(LINE "Host: h\r\n", false),
	ROW(LINE "Host: h\r\n\r", false),
	ROW(LINE "\r\nx", false),
	ROW(LINE "\r\n" LINE "\r\n", false),
	ROW("\r\n" LINE "\r\n", false),
	ROW("POST /a HTTP/1.1\r\n\r\n", false),
	ROW("HEAD /a HTTP/1.1\r\n\r\n", false),
	ROW("GET /a HTTP/1.0\r\n\r\n", false),
	ROW("GET  /a HTTP/1.1\r\n\r\n", false),
	ROW("GET /a  HTTP/1.1\r\n\r\n", false),
	ROW("GET /a b HTTP/1.1\r\n\r\n", false),
	ROW("GET /a\0b HTTP/1.1\r\n\r\n", false),
	ROW("GET /a HTTP/1.1\0\r\n\r\n", false),
	ROW("GET a HTTP/1.1\r\n\r\n", false),
	ROW("GET / HTTP/1.1\r\n\r\n", true),
	ROW("GET HTTP/1.1\r\n\r\n", false),
	ROW("GET /\r\n\r\n", false),
	/* libmicrohttpd's to answer. */
	ROW("GET http://h/a HTTP/1.1\r\n\r\n", false),
	ROW(LINE "no colon\r\n\r\n", false),
	ROW(LINE "X: a\0b\r\n\r\n", false),
	ROW(LINE "X: a\nY: b\r\n\r\n", true), /* for guard to refuse */
	ROW("GET /a HTTP/1.1\n\n", false),
};

START_TEST(test_head_when_in_table_then_parsed_or_not)
{
	struct head head;
	char *memory;

	ck_assert_int_eq(
	    parse(cases[_i].text, cases[_i].length, &head, &memory),
	    cases[_i].is_good);
	free(memory);
}
END_TEST

START_TEST(test_head_when_blanks_follow_a_value_then_cut_off)
{
	static const char text[] = LINE "A: b c\t \r\nB: \t \r\nC:\r\n\r\n";
	struct head head;
	char *memory;

	ck_assert(parse(text, sizeof(text) - 1, &head, &memory));
	ck_assert_uint_eq(head.count, 3);
	ck_assert_str_eq(head.headers[0].value.data, "b c");
	ck_assert_uint_eq(head.headers[0].value.length, 3);
	ck_assert_str_eq(head.headers[1].value.data, "");
	ck_assert_uint_eq(head.headers[1].value.length, 0);
	ck_assert_str_eq(head.headers[2].value.data, "");
	free(memory);
}
END_TEST

START_TEST(test_head_when_cut_anywhere_then_not_parsed)
{
	static const char text[] = LINE "Host: h\r\nAccept: */*\r\n\r\n";
	struct head head;
	char *memory;

	for (size_t length = 0; length < sizeof(text) - 1; length++) {
		ck_assert(!parse(text, length, &head, &memory));
		free(memory);
	}
	ck_assert(parse(text, sizeof(text) - 1, &head, &memory));
	ck_assert_str_eq(head.target, "/a?b");
	ck_assert_uint_eq(head.count, 2);
	ck_assert_str_eq(head.headers[0].name.data, "Host");
	ck_assert_str_eq(head.headers[0].value.data, "h");
	ck_assert_str_eq(head.headers[1].name.data, "Accept");
	ck_assert_str_eq(head.headers[1].value.data, "*/*");
	ck_assert_uint_eq(head.headers[1].value.length, 3);
	free(memory);
}
END_TEST

START_TEST(test_head_when_many_headers_then_not_parsed)
{
	char text[1024] = LINE;
	struct head head;
	char *memory;

	for (int i = 0; i < HEAD_HEADERS_MAX; i++)
		strncat(text, "X: y\r\n", 7);
	strncat(text, "\r\n", 3);
	ck_assert(parse(text, strlen(text), &head, &memory));
	ck_assert_uint_eq(head.count, HEAD_HEADERS_MAX);
	free(memory);
	memcpy(text + strlen(text) - 2, "X: y\r\n\r\n", 9);
	ck_assert(!parse(text, strlen(text), &head, &memory));
	free(memory);
}
END_TEST

/* The fields from the line behind the request line on. */
static const struct {
	const char *text;
	size_t length; /* 0: strlen(text) */
	size_t before;
	enum head_verdict verdict;
	enum status status; /* of WRONG */
	size_t count;
} rests[] = {
	{ "\r\n", 0, 0, HEAD_WHOLE, STATUS_OK, 0 },
	{ "Host: h\r\n\r\n", 0, 0, HEAD_WHOLE, STATUS_OK, 1 },
	{ "A:b \t\r\nC:\r\n\r\nGET", 0, 0, HEAD_WHOLE, STATUS_OK, 2 },
	{ "", 0, 0, HEAD_PARTIAL, STATUS_OK, 0 },
	{ "Host: h\r\n", 0, 0, HEAD_PARTIAL, STATUS_OK, 0 },
	{ "Host: h\r\n\r", 0, 0, HEAD_PARTIAL, STATUS_OK, 0 },
	{ "Host: h\n\n", 0, 0, HEAD_WRONG, STATUS_INVALID, 0 },
	{ "\n", 0, 0, HEAD_WRONG, STATUS_INVALID, 0 },
	{ "A: b\r\n c\r\n\r\n", 0, 0, HEAD_WRONG, STATUS_INVALID, 0 },
	{ " A: b\r\n\r\n", 0, 0, HEAD_WRONG, STATUS_INVALID, 0 },
	{ "nonsense\r\n\r\n", 0, 0, HEAD_WRONG, STATUS_INVALID, 0 },
	{ "A: b\0c\r\n\r\n", 11, 0, HEAD_WRONG, STATUS_INVALID, 0 },
	{ "A: b\r\n\r\n", 0, HEAD_BYTES_MAX - 8, HEAD_WHOLE, STATUS_OK, 1 },
	{ "A: b\r\n\r\n", 0, HEAD_BYTES_MAX - 7, HEAD_WRONG,
	  STATUS_URI_TOO_LONG, 0 },
};

START_TEST(test_fields_when_in_table_then_judged_so)
{
	const size_t length =
	    rests[_i].length != 0 ? rests[_i].length : strlen(rests[_i].text);
	struct head_fields fields = { .before = rests[_i].before };
	struct arena arena;
	struct error err;

	error_init(&err);
	arena_init(&arena);
	ck_assert_int_eq(
	    head_fields(rests[_i].text, length, &arena, &fields, &err),
	    rests[_i].verdict);
	if (rests[_i].verdict == HEAD_WRONG)
		ck_assert_int_eq(err.code, rests[_i].status);
	if (rests[_i].verdict == HEAD_WHOLE)
		ck_assert_uint_eq(fields.count, rests[_i].count);
	ck_assert_uint_le(fields.size, length);
	arena_fini(&arena);
}
END_TEST

/* An end that does not come: as much as there may be, and a byte more. */
START_TEST(test_fields_when_without_end_then_refused_when_too_much)
{
	struct head_fields fields = { .before = 100 };
	char text[HEAD_BYTES_MAX + 1] = { 0 };
	struct arena arena;
	struct error err;

	error_init(&err);
	arena_init(&arena);
	memset(text, 'x', HEAD_BYTES_MAX - 100);
	ck_assert_int_eq(head_fields(text, sizeof(text), &arena, &fields, &err),
			 HEAD_PARTIAL);
	text[HEAD_BYTES_MAX - 100] = 'x';
	ck_assert_int_eq(head_fields(text, sizeof(text), &arena, &fields, &err),
			 HEAD_WRONG);
	ck_assert_int_eq(err.code, STATUS_HEADERS_TOO_LARGE);
	arena_fini(&arena);
}
END_TEST

/* All of a head, as far as it has come. */
static const struct {
	const char *text;
	size_t length; /* 0: strlen(text) */
	enum head_verdict verdict;
	enum status status; /* of WRONG */
	size_t count;
} wholes[] = {
	{ LINE "Host: h\r\n\r\n", 0, HEAD_WHOLE, STATUS_OK, 1 },
	{ LINE "Host: h\r\nA:b\r\n\r\nmore", 0, HEAD_WHOLE, STATUS_OK, 2 },
	{ "\r\n" LINE "Host: h\r\n\r\n", 0, HEAD_WHOLE, STATUS_OK, 1 },
	{ "GET / HTTP/1.0\r\n\r\n", 0, HEAD_WHOLE, STATUS_OK, 0 },
	{ "BREW * HTTP/1.9\r\nHost: h\r\n\r\n", 0, HEAD_WHOLE, STATUS_OK, 1 },
	{ "", 0, HEAD_PARTIAL, STATUS_OK, 0 },
	{ "\r", 0, HEAD_PARTIAL, STATUS_OK, 0 },
	{ "\r\n", 0, HEAD_PARTIAL, STATUS_OK, 0 },
	{ "\r\n\r", 0, HEAD_PARTIAL, STATUS_OK, 0 },
	{ "\r\n\r\n", 0, HEAD_WRONG, STATUS_INVALID, 0 },
	{ "\n", 0, HEAD_WRONG, STATUS_INVALID, 0 },
	{ "\rG", 0, HEAD_WRONG, STATUS_INVALID, 0 },
	{ "GET\r", 0, HEAD_WRONG, STATUS_INVALID, 0 },
	{ " ", 0, HEAD_WRONG, STATUS_INVALID, 0 },
	{ "\x16\x03\x01", 0, HEAD_WRONG, STATUS_INVALID, 0 },
	{ "\0", 1, HEAD_WRONG, STATUS_INVALID, 0 },
	{ "GET /a", 0, HEAD_PARTIAL, STATUS_OK, 0 },
	{ "GET /a HTTP/2.0", 0, HEAD_PARTIAL, STATUS_OK, 0 },
	{ "GET /a HTTP/2.0\r\n", 0, HEAD_WRONG, STATUS_VERSION, 0 },
	{ "GET /a HTTP/1.1\n", 0, HEAD_WRONG, STATUS_INVALID, 0 },
	{ "GET /a\r\n", 0, HEAD_WRONG, STATUS_INVALID, 0 },
	{ "GET  HTTP/1.1\r\n", 0, HEAD_WRONG, STATUS_INVALID, 0 },
	{ "GET HTTP/1.1\r\n", 0, HEAD_WRONG, STATUS_INVALID, 0 },
	{ "GET /\0 HTTP/1.1\r\n", 17, HEAD_WRONG, STATUS_INVALID, 0 },
	{ "GET / HTTP/1.1\0\r\n", 17, HEAD_WRONG, STATUS_INVALID, 0 },
	{ LINE, 0, HEAD_PARTIAL, STATUS_OK, 0 },
	{ LINE "\r\n", 0, HEAD_WRONG, STATUS_INVALID, 0 },
	{ LINE "nonsense\r\n", 0, HEAD_PARTIAL, STATUS_OK, 0 },
	{ LINE "nonsense\r\n\r\n", 0, HEAD_WRONG, STATUS_INVALID, 0 },
	{ LINE "A: b\nC", 0, HEAD_WRONG, STATUS_INVALID, 0 },
	/* Its fields are there: for an answer with its id. */
	{ LINE "Host: h\r\nHost: h\r\n\r\n", 0, HEAD_WRONG, STATUS_INVALID, 2 },
};

START_TEST(test_whole_when_in_table_then_judged_so_at_any_length)
{
	const char *text = wholes[_i].text;
	const size_t length =
	    wholes[_i].length != 0 ? wholes[_i].length : strlen(text);
	enum head_verdict verdict = HEAD_PARTIAL;
	struct head_whole head;
	struct arena arena;
	struct error err;

	arena_init(&arena);
	/* What it says once it says to whatever follows, too. */
	for (size_t n = 0; n <= length; n++) {
		char *memory = malloc(n + 1);
		enum head_verdict before = verdict;

		ck_assert_ptr_nonnull(memory);
		error_init(&err);
		memcpy(memory + 1, text, n);
		verdict = head_read(memory + 1, n, &arena, &head, &err);
		free(memory);
		if (before != HEAD_PARTIAL)
			ck_assert_int_eq(verdict, before);
	}
	ck_assert_int_eq(verdict, wholes[_i].verdict);
	if (verdict == HEAD_WRONG)
		ck_assert_int_eq(err.code, wholes[_i].status);
	ck_assert_uint_eq(head.fields.count, wholes[_i].count);
	arena_fini(&arena);
}
END_TEST

/* What fills the most that is looked at is never PARTIAL. */
START_TEST(test_whole_when_without_end_then_refused)
{
	static const struct {
		const char *start;
		char filling;
		enum status status;
	} fills[] = {
		{ "GET /", 'a', STATUS_URI_TOO_LONG },
		{ "", 'A', STATUS_URI_TOO_LONG },
		{ LINE "A: ", 'a', STATUS_HEADERS_TOO_LARGE },
		{ LINE "A: ", '\0', STATUS_HEADERS_TOO_LARGE },
		{ "\r\n" LINE "A: ", 'a', STATUS_HEADERS_TOO_LARGE },
	};
	static char text[16 * 1024];
	const size_t start = strlen(fills[_i].start);
	struct head_whole head;
	struct arena arena;
	struct error err;

	arena_init(&arena);
	error_init(&err);
	memset(text, fills[_i].filling, sizeof(text));
	memcpy(text, fills[_i].start, start);
	ck_assert_int_eq(head_read(text, start + 1000, &arena, &head, &err),
			 HEAD_PARTIAL);
	ck_assert_int_eq(head_read(text, sizeof(text), &arena, &head, &err),
			 HEAD_WRONG);
	ck_assert_int_eq(err.code, fills[_i].status);
	arena_fini(&arena);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("http/head");
	TCase *t = tcase_create("head");

	tcase_add_loop_test(t, test_head_when_in_table_then_parsed_or_not, 0,
			    (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(t, test_head_when_cut_anywhere_then_not_parsed);
	tcase_add_test(t, test_head_when_blanks_follow_a_value_then_cut_off);
	tcase_add_test(t, test_head_when_many_headers_then_not_parsed);
	tcase_add_loop_test(t, test_fields_when_in_table_then_judged_so, 0,
			    (int)(sizeof(rests) / sizeof(rests[0])));
	tcase_add_test(t,
		       test_fields_when_without_end_then_refused_when_too_much);
	tcase_add_loop_test(
	    t, test_whole_when_in_table_then_judged_so_at_any_length, 0,
	    (int)(sizeof(wholes) / sizeof(wholes[0])));
	tcase_add_loop_test(t, test_whole_when_without_end_then_refused, 0, 5);
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
