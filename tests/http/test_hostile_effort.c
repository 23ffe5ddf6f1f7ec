/*
 * A client with the least token that means harm: what its contexts may cost.
 * Rules of ours go over an array that it makes as long as it can.
 */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "http/contexts.h"
#include "http/effort.h"
#include "login.h"
#include "together.h"
#include "vitals.h"

#ifdef __OPTIMIZE__
#define IS_FAST (!VITALS_SANITIZED)
#else
#define IS_FAST false
#endif

enum {
	TOGGLES = VITALS_MANY(2000, 200),
	ITEMS = 31000,
	GREEDY = 6,
	CASE_SECONDS = 120,
	EVALUATION = 100 * 1000, /* steps: one more may have been begun */
	/* Evaluating is ten times as slow under a sanitizer. */
	FLIP_MOST = VITALS_SANITIZED ? 1500 : 150,
	LARGE = 250 * 1024, /* bytes of a context that waits */
	WAITS = CONTEXTS_ADDRESS / (LARGE + 64),
	BEYOND = 3,
	AT_ONCE = 10,
};

#define BULK ENV "/ofrep/v1/evaluate/flags"
#define RULE                                                                   \
	"{\"if\":[{\"some\":[{\"var\":\"items\"},"                             \
	"{\"==\":[{\"var\":\"\"},7]}]},\"on\",\"off\"]}"

/* One loop, with so many rules; headers of an admin and of a client. */
static struct toggled *
open_with_rules(const char **admin, const char **client)
{
	struct toggled *t = SCENE_OPEN("--loops", "1");
	struct bytes body;

	*admin = bearer(
	    t,
	    make_token(t, NULL, "{\"name\":\"ann\",\"role\":\"admin\"}", NULL));
	*client = bearer(t, make_token(t, *admin,
				       "{\"name\":\"web\",\"role\":\"client\","
				       "\"environments\":[\"default\"]}",
				       NULL));
	bytes_init(&body);
	bytes_append_str(&body, "{\"toggles\":{\"a\":{}");
	for (int i = 0; i < TOGGLES; i++)
		bytes_printf(&body, ",\"t%04d\":{\"targeting\":%s}", i, RULE);
	bytes_append_str(&body, "}}");
	ask_with(t, HEADERS(*admin), "POST", ENV "/changes",
		 toggled_own(t, bytes_take(&body), free), 200);
	return t;
}

/* {"context":{"items":[1,1,…]}}, of so many; `n` makes it one of its own. */
static const char *
context_of(struct toggled *t, int items, int n)
{
	struct bytes body;

	bytes_init(&body);
	bytes_printf(&body, "{\"context\":{\"n\":%d,\"items\":[1", n);
	for (int i = 1; i < items; i++)
		bytes_append_str(&body, ",1");
	bytes_append_str(&body, "]}}");
	return toggled_own(t, bytes_take(&body), free);
}

/* One of LARGE bytes, of so many items as go into it; a sanitizer would take
 * minutes over them all. */
static const char *
large_context(struct toggled *t, int n)
{
	if (!VITALS_SANITIZED)
		return context_of(t, LARGE / 2, n);
	return toggled_text(t, "{\"context\":{\"n\":%d,\"items\":\"%0*d\"}}", n,
			    LARGE - 64, 1);
}

static int64_t
metric_for(struct toggled *t, const char *admin, const char *name)
{
	struct answer *answer =
	    ask_with(t, HEADERS(admin), "GET", "/metrics", NULL, 200);
	const char *line = strstr(answer->body, toggled_text(t, "\n%s ", name));

	ck_assert_msg(line != NULL, "no metric %s", name);
	return strtoll(line + 2 + strlen(name), NULL, 10);
}

/* What one request has, over that environment. */
static int64_t
steps_of_a_request(void)
{
	return EFFORT_REQUEST + EFFORT_PLAIN +
	       EFFORT_A_TOGGLE * (int64_t)(TOGGLES + 1) + EVALUATION;
}

/* A member of the last answer of a bulk. */
static const char *
last_of(struct toggled *t, const char *member)
{
	return toggled_text(t, "/%d/%s", TOGGLES, member);
}

