/*
 * The past, read by many at once: what that costs who writes, in time and in
 * memory, and what becomes of questions that nobody waits for. And the writes
 * whose work goes by how many toggles there are.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "scene.h"
#include "together.h"
#include "vitals.h"

enum {
	TOGGLES = VITALS_MANY(2000, 500),
	A_CHANGE = 500,
	FLIPS = VITALS_MANY(40, 10), /* each is a question of its own */
	READERS = VITALS_MANY(220, 20),
	CASE_SECONDS = 300,
};

static const struct question flip = {
	.method = "PATCH",
	.path = ENV "/toggles/t0",
	.bodies = { "{\"owner\":\"ann\"}", "{\"owner\":\"bob\"}" },
	.status = 200,
};
/* `count` toggles, then FLIPS changes of one of them. */
static int64_t
fill(struct toggled *t, int count, const char *toggle)
{
	const size_t room = A_CHANGE * (strlen(toggle) + 16) + 64;
	char *text = toggled_text(t, "%*s", (int)room, "");

	for (int done = 0; done < count; done += A_CHANGE) {
		char *at = text + sprintf(text, "{\"toggles\":{");

		for (int i = done; i < done + A_CHANGE; i++)
			at += sprintf(at, "%s\"t%d\":%s", i > done ? "," : "",
				      i, toggle);
		sprintf(at, "}}");
		ask(t, "POST", ENV "/changes", text, 200);
	}
	for (int i = 0; i < FLIPS; i++)
		ask(t, "PATCH", ENV "/toggles/t1",
		    i % 2 == 0 ? "{\"state\":\"DISABLED\"}"
			       : "{\"state\":\"ENABLED\"}",
		    200);
	return head_revision(t);
}

/* Everything is read, as of each of the last revisions, and nothing is told:
 * the clients are on this machine, too. */
#define NOTHING_OF_ALL ENV "/toggles?prefix=none&at=%lld"

static void
make_questions(struct toggled *t, int64_t head,
	       struct question questions[FLIPS])
{
	for (int i = 0; i < FLIPS; i++)
		questions[i] = (struct question){
			.method = "GET",
			.path = toggled_text(t, NOTHING_OF_ALL,
					     (long long)(head - i)),
			.status = 200,
		};
}

/* --- time ------------------------------------------------------------------
 */

START_TEST(test_write_when_many_read_the_past_then_not_behind_them)
{
	struct toggled *t = scene_open();
	struct question past[FLIPS];
	struct crowd *crowd;
	const int64_t head = fill(t, TOGGLES, "{}");
	/* Nobody else asks that: it is a question behind all others. */
	const struct question another = {
		.method = "GET",
		.path = toggled_text(t, NOTHING_OF_ALL,
				     (long long)(head - FLIPS - 1)),
		.status = 200,
	};
	double alone;
	double read;
	double write;

	make_questions(t, head, past);
	alone = question_ms(t, &flip);
	crowd = crowd_start(t, READERS, past, FLIPS);
	write = question_ms(t, &flip);
	read = ask_once_ms(t, &another);
	/* The writer has much to do, and is not stuck. */
	ck_assert_int_eq(toggled_get(t, "/readyz")->status, 200);
	printf("%lld reads of the past\n", (long long)crowd_stop(crowd));
	expect_ratio("a flip beside readers of the past", write, alone, 10);
	/* One turn for all would make it as long. */
	expect_ratio("a flip beside readers of the past, alone: a read there",
		     write, read, 0.1);
	scene_close(t);
}
END_TEST

/* Each key is looked up once, however many there are. */
START_TEST(test_rollback_when_with_all_keys_then_as_quick_as_without)
{
	struct toggled *t = scene_open();
	const int64_t to = fill(t, 4 * TOGGLES, "{}");
	char *keys = toggled_text(t, "%*s", 4 * TOGGLES * 10, "");
	char *at = keys;
	struct question all = { .method = "POST",
				.path = ENV "/rollback?dryRun=true",
				.status = 200 };
	struct question named = all;

	for (int i = 0; i < 4 * TOGGLES; i++)
		at += sprintf(at, "%s\"t%d\"", i > 0 ? "," : "", i);
	all.bodies[0] = toggled_text(t, "{\"to\":%lld}", (long long)(to - 1));
	named.bodies[0] = toggled_text(t, "{\"to\":%lld,\"keys\":[%s]}",
				       (long long)(to - 1), keys);
	expect_ratio("a rollback that names each toggle, alone: one of all",
		     question_ms(t, &named), question_ms(t, &all), 5);
	scene_close(t);
}
END_TEST

