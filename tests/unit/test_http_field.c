/* Header fields on several lines: a list is joined, the others are refused. */
#include "../../src/http/field.h"

#include <check.h>
#include <string.h>

#include "suite.h"

enum { LINES = 5 };

static const struct {
	struct {
		const char *name, *value;
	} lines[LINES];
	const char *name;  /* looked for */
	const char *value; /* of its first line; NULL: refused */
} cases[] = {
	{ { { "If-None-Match", "\"1\"" }, { "If-None-Match", "\"2\"" } },
	  "If-None-Match",
	  "\"1\", \"2\"" },
	{ { { "Prefer", "wait=5" } }, "Prefer", "wait=5" },
	{ { { "prefer", "respond-async" },
	    { "X", "y" },
	    { "PREFER", "wait=5" },
	    { "Accept-Encoding", "br" },
	    { "Prefer", "a" } },
	  "Prefer",
	  "respond-async, wait=5, a" },
	{ { { "Accept-Encoding", "" }, { "Accept-Encoding", "gzip" } },
	  "Accept-Encoding",
	  ", gzip" },
	{ { { "If-Match", "\"1\"" },
	    { "If-None-Match", "\"3\"" },
	    { "If-Match", "W/\"2\"" } },
	  "If-Match",
	  "\"1\", W/\"2\"" },
	{ { { "Authorization", "Bearer a" }, { "authorization", "Bearer a" } },
	  "Authorization",
	  NULL },
	{ { { "X-API-Key", "a" }, { "X-API-Key", "b" } }, "X-API-Key", NULL },
	{ { { "Content-Type", "a" }, { "Content-type", "b" } },
	  "Content-Type",
	  NULL },
	{ { { "Change-Comment", "a" }, { "Change-Comment", "" } },
	  "Change-Comment",
	  NULL },
	{ { { "Flagd-Selector", "a" }, { "Flagd-Selector", "b" } },
	  "Flagd-Selector",
	  NULL },
	{ { { "Idempotency-Key", "a" }, { "Idempotency-Key", "b" } },
	  "Idempotency-Key",
	  NULL },
	{ { { "If-Modified-Since", "a" }, { "If-Modified-Since", "b" } },
	  "If-Modified-Since",
	  NULL },
	{ { { "If-Unmodified-Since", "a" }, { "If-Unmodified-Since", "b" } },
	  "If-Unmodified-Since",
	  NULL },
	{ { { "If-Range", "a" }, { "If-Range", "b" } }, "If-Range", NULL },
	{ { { "Last-Event-ID", "1" }, { "Last-Event-ID", "2" } },
	  "Last-Event-ID",
	  NULL },
	{ { { "Origin", "http://a" }, { "Origin", "http://b" } },
	  "Origin",
	  NULL },
	{ { { "Sec-Fetch-Site", "none" }, { "Sec-Fetch-Site", "none" } },
	  "Sec-Fetch-Site",
	  NULL },
	{ { { "Toggled-Client", "a" }, { "Toggled-Client", "a" } },
	  "Toggled-Client",
	  NULL },
	/* Nobody reads it. */
	{ { { "User-Agent", "a" }, { "User-Agent", "b" } }, "User-Agent", "a" },
	{ { { "X-Request-Id", "a" }, { "X-Request-Id", "b" } },
	  "X-Request-Id",
	  "a" },
};

START_TEST(test_field_when_on_several_lines_then_joined_or_refused)
{
	struct request_pair fields[LINES];
	struct request r = { .headers = fields };
	struct arena arena;
	struct error err;
	enum status rc;

	arena_init(&arena);
	error_init(&err);
	while (r.header_count < LINES &&
	       cases[_i].lines[r.header_count].name != NULL) {
		const char *name = cases[_i].lines[r.header_count].name;
		const char *value = cases[_i].lines[r.header_count].value;

		fields[r.header_count++] =
		    (struct request_pair){ { name, strlen(name) },
					   { value, strlen(value) } };
	}
	rc = fields_settle(fields, r.header_count, &arena, &err);
	if (cases[_i].value == NULL) {
		ck_assert_int_eq(rc, STATUS_INVALID);
		ck_assert_ptr_nonnull(strstr(err.text, cases[_i].name));
	} else {
		ck_assert_int_eq(rc, STATUS_OK);
		ck_assert_str_eq(request_header(&r, cases[_i].name),
				 cases[_i].value);
	}
	arena_fini(&arena);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_loop_test(
	    tc, test_field_when_on_several_lines_then_joined_or_refused, 0,
	    sizeof(cases) / sizeof(cases[0]));
}

int
main(void)
{
	return suite_main("http/field", add);
}
