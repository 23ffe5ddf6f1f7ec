#include "base/log.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"

enum { TIME_BYTES = sizeof("2026-11-22T14:03:00.123Z") - 1 };

/* A log that writes into a pipe, and the other end of it. */
struct capture {
	struct log *log;
	int fds[2];
	char text[65536];
};

static void
capture_init(struct capture *capture, enum log_level level,
	     enum log_format format)
{
	ck_assert_int_eq(pipe(capture->fds), 0);
	capture->log = log_new(capture->fds[1], level, format);
}

/* What was written so far: one read, so one line if there was one write. */
static const char *
capture_read(struct capture *capture)
{
	ssize_t length;

	length =
	    read(capture->fds[0], capture->text, sizeof(capture->text) - 1);
	ck_assert_int_gt(length, 0);
	capture->text[length] = '\0';
	return capture->text;
}

static void
capture_fini(struct capture *capture)
{
	log_free(capture->log);
	close(capture->fds[0]);
	close(capture->fds[1]);
}

START_TEST(test_log_text_when_event_then_time_level_event_fields)
{
	struct capture capture;
	const char *line;
	char time[TIME_BYTES + 1];
	int64_t ms;

	capture_init(&capture, LOG_INFO, LOG_TEXT);
	log_to(capture.log, LOG_INFO, "listening",
	       LOG_S("address", "127.0.0.1"), LOG_N("port", 8016));
	line = capture_read(&capture);
	memcpy(time, line, TIME_BYTES);
	time[TIME_BYTES] = '\0';
	ck_assert(clock_parse(time, &ms));
	ck_assert_str_eq(line + TIME_BYTES,
			 " info listening address=127.0.0.1 port=8016\n");
	capture_fini(&capture);
}
END_TEST

START_TEST(test_log_when_event_has_no_fields_then_line)
{
	struct capture capture;

	capture_init(&capture, LOG_DEBUG, LOG_TEXT);
	log_to(capture.log, LOG_DEBUG, "shutting down");
	ck_assert_str_eq(capture_read(&capture) + TIME_BYTES,
			 " debug shutting down\n");
	capture_fini(&capture);
}
END_TEST

struct value_case {
	const char *value;
	const char *text; /* after the '=' */
	const char *json; /* the value as a JSON parser sees it */
};

