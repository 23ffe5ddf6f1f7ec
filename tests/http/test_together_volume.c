/*
 * Many of everything: what is small stays as quick as it was with few. A flip
 * among many toggles, environments and tokens, a token among many, the oldest
 * page of a long history, a poll over many changes; and one change of as many
 * definitions as there may be, beside others.
 */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "login.h"
#include "model/name.h"
#include "together.h"
#include "vitals.h"

enum {
	CASE_SECONDS = 240,
	BATCH = VITALS_MANY(5000, 1000),
	TOGGLES = VITALS_MANY(20000, 2000),
	ENVIRONMENTS = VITALS_MANY(200, 20),
	TOKENS = VITALS_MANY(300, 30),
	CHANGES = VITALS_MANY(600, 100),
	PAGE = 50,
	A_CHANGE = VITALS_MANY(LIMIT_CHANGE_ITEMS, LIMIT_CHANGE_ITEMS / 10),
	/* Of what it takes with few. A tree is twice as deep. */
	MOST = 5,
};

static const struct question flip = {
	.method = "PATCH",
	.path = ENV "/toggles/a",
	.bodies = { "{\"state\":\"DISABLED\"}", "{\"state\":\"ENABLED\"}" },
	.status = 200,
};
static const struct question read_one = {
	.method = "GET",
	.path = ENV "/toggles/a",
	.status = 200,
};
static const struct question health = {
	.method = "GET",
	.path = "/healthz",
	.status = 200,
};

/* The body of a change of `count` toggles from `first` on. */
static const char *
many_toggles(struct toggled *t, int first, int count, const char *definition)
{
	struct bytes body;

	bytes_init(&body);
	bytes_append_str(&body, "{\"toggles\":{");
	for (int i = 0; i < count; i++)
		bytes_printf(&body, "%s\"t%d\":%s", i > 0 ? "," : "", first + i,
			     definition);
	bytes_append_str(&body, "}}");
	return toggled_own(t, bytes_take(&body), free);
}

static void
put_many(struct toggled *t)
{
	for (int i = 0; i < TOGGLES; i += BATCH)
		ask(t, "POST", ENV "/changes", many_toggles(t, i, BATCH, "{}"),
		    200);
}

START_TEST(test_flip_when_toggles_are_many_then_as_quick)
{
	struct toggled *t = scene_open();
	double few;
	double one;

	put_toggle(t, "a", "{}");
	few = question_ms(t, &flip);
	one = question_ms(t, &read_one);
	put_many(t);
	expect_ratio("a flip among many toggles", question_ms(t, &flip), few,
		     MOST);
	expect_ratio("one toggle among many", question_ms(t, &read_one), one,
		     MOST);
	scene_close(t);
}
END_TEST

START_TEST(test_flip_when_environments_are_many_then_as_quick)
{
	struct toggled *t = scene_open();
	double few;

	put_toggle(t, "a", "{}");
	few = question_ms(t, &flip);
	for (int i = 0; i < ENVIRONMENTS; i++) {
		ask(t, "PUT", toggled_text(t, "/v1/envs/e%d", i), "{}", 201);
		ask(t, "PUT", toggled_text(t, "/v1/envs/e%d/toggles/a", i),
		    "{}", 201);
	}
	expect_ratio("a flip among many environments", question_ms(t, &flip),
		     few, MOST);
	scene_close(t);
}
END_TEST

/* The first and the last of them are let in as quickly. */
START_TEST(test_token_when_tokens_are_many_then_as_quick)
{
	const char *admin;
	struct toggled *t = open_guarded(0, &admin);
	struct question read = read_one;
	const char *header = NULL;
	double few;

	ask_with(t, HEADERS(admin), "PUT", ENV "/toggles/a", "{}", 201);
	read.header = admin;
	few = question_ms(t, &read);
	for (int i = 0; i < TOKENS; i++)
		header = bearer(
		    t, make_token(t, admin,
				  toggled_text(t,
					       "{\"name\":\"n%d\",\"role\":"
					       "\"viewer\",\"environments\":"
					       "[\"default\"]}",
					       i),
				  NULL));
	read.header = header;
	expect_ratio("a token among many", question_ms(t, &read), few, MOST);
	toggled_free(t);
}
END_TEST

/* The page with the oldest changes, and the newest. */
START_TEST(test_history_when_long_then_its_end_is_as_quick)
{
	struct toggled *t = scene_open();
	struct question page = {
		.method = "GET",
		.path = ENV "/history?limit=50",
		.status = 200,
	};
	double newest;

	put_toggle(t, "a", "{}");
	for (int i = 0; i < CHANGES; i++)
		ask(t, "PATCH", ENV "/toggles/a",
		    toggled_text(t, "{\"owner\":\"o%d\"}", i), 200);
	newest = question_ms(t, &page);
	page.path =
	    toggled_text(t, ENV "/history?limit=%d&before=%d", PAGE, PAGE + 3);
	expect_ratio("the oldest page of a history", question_ms(t, &page),
		     newest, MOST);
	page.path = ENV "/history?limit=50&key=a";
	expect_ratio("the page of a key", question_ms(t, &page), newest, MOST);
	scene_close(t);
}
END_TEST

/* As many as a change may have, while others are served: no request waits for
 * more than a share of it, and a flip behind it is not lost. */
START_TEST(test_change_when_of_very_many_then_others_are_served)
{
	struct toggled *t = scene_open();
	const char *body = many_toggles(t, 0, A_CHANGE, "{}");
	const struct question change = {
		.method = "POST",
		.path = ENV "/changes",
		.bodies = { body },
		.status = 200,
	};
	double worst = 0;
	double alone;
	int64_t began;
	struct crowd *crowd;
	int asked = 0;

	put_toggle(t, "a", "{}");
	alone = question_ms(t, &health);
	began = now_ms();
	crowd = crowd_begin(t, 1, &change, 1);
	while (!crowd_has_begun(crowd)) {
		const double ms = ask_once_ms(t, &health);

		worst = ms > worst ? ms : worst;
		asked++;
		ck_assert_int_lt(now_ms() - began, SOON_MS);
	}
	(void)crowd_stop(crowd);
	printf("%d definitions in %lld ms, %d requests beside, alone %.1f ms\n",
	       A_CHANGE, (long long)(now_ms() - began), asked, alone);
	expect_ratio("the slowest request beside it, of all it took", worst,
		     (double)(now_ms() - began), 0.3);
	(void)question_ms(t, &flip);
	scene_close(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_set_timeout(tc, CASE_SECONDS);
	tcase_add_test(tc, test_flip_when_toggles_are_many_then_as_quick);
	tcase_add_test(tc, test_flip_when_environments_are_many_then_as_quick);
	tcase_add_test(tc, test_token_when_tokens_are_many_then_as_quick);
	tcase_add_test(tc, test_history_when_long_then_its_end_is_as_quick);
	tcase_add_test(tc,
		       test_change_when_of_very_many_then_others_are_served);
}

int
main(void)
{
	return scene_main("together_volume", add);
}
