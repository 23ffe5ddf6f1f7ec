/*
 * Too much of something: connections beyond the descriptors, bodies that are
 * costly to parse, writes beyond the mailbox. Who is too many is told so and
 * when to come again, the others are served, and it passes.
 */
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "line.h"
#include "scene.h"
#include "vitals.h"

enum {
	DESCRIPTORS = 64,
	CLIENTS = 100,
	LOOK_MS = 500,
	BOMBS = 50,
	BOMB_VALUES = 333 * 1000, /* of three bytes */
	BOMB_KIB = 700 * 1024,    /* the budget for bodies, and the rest */
	WRITERS = 24,
	WRITES = 40,
	QUEUED_MS = 1000, /* by then an answer would be there */
	LONG_LIST = 10000,
	NAMED_OFTEN = 30000,
	ANSWER_BYTES = 64 * 1024,
	SLOW_TOGGLES = 60,
	MANY = 20000,
	WIDE = 19000,
	WORK_TICKS = VITALS_SANITIZED ? 250 : 50,
};

#define REQUEST                                                                \
	"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: "             \
	"close\r\n\r\n"

/* Who waits in the kernel's queue has no answer at all. */
static bool
is_served(void *ctx)
{
	struct toggled *t = ctx;
	struct raw *raw = raw_open(t);
	bool served = raw_send_text(raw, REQUEST) &&
		      raw_is_closed(raw, QUEUED_MS) &&
		      raw_answer(raw, SOON_MS)->status == 200;

	raw_close(raw);
	return served;
}

static bool
is_refused(struct toggled *t, struct raw *raw)
{
	struct answer *answer;

	if (!raw_is_closed(raw, 0))
		return false;
	answer = raw_answer(raw, SOON_MS);
	ck_assert(answer->status == 503 || answer->status == 0);
	if (answer->status == 503)
		ck_assert_str_eq(answer_header(t, answer, "Retry-After"), "1");
	return true;
}

/* Nobody sends anything: whoever is not let in is told or hung up on, or waits
 * in the kernel's queue; and the processor rests. */
START_TEST(test_connections_when_over_the_limit_then_refused_without_spinning)
{
	struct toggled *t = toggled_new();
	struct raw *raws[CLIENTS];
	int64_t ticks;
	int refused = 0;

	vitals_wrap(t, toggled_text(t, "ulimit -n %d", DESCRIPTORS));
	toggled_start(t, NULL);
	for (int i = 0; i < CLIENTS; i++)
		raws[i] = raw_open(t);
	ck_assert(!is_served(t));
	ticks = vitals_expect_rest(t, LOOK_MS);
	for (int i = 0; i < CLIENTS; i++)
		refused += is_refused(t, raws[i]);
	ck_assert_int_gt(refused, 0);
	printf("%d descriptors, %d connections: %d refused, %lld ticks in "
	       "%d ms\n",
	       DESCRIPTORS, CLIENTS, refused, (long long)ticks, LOOK_MS);
	for (int i = 0; i < CLIENTS; i++)
		raw_close(raws[i]);
	ck_assert(wait_until(is_served, t, SOON_MS));
	scene_close(t);
}
END_TEST

/* Of the most a body may have, made of the smallest values there are. */
static const char *
bomb(struct toggled *t)
{
	struct bytes text;

	bytes_init(&text);
	bytes_printf(&text,
		     "POST " ENV "/changes HTTP/1.1\r\nHost: localhost\r\n"
		     "Content-Length: %d\r\n\r\n[",
		     2 + BOMB_VALUES * 3);
	for (int i = 0; i < BOMB_VALUES; i++)
		bytes_append(&text, "[],", 3);
	bytes_append(&text, "]", 1);
	return toggled_own(t, bytes_take(&text), free);
}