/* --- memory ----------------------------------------------------------------
 */

START_TEST(test_memory_when_many_have_read_the_past_then_as_before)
{
	struct toggled *t = scene_open();
	struct question past[FLIPS];
	struct crowd *crowd;
	int64_t before_kib;

	make_questions(t, fill(t, TOGGLES, "{}"), past);
	/* One round, so that what a process keeps for good is there. */
	crowd_stop(crowd_start(t, FLIPS, past, FLIPS));
	before_kib = vitals_rss_kib(t);
	crowd = crowd_start(t, READERS, past, FLIPS);
	(void)question_ms(t, &flip);
	crowd_stop(crowd);
	wait_for_metric(t, "toggled_past_reads", 0);
	expect_memory(t, "after readers of the past", before_kib, 2);
	scene_close(t);
}
END_TEST

/* --- places ----------------------------------------------------------------
 */

START_TEST(test_reads_when_places_are_taken_then_503_and_writes_are_done)
{
	struct toggled *t = SCENE_OPEN("--mailbox", "2");
	struct question questions[FLIPS];
	struct answer *answers;
	int refused = 0;

	make_questions(t, fill(t, TOGGLES, "{}"), questions);
	questions[FLIPS / 2] = flip;
	answers = ask_at_once(t, questions, FLIPS);
	for (int i = 0; i < FLIPS; i++) {
		if (i == FLIPS / 2)
			ck_assert_int_eq(answers[i].status, 200);
		else if (answers[i].status == 503)
			refused++;
		else
			ck_assert_int_eq(answers[i].status, 200);
	}
	ck_assert_int_gt(refused, 0);
	wait_for_metric(t, "toggled_past_reads_refused_total", refused);
	wait_for_metric(t, "toggled_mailbox_refused_total", 0);
	ck_assert_int_eq(toggled_get(t, questions[0].path)->status, 200);
	scene_close(t);
}
END_TEST

/* --- who does not wait -----------------------------------------------------
 */

START_TEST(test_reads_when_clients_hang_up_then_dropped)
{
	struct toggled *t = scene_open();
	const int64_t head = fill(t, TOGGLES, "{}");
	struct raw *raw[READERS];

	/* Each is a question of its own: revisions, then keys as well. */
	for (int i = 0; i < READERS; i++) {
		char *body = toggled_text(t, "{\"context\":{\"a\":%d}}", i);

		raw[i] = raw_open(t);
		ck_assert(raw_send_text(
		    raw[i],
		    toggled_text(t,
				 "POST " ENV "/evaluate?at=%lld HTTP/1.1\r\n"
				 "Host: localhost\r\n"
				 "Content-Type: application/json\r\n"
				 "Content-Length: %zu\r\n\r\n%s",
				 (long long)(head - i % FLIPS), strlen(body),
				 body)));
	}
	for (int i = 0; i < READERS; i++)
		raw_close(raw[i]);
	wait_for_metric(t, "toggled_past_reads", 0);
	wait_for_metric(t, "toggled_connections_open", 1);
	ask(t, "PATCH", ENV "/toggles/t0", "{\"owner\":\"me\"}", 200);
	scene_close(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_set_timeout(tc, CASE_SECONDS);
	tcase_add_test(tc,
		       test_write_when_many_read_the_past_then_not_behind_them);
	tcase_add_test(
	    tc, test_rollback_when_with_all_keys_then_as_quick_as_without);
	tcase_add_test(tc,
		       test_memory_when_many_have_read_the_past_then_as_before);
	tcase_add_test(
	    tc, test_reads_when_places_are_taken_then_503_and_writes_are_done);
	tcase_add_test(tc, test_reads_when_clients_hang_up_then_dropped);
}

int
main(void)
{
	return scene_main("together_past", add);
}
