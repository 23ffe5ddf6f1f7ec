/*
 * What a loop does for many at once, and those whom it serves meanwhile: waits
 * that pass together, large documents, costly rules. One loop serves them all.
 */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "together.h"
#include "vitals.h"

enum {
	CASE_SECONDS = 180,
	TOGGLES = VITALS_MANY(1000, 100),
	WAITS = VITALS_MANY(800, 80),
	UNTIL_MS = 6000, /* from the first wait to the end of all */
	SHARE = 4,       /* of the time that all take may one request take */
};

/* Toggles with a rule each. */
static void
put_rules(struct toggled *t, int count, const char *rule)
{
	struct bytes body;

	bytes_init(&body);
	bytes_append_str(&body, "{\"toggles\":{");
	for (int i = 0; i < count; i++)
		bytes_printf(&body, "%s\"t%d\":{\"targeting\":%s}",
			     i > 0 ? "," : "", i, rule);
	bytes_append_str(&body, "}}");
	ask(t, "POST", ENV "/changes", toggled_own(t, bytes_take(&body), free),
	    200);
}

/* Each with a context of its own, all to end at the same time. */
static void
wait_until_then(struct toggled *t, struct raw **raws, int64_t revision)
{
	const int64_t end_ms = now_ms() + UNTIL_MS;

	for (int i = 0; i < WAITS; i++) {
		raws[i] = raw_open(t);
		ck_assert(raw_send_text(
		    raws[i],
		    toggled_text(t,
				 "GET " ENV "/values?since=%" PRId64
				 "&wait=%" PRId64
				 "ms&n=%d HTTP/1.1\r\nHost: localhost\r\n\r\n",
				 revision, end_ms - now_ms(), i)));
	}
}

/* While they are answered, each request that looks at it is served soon. */
START_TEST(test_waits_when_hundreds_pass_at_once_then_others_are_served)
{
	struct toggled *t = SCENE_OPEN("--loops", "1");
	struct raw *raws[WAITS];
	int64_t began = 0;
	int64_t expired = 0;
	int64_t longest = 0;
	int64_t all;

	put_toggle(t, "a", "{}");
	put_rules(t, TOGGLES,
		  "{\"if\":[{\"in\":[{\"var\":\"n\"},"
		  "[\"a\",\"b\",\"c\"]]},\"on\",\"off\"]}");
	wait_until_then(t, raws, head_revision(t));
	wait_for_waiters(t, WAITS);
	while (expired < WAITS) {
		const int64_t before = now_ms();

		expired = metric(t, "toggled_polls_expired_total");
		if (expired > 0 && began == 0)
			began = before;
		if (began > 0 && now_ms() - before > longest)
			longest = now_ms() - before;
	}
	all = now_ms() - began;
	printf("%d waits passed in %" PRId64 " ms; the longest request "
	       "meanwhile took %" PRId64 " ms\n",
	       WAITS, all, longest);
	if (!VITALS_SANITIZED)
		ck_assert_int_le(longest, all / SHARE);
	for (int i = 0; i < WAITS; i++) {
		ck_assert_int_eq(raw_answer(raws[i], SOON_MS)->status, 200);
		raw_close(raws[i]);
	}
	scene_close(t);
}
END_TEST

/* The same where the server stops: everybody is told. */
START_TEST(test_waits_when_the_server_stops_then_all_are_answered)
{
	struct toggled *t = SCENE_OPEN("--loops", "1");
	struct raw *raws[WAITS];

	put_toggle(t, "a", "{}");
	put_rules(t, TOGGLES, "{\"if\":[{\"var\":\"n\"},\"on\",\"off\"]}");
	wait_until_then(t, raws, head_revision(t));
	wait_for_waiters(t, WAITS);
	scene_stop(t);
	for (int i = 0; i < WAITS; i++) {
		ck_assert_int_eq(raw_answer(raws[i], SOON_MS)->status, 200);
		raw_close(raws[i]);
	}
	toggled_free(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_set_timeout(tc, CASE_SECONDS);
	tcase_add_test(
	    tc, test_waits_when_hundreds_pass_at_once_then_others_are_served);
	tcase_add_test(tc,
		       test_waits_when_the_server_stops_then_all_are_answered);
}

int
main(void)
{
	return scene_main("together_loops", add);
}