START_TEST(test_bombs_when_fifty_at_a_time_then_memory_is_bounded)
{
	struct toggled *t = scene_open();
	const char *text = bomb(t);
	struct raw *raws[BOMBS];
	int64_t most = 0;
	int busy = 0;

	for (int i = 0; i < BOMBS; i++) {
		raws[i] = raw_open(t);
		(void)raw_send_text(raws[i], text);
		if (vitals_rss_kib(t) > most)
			most = vitals_rss_kib(t);
	}
	for (int i = 0; i < BOMBS; i++) {
		struct answer *answer = raw_answer(raws[i], SOON_MS);

		ck_assert_msg(answer->status == 400 || answer->status == 503,
			      "%ld %s", answer->status, answer->body);
		busy += answer->status == 503;
		if (vitals_rss_kib(t) > most)
			most = vitals_rss_kib(t);
		raw_close(raws[i]);
	}
	if (!VITALS_SANITIZED)
		ck_assert_int_lt(most, BOMB_KIB);
	put_toggle(t, "a", "{}");
	printf("%d bodies of %d bytes: %d answered 503, at most %lld KiB\n",
	       BOMBS, 2 + BOMB_VALUES * 3, busy, (long long)most);
	scene_close(t);
}
END_TEST

struct flood {
	int port;
	int number;
	atomic_int *done;
	atomic_int *busy;
	atomic_int *other;
};

static void *
write_on(void *ctx)
{
	struct flood *flood = ctx;
	struct line line;
	struct bytes request;
	json_t *body;

	line_open(&line, flood->port);
	bytes_init(&request);
	for (int i = 0; i < WRITES; i++) {
		char text[64];
		long status;

		(void)snprintf(text, sizeof(text), "{\"owner\":\"%d\"}", i);
		bytes_clear(&request);
		bytes_printf(&request,
			     "PUT " ENV
			     "/toggles/w%d HTTP/1.1\r\nHost: localhost\r\n"
			     "Content-Length: %zu\r\n\r\n%s",
			     flood->number, strlen(text), text);
		status = line_ask(&line, &request, &body);
		json_decref(body);
		if (status == 200 || status == 201)
			atomic_fetch_add(flood->done, 1);
		else if (status == 503 &&
			 strcasestr(line.in.data, "\r\nRetry-After: 1\r\n"))
			atomic_fetch_add(flood->busy, 1);
		else
			atomic_fetch_add(flood->other, 1);
	}
	line_close(&line);
	bytes_fini(&request);
	return NULL;
}