START_TEST(test_bulk_when_the_context_is_costly_then_the_rest_is_general)
{
	const char *admin, *client;
	struct toggled *t = open_with_rules(&admin, &client);
	const char *context = context_of(t, ITEMS, 0);
	struct answer *answer = ask_with(t, HEADERS(client), "POST", BULK,
					 context_of(t, 100, 0), 200);
	int64_t steps = metric_for(t, admin, "toggled_evaluation_steps_total");
	json_t *flags;

	/* An ordinary one: each of them. */
	flags = json_at(answer_json(answer), "/flags");
	ck_assert_str_eq(json_text_at(flags, last_of(t, "reason")),
			 "TARGETING_MATCH");
	answer = ask_with(t, HEADERS(client), "POST", BULK, context, 200);
	flags = json_at(answer_json(answer), "/flags");
	ck_assert_uint_eq(json_array_size(flags), TOGGLES + 1);
	ck_assert_str_eq(json_text_at(flags, last_of(t, "errorCode")),
			 "GENERAL");
	expect_says(json_text_at(flags, last_of(t, "errorDetails")),
		    "one request");
	steps = metric_for(t, admin, "toggled_evaluation_steps_total") - steps;
	ck_assert_int_le(steps, steps_of_a_request());
	printf("a costly bulk took %" PRId64 " steps\n", steps);
	scene_close(t);
}
END_TEST

static const struct {
	const char *path;
	const char *last; /* in its answer: a toggle without a value */
} costly[] = {
	{ ENV "/values", "\"values\":{\"a\":false}" },
	{ ENV "/evaluate", "one request" },
	{ ENV "/evaluate?explain=true", "one request" },
};

START_TEST(test_evaluations_when_the_context_is_costly_then_they_end)
{
	const char *admin, *client;
	struct toggled *t = open_with_rules(&admin, &client);
	int64_t steps = metric_for(t, admin, "toggled_evaluation_steps_total");

	expect_says(ask_with(t, HEADERS(client), "POST", costly[_i].path,
			     context_of(t, ITEMS, 0), 200)
			->body,
		    costly[_i].last);
	steps = metric_for(t, admin, "toggled_evaluation_steps_total") - steps;
	ck_assert_int_ge(steps, EFFORT_REQUEST);
	ck_assert_int_le(steps, steps_of_a_request() + 7 * EVALUATION);
	scene_close(t);
}
END_TEST

/* Who asks so over and over is told to wait; what is ordinary is not refused,
 * and a flip beside them comes about as soon as beside ordinary ones. */
START_TEST(test_token_when_it_causes_too_much_then_in_debt_for_costly_ones)
{
	const char *admin, *client;
	struct toggled *t = open_with_rules(&admin, &client);
	const struct question greedy = {
		.method = "POST",
		.path = BULK,
		.header = client,
		.bodies = { context_of(t, ITEMS, 0) },
	};
	const struct question flip = {
		.method = "PATCH",
		.path = ENV "/toggles/a",
		.header = admin,
		.bodies = { "{\"state\":\"DISABLED\"}",
			    "{\"state\":\"ENABLED\"}" },
		.status = 200,
	};
	const struct question modest = {
		.method = "POST",
		.path = BULK,
		.header = client,
		.bodies = { context_of(t, 5, 0) },
		.status = 200,
	};
	struct crowd *crowd = crowd_start(t, GREEDY, &modest, 1);
	const double usual = question_ms(t, &flip);
	double beside;
	int64_t answers, spent, allowed, began;
	struct answer *answer;

	(void)crowd_stop(crowd);
	began = now_ms();
	crowd = crowd_start(t, GREEDY, &greedy, 1);
	beside = question_ms(t, &flip);
	answers = crowd_stop(crowd);
	/* In debt for what it caused; the answer says for how long. */
	answer =
	    toggled_request(t, "POST", BULK, HEADERS(client), greedy.bodies[0]);
	if (answer->status == 429) {
		ck_assert_int_ge(atoi(answer_header(t, answer, "Retry-After")),
				 1);
		ck_assert_str_eq(
		    json_text_at(answer_json(answer), "/errorCode"), "GENERAL");
	}
	ask_with(t, HEADERS(client), "POST", BULK, context_of(t, 5, 0), 200);
	spent = metric_for(t, admin, "toggled_evaluation_steps_costly_total");
	allowed = EFFORT_BURST + EFFORT_REQUEST + EVALUATION +
		  (now_ms() - began) * (EFFORT_A_SECOND / 1000);
	printf("%" PRId64 " answers, %" PRId64 " refused, %" PRId64
	       " costly steps of %" PRId64 "\n",
	       answers,
	       metric_for(t, admin, "toggled_evaluations_refused_total"), spent,
	       allowed);
	/* A slow build never gets into debt. */
	if (IS_FAST)
		ck_assert_int_gt(
		    metric_for(t, admin, "toggled_evaluations_refused_total"),
		    0);
	ck_assert_int_le(spent, allowed);
	expect_ratio("a flip beside costly contexts, alone: beside usual ones",
		     beside, usual, FLIP_MOST);
	scene_close(t);
}
END_TEST