static const struct value_case value_cases[] = {
	{ "plain", "plain", "plain" },
	{ "", "\"\"", "" },
	{ "two words", "\"two words\"", "two words" },
	{ "say \"hi\"", "\"say \\\"hi\\\"\"", "say \"hi\"" },
	{ "a=b", "\"a=b\"", "a=b" },
	{ "back\\slash", "\"back\\\\slash\"", "back\\slash" },
	{ "x\ninfo forged", "\"x\\ninfo forged\"", "x\ninfo forged" },
	{ "\r\t", "\"\\r\\t\"", "\r\t" },
	{ "\x1b[2J", "\"\\x1b[2J\"", "\x1b[2J" },
	{ "\x7f", "\"\\x7f\"", "\x7f" },
	{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
	{ "\xf0\x9f\x9a\xa9", "\xf0\x9f\x9a\xa9", "\xf0\x9f\x9a\xa9" },
	{ "\xc2\x9b", "\"\\xc2\\x9b\"", "\xef\xbf\xbd\xef\xbf\xbd" },
	{ "a\xe2\x80\xae"
	  "b",
	  "\"a\\u202eb\"",
	  "a\xe2\x80\xae"
	  "b" },
	{ "\xe2\x81\xa6", "\"\\u2066\"", "\xe2\x81\xa6" },
	{ "\xd8\x9c", "\"\\u061c\"", "\xd8\x9c" },
	{ "\xef\xbb\xbf", "\"\\ufeff\"", "\xef\xbb\xbf" },
	{ "\xe2\x82\xac", "\xe2\x82\xac", "\xe2\x82\xac" },
	{ "\xff", "\"\\xff\"", "\xef\xbf\xbd" },
	{ "\xc3", "\"\\xc3\"", "\xef\xbf\xbd" },
	{ "\xe2\x82", "\"\\xe2\\x82\"", "\xef\xbf\xbd\xef\xbf\xbd" },
	{ "\xc0\x80", "\"\\xc0\\x80\"", "\xef\xbf\xbd\xef\xbf\xbd" },
	{ "\xed\xa0\x80", "\"\\xed\\xa0\\x80\"",
	  "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
};

START_TEST(test_log_text_when_value_is_special_then_escaped)
{
	const struct value_case *c = &value_cases[_i];
	struct capture capture;
	const char *at;
	size_t length = strlen(c->text);

	capture_init(&capture, LOG_INFO, LOG_TEXT);
	log_to(capture.log, LOG_WARN, "e", LOG_S("v", c->value));
	at = capture_read(&capture) + TIME_BYTES + strlen(" warn e v=");
	ck_assert_uint_eq(strlen(at), length + 1);
	ck_assert_mem_eq(at, c->text, length);
	ck_assert_int_eq(at[length], '\n');
	capture_fini(&capture);
}
END_TEST

START_TEST(test_log_json_when_value_is_special_then_valid_json)
{
	const struct value_case *c = &value_cases[_i];
	struct capture capture;
	json_t *line;
	int64_t ms;

	capture_init(&capture, LOG_INFO, LOG_JSON);
	log_to(capture.log, LOG_ERROR, "it broke", LOG_S("v", c->value),
	       LOG_N("n", -5));
	line = json_loads(capture_read(&capture), 0, NULL);
	ck_assert_ptr_nonnull(line);
	ck_assert_str_eq(strchr(capture.text, '\n'), "\n");
	ck_assert_uint_eq(json_object_size(line), 5);
	ck_assert(
	    clock_parse(json_string_value(json_object_get(line, "time")), &ms));
	ck_assert_str_eq(json_string_value(json_object_get(line, "level")),
			 "error");
	ck_assert_str_eq(json_string_value(json_object_get(line, "event")),
			 "it broke");
	ck_assert_str_eq(json_string_value(json_object_get(line, "v")),
			 c->json);
	ck_assert_int_eq(json_integer_value(json_object_get(line, "n")), -5);
	json_decref(line);
	capture_fini(&capture);
}
END_TEST

START_TEST(test_log_when_value_is_long_then_cut_visibly)
{
	struct capture capture;
	char value[8192];
	const char *line;

	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	/* A character across the limit goes as a whole. */
	memcpy(value + 1023, "\xc3\xa4", 2);
	capture_init(&capture, LOG_INFO, (enum log_format)_i);
	log_to(capture.log, LOG_INFO, "e", LOG_S("v", value));
	line = capture_read(&capture);
	ck_assert_uint_lt(strlen(line), 1024 + 120);
	ck_assert_ptr_nonnull(strstr(line, "x...(cut)"));
	ck_assert_ptr_null(strchr(line, '\xc3'));
	capture_fini(&capture);
}
END_TEST

START_TEST(test_log_when_level_is_below_then_nothing_is_written)
{
	struct capture capture;

	capture_init(&capture, LOG_WARN, LOG_TEXT);
	ck_assert(log_enabled(capture.log, LOG_ERROR));
	ck_assert(log_enabled(capture.log, LOG_WARN));
	ck_assert(!log_enabled(capture.log, LOG_INFO));
	log_to(capture.log, LOG_INFO, "unheard");
	log_set_level(capture.log, LOG_DEBUG);
	ck_assert(log_enabled(capture.log, LOG_DEBUG));
	log_to(capture.log, LOG_DEBUG, "heard");
	ck_assert_str_eq(capture_read(&capture) + TIME_BYTES, " debug heard\n");
	capture_fini(&capture);
}
END_TEST

START_TEST(test_log_when_null_or_broken_then_errno_stays)
{
	struct log *log = log_new(-1, LOG_DEBUG, LOG_TEXT);

	ck_assert(!log_enabled(NULL, LOG_ERROR));
	errno = EXDEV;
	log_to(NULL, LOG_ERROR, "x");
	log_to(log, LOG_ERROR, "x", LOG_N("n", 1));
	ck_assert_int_eq(errno, EXDEV);
	log_free(log);
	log_free(NULL);
}
END_TEST

/* --- nobody reads, or it cannot be written ----------------------------------
 */

enum { LINES = 40000, LINE_BYTES = 60 };

static int
open_sink(const char *kind, int fds[2])
{
	if (strcmp(kind, "pipe") == 0)
		return pipe(fds);
	if (strcmp(kind, "socket") == 0)
		return socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
	/* Nobody reads the terminal, as where Ctrl-S was pressed. */
	fds[0] = posix_openpt(O_RDWR | O_NOCTTY);
	if (fds[0] < 0 || grantpt(fds[0]) != 0 || unlockpt(fds[0]) != 0)
		return -1;
	fds[1] = open(ptsname(fds[0]), O_WRONLY | O_NOCTTY);
	if (strcmp(kind, "stopped") == 0)
		(void)tcflow(fds[1], TCOOFF);
	return fds[1] < 0 ? -1 : 0;
}

/* Reads on until the text has come; how many lines did? */
static int
read_until(int fd, const char *text)
{
	static char piece[65536];
	char kept[1024] = "";
	int lines = 0;

	for (;;) {
		const ssize_t n = read(fd, piece, sizeof(piece) - 1);

		ck_assert_int_gt(n, 0);
		piece[n] = '\0';
		for (ssize_t i = 0; i < n; i++) {
			const size_t length = strlen(kept);

			if (piece[i] == '\n') {
				lines++;
				if (strstr(kept, text) != NULL)
					return lines;
				kept[0] = '\0';
			} else if (length < sizeof(kept) - 1) {
				kept[length] = piece[i];
				kept[length + 1] = '\0';
			}
		}
	}
}

static const char *const sinks[] = { "pipe", "socket", "terminal", "stopped" };

START_TEST(test_log_when_nobody_reads_then_returns_counts_and_says_so)
{
	int fds[2];
	struct log *log;

	ck_assert_int_eq(open_sink(sinks[_i], fds), 0);
	log = log_new(fds[1], LOG_INFO, LOG_TEXT);
	log_start(log);
	for (int i = 0; i < LINES; i++)
		log_to(log, LOG_INFO,
		       "a line that is long enough to fill what there is");
	ck_assert_uint_gt(log_lost(log), LINES / 4);
	ck_assert_uint_lt(log_lost(log), LINES);
	if (strcmp(sinks[_i], "stopped") == 0)
		(void)tcflow(fds[1], TCOON);
	ck_assert_int_gt(read_until(fds[0], "lines of the log are lost"),
			 LINES / 4);
	log_to(log, LOG_INFO, "here again");
	(void)read_until(fds[0], "here again");
	log_free(log);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

START_TEST(test_log_when_nobody_reads_then_ends_all_the_same)
{
	int fds[2];
	struct log *log;

	ck_assert_int_eq(pipe(fds), 0);
	log = log_new(fds[1], LOG_INFO, LOG_TEXT);
	log_start(log);
	for (int i = 0; i < LINES / 4; i++)
		log_to(log, LOG_INFO, "a line that nobody is going to read");
	log_flush(log);
	log_free(log);
}
END_TEST

START_TEST(test_log_when_disk_is_full_then_counts_and_goes_on)
{
	FILE *file = tmpfile();
	const int fd = open("/dev/full", O_WRONLY);
	char text[1024] = "";
	struct log *log;

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fd, 0);
	log = log_new(fd, LOG_INFO, LOG_TEXT);
	log_start(log);
	for (int i = 0; i < 7; i++)
		log_to(log, LOG_INFO, "there is no room for this");
	log_flush(log);
	ck_assert_uint_eq(log_lost(log), 7);
	ck_assert_int_eq(dup2(fileno(file), fd), fd);
	log_to(log, LOG_INFO, "there is room");
	log_free(log);
	ck_assert_int_gt(pread(fd, text, sizeof(text) - 1, 0), 0);
	ck_assert_msg(strstr(text, "lines=7\n") != NULL, "%s", text);
	ck_assert_msg(strstr(text, "info there is room\n") != NULL, "%s", text);
	close(fd);
	(void)fclose(file);
}
END_TEST

START_TEST(test_log_when_to_the_journal_then_priority_and_no_time)
{
	static const struct {
		enum log_level level;
		const char *text;
	} lines[] = { { LOG_ERROR, "<3>error x\n" },
		      { LOG_WARN, "<4>warn x\n" },
		      { LOG_INFO, "<6>info x\n" },
		      { LOG_DEBUG, "<7>debug x\n" } };
	struct capture capture;
	struct stat st;
	char said[64];
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(fstat(fds[1], &st), 0);
	(void)snprintf(said, sizeof(said), "%llu:%llu",
		       (unsigned long long)st.st_dev,
		       (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", said, 1);
	capture.fds[0] = fds[0];
	capture.fds[1] = fds[1];
	capture.log = log_new(fds[1], LOG_DEBUG, LOG_TEXT);
	log_to(capture.log, lines[_i].level, "x");
	ck_assert_str_eq(capture_read(&capture), lines[_i].text);
	log_free(capture.log);
	/* What parses them keeps the time as its own. */
	capture.log = log_new(fds[1], LOG_DEBUG, LOG_JSON);
	log_to(capture.log, lines[_i].level, "x");
	ck_assert_int_eq(strncmp(capture_read(&capture), lines[_i].text, 3), 0);
	ck_assert_int_eq(strncmp(capture.text + 3, "{\"time\":\"2", 10), 0);
	capture_fini(&capture);
	/* Another file than the one that systemd has passed. */
	capture_init(&capture, LOG_DEBUG, LOG_TEXT);
	log_to(capture.log, lines[_i].level, "x");
	ck_assert_int_eq(capture_read(&capture)[0], '2');
	capture_fini(&capture);
}
END_TEST

START_TEST(test_log_parse_when_name_then_value)
{
	enum log_level level = LOG_ERROR;
	enum log_format format = LOG_TEXT;

	ck_assert(log_level_parse("debug", &level));
	ck_assert_int_eq(level, LOG_DEBUG);
	ck_assert(log_level_parse("error", &level));
	ck_assert_int_eq(level, LOG_ERROR);
	ck_assert(!log_level_parse("Error", &level));
	ck_assert(!log_level_parse("", &level));
	ck_assert(log_format_parse("json", &format));
	ck_assert_int_eq(format, LOG_JSON);
	ck_assert(!log_format_parse("xml", &format));
}
END_TEST

static Suite *
log_suite(void)
{
	Suite *suite = suite_create("log");
	TCase *tcase = tcase_create("log");
	int values = (int)(sizeof(value_cases) / sizeof(value_cases[0]));

	tcase_add_test(tcase,
		       test_log_text_when_event_then_time_level_event_fields);
	tcase_add_test(tcase, test_log_when_event_has_no_fields_then_line);
	tcase_add_loop_test(
	    tcase, test_log_text_when_value_is_special_then_escaped, 0, values);
	tcase_add_loop_test(tcase,
			    test_log_json_when_value_is_special_then_valid_json,
			    0, values);
	tcase_add_loop_test(tcase, test_log_when_value_is_long_then_cut_visibly,
			    LOG_TEXT, LOG_JSON + 1);
	tcase_add_test(tcase,
		       test_log_when_level_is_below_then_nothing_is_written);
	tcase_add_test(tcase, test_log_when_null_or_broken_then_errno_stays);
	tcase_add_loop_test(
	    tcase, test_log_when_nobody_reads_then_returns_counts_and_says_so,
	    0, sizeof(sinks) / sizeof(sinks[0]));
	tcase_add_test(tcase,
		       test_log_when_nobody_reads_then_ends_all_the_same);
	tcase_add_test(tcase,
		       test_log_when_disk_is_full_then_counts_and_goes_on);
	tcase_add_loop_test(
	    tcase, test_log_when_to_the_journal_then_priority_and_no_time, 0,
	    4);
	tcase_add_test(tcase, test_log_parse_when_name_then_value);
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(log_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