START_TEST(test_writes_when_mailbox_is_full_then_503_and_when_to_come_again)
{
	struct toggled *t = toggled_new();
	struct flood floods[WRITERS];
	pthread_t threads[WRITERS];
	atomic_int done = 0;
	atomic_int busy = 0;
	atomic_int other = 0;
	int64_t head;

	TOGGLED_START(t, "--mailbox", "2", "--group", "1");
	head = head_revision(t);
	for (int i = 0; i < WRITERS; i++) {
		floods[i] = (struct flood){ t->port, i, &done, &busy, &other };
		ck_assert_int_eq(
		    pthread_create(&threads[i], NULL, write_on, &floods[i]), 0);
	}
	for (int i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(atomic_load(&other), 0);
	ck_assert_int_gt(atomic_load(&busy), 0);
	ck_assert_int_gt(atomic_load(&done), 0);
	ck_assert_int_eq(atomic_load(&done) + atomic_load(&busy),
			 WRITERS * WRITES);
	ck_assert_int_eq(metric(t, "toggled_mailbox_refused_total"),
			 atomic_load(&busy));
	/* What was refused was not done: no revision more than answers. */
	ck_assert_int_eq(head_revision(t) - head, atomic_load(&done));
	put_toggle(t, "after", "{}");
	printf("mailbox of 2, %d writers: %d done, %d answered 503\n", WRITERS,
	       atomic_load(&done), atomic_load(&busy));
	scene_close(t);
}
END_TEST

/* A rule that takes many steps for a context with a long list. */
#define SLOW                                                                   \
	"{\"targeting\":{\"if\":[{\"reduce\":[{\"var\":\"list\"},{\"+\":["     \
	"{\"var\":\"accumulator\"},{\"var\":\"current\"}]},0]},\"on\"]}}"

static const char *
inquiry(struct toggled *t, int values, int keys)
{
	struct bytes text;

	bytes_init(&text);
	bytes_append_str(&text, "{\"context\":{\"list\":[1");
	for (int i = 1; i < values; i++)
		bytes_append_str(&text, ",1");
	bytes_append_str(&text, "]}");
	for (int i = 0; i < keys; i++)
		bytes_append_str(&text,
				 i == 0 ? ",\"keys\":[\"k00\"" : ",\"k00\"");
	bytes_append_str(&text, keys > 0 ? "]}" : "}");
	return toggled_own(t, bytes_take(&text), free);
}

/* Evaluated each time, it would take minutes. */
START_TEST(test_evaluate_when_key_is_named_often_then_answered_once)
{
	struct toggled *t = scene_open();
	struct answer *answer;

	put_toggle(t, "k00", SLOW);
	answer = ask(t, "POST", ENV "/evaluate?explain=true",
		     inquiry(t, LONG_LIST, NAMED_OFTEN), 200);
	ck_assert_uint_lt(answer->length, ANSWER_BYTES);
	ck_assert(json_bool_at(answer_json(answer), "/results/k00/value"));
	scene_close(t);
}
END_TEST

START_TEST(test_evaluate_when_paths_are_very_long_then_bounded)
{
	struct toggled *t = scene_open();
	const char *body = inquiry(t, LONG_LIST, 0);
	json_t *json;

	for (int i = 0; i < SLOW_TOGGLES; i++)
		put_toggle(t, toggled_text(t, "k%02d", i), SLOW);
	json = ask_json(t, "POST", ENV "/evaluate?explain=true", body, 200);
	ck_assert_ptr_nonnull(json_at(json, "/results/k00/path"));
	ck_assert(json_bool_at(json, "/results/k59/value"));
	ck_assert_ptr_null(json_at(json, "/results/k59/path"));
	scene_close(t);
}
END_TEST

/* `head`, so many times `item` with a number in it, `tail`. */
static const char *
listed(struct toggled *t, const char *head, const char *item, const char *tail)
{
	struct bytes text;

	bytes_init(&text);
	bytes_append_str(&text, head);
	for (int i = 0; i < MANY; i++)
		bytes_printf(&text, "%s\"%s%d\":1", i == 0 ? "" : ",", item, i);
	bytes_append_str(&text, tail);
	return toggled_own(t, bytes_take(&text), free);
}

/* Each of the one compared with each of the other took half a minute. */
START_TEST(test_patch_when_members_are_many_then_soon_done)
{
	struct toggled *t = scene_open();
	int64_t ticks;

	put_toggle(t, "a", listed(t, "{\"metadata\":{", "a", "}}"));
	ticks = vitals_cpu_ticks(t);
	expect_problem(toggled_request(t, "PATCH", ENV "/toggles/a", NULL,
				       listed(t, "{\"metadata\":{", "b", "}}")),
		       413, "too-large");
	ck_assert_int_lt(vitals_cpu_ticks(t) - ticks, WORK_TICKS);
	scene_close(t);
}
END_TEST

START_TEST(test_evaluate_when_explained_rule_is_wide_then_soon_done)
{
	struct toggled *t = scene_open();
	struct bytes text;
	int64_t ticks;

	bytes_init(&text);
	bytes_append_str(&text, "{\"targeting\":{\"==\":[1,{\"cat\":[0");
	for (int i = 0; i < WIDE; i++)
		bytes_append_str(&text, ",{\"var\":\"a\"}");
	bytes_append_str(&text, "]}]}}");
	put_toggle(t, "wide", toggled_own(t, bytes_take(&text), free));
	ticks = vitals_cpu_ticks(t);
	ask(t, "POST", ENV "/evaluate?explain=true", "{\"context\":{\"a\":1}}",
	    200);
	ck_assert_int_lt(vitals_cpu_ticks(t) - ticks, WORK_TICKS / 4);
	scene_close(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_test(tc, test_patch_when_members_are_many_then_soon_done);
	tcase_add_test(
	    tc, test_evaluate_when_explained_rule_is_wide_then_soon_done);
	tcase_add_test(
	    tc, test_evaluate_when_key_is_named_often_then_answered_once);
	tcase_add_test(tc, test_evaluate_when_paths_are_very_long_then_bounded);
	tcase_add_test(
	    tc,
	    test_connections_when_over_the_limit_then_refused_without_spinning);
	tcase_add_test(tc,
		       test_bombs_when_fifty_at_a_time_then_memory_is_bounded);
	tcase_add_test(
	    tc,
	    test_writes_when_mailbox_is_full_then_503_and_when_to_come_again);
}

int
main(void)
{
	return scene_main("resources", add);
}