static struct raw *
wait_with(struct toggled *t, const char *client, const char *body)
{
	struct raw *raw = raw_open(t);

	ck_assert(raw_send_text(
	    raw,
	    toggled_text(
		t,
		"POST " ENV "/values?since=%d&wait=60 HTTP/1.1\r\n"
		"Host: localhost\r\n%s\r\nContent-Type: application/json\r\n"
		"Content-Length: %zu\r\n\r\n%s",
		4, client, strlen(body), body)));
	return raw;
}

struct watch {
	struct toggled *t;
	const char *admin;
	int64_t count;
};

static int64_t
waiters(const struct watch *watch)
{
	return metric_for(watch->t, watch->admin, "toggled_waiters");
}

static bool
all_wait(void *ctx)
{
	return waiters(ctx) == ((const struct watch *)ctx)->count;
}

/* All that an address may wait with; the next ones are refused, and all of it
 * comes back. */
START_TEST(test_contexts_when_too_many_wait_then_refused_and_memory_comes_back)
{
	const char *admin, *client;
	struct toggled *t = open_with_rules(&admin, &client);
	struct watch watch = { t, admin, 0 };
	struct raw *raws[WAITS];
	const int64_t before = vitals_rss_kib(t);
	int64_t held;

	/* So many bodies at a time as there is room for. */
	for (int i = 0; i < WAITS; i++) {
		raws[i] = wait_with(t, client, large_context(t, i));
		watch.count = i + 1;
		if (i % AT_ONCE == 0 || i == WAITS - 1)
			ck_assert(wait_until(all_wait, &watch, SOON_MS));
	}
	for (int i = 0; i < BEYOND; i++) {
		struct raw *raw =
		    wait_with(t, client, large_context(t, WAITS + i));

		ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 429);
		raw_close(raw);
	}
	held = metric_for(t, admin, "toggled_context_bytes");
	ck_assert_int_le(held, CONTEXTS_ADDRESS);
	ck_assert_int_ge(held, CONTEXTS_ADDRESS - 2 * LARGE);
	ck_assert_int_eq(metric_for(t, admin, "toggled_contexts_refused_total"),
			 BEYOND);
	printf("%" PRId64 " KiB for contexts of %" PRId64 " KiB\n",
	       vitals_rss_kib(t) - before, held / 1024);
	for (int i = 0; i < WAITS; i++)
		raw_close(raws[i]);
	watch.count = 0;
	ck_assert(wait_until(all_wait, &watch, SOON_MS));
	ck_assert_int_eq(metric_for(t, admin, "toggled_context_bytes"), 0);
	/* Half of what they held may go on lying about. */
	expect_memory(t, "after them", before + held / 1024, 1);
	scene_close(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_set_timeout(tc, CASE_SECONDS);
	tcase_add_test(
	    tc, test_bulk_when_the_context_is_costly_then_the_rest_is_general);
	tcase_add_loop_test(
	    tc, test_evaluations_when_the_context_is_costly_then_they_end, 0,
	    COUNT(costly));
	tcase_add_test(
	    tc,
	    test_token_when_it_causes_too_much_then_in_debt_for_costly_ones);
	tcase_add_test(
	    tc,
	    test_contexts_when_too_many_wait_then_refused_and_memory_comes_back);
}

int
main(void)
{
	return scene_main("hostile_effort", add);
}
