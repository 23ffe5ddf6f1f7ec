/*
 * Clients without a token that mean harm.
 *
 * What belongs here: what such a client can hold (connections, memory, a loop,
 * the writer), for how long, and that a flip gets in meanwhile. Each scene says
 * what is held, shows that a flip beside it is a ratio of a flip alone
 * (together.h), and that it passes: memory, connections and processor time are
 * again what they were. A new route, header or way to wait gets its scene here
 * when it is made.
 *
 * A server that is asked without a token serves nothing but what is public; so
 * these are mostly about the bytes before that is known.
 */
#include <check.h>
#include <stdio.h>

#include "login.h"
#include "scene.h"
#include "together.h"
#include "vitals.h"

enum {
	HOLDERS = 300,
	GUESSERS = 50,
	CASE_SECONDS = 120,
	GONE_MS = 20000,
	FLIP_MOST = 10,
};

static struct question
flip_as(const char *header)
{
	return (struct question){
		.method = "PATCH",
		.path = ENV "/toggles/a",
		.header = header,
		.bodies = { "{\"state\":\"DISABLED\"}",
			    "{\"state\":\"ENABLED\"}" },
		.status = 200,
	};
}

/* A guarded server that gives a head a second; `*flip` is its admin's. */
static struct toggled *
open_hostile(struct question *flip, const char **admin)
{
	struct toggled *t = SCENE_OPEN("--header-timeout", "1s");

	*admin = bearer(
	    t,
	    make_token(t, NULL, "{\"name\":\"ann\",\"role\":\"admin\"}", NULL));
	ask_with(t, HEADERS(*admin), "PUT", ENV "/toggles/a", "{}", 201);
	*flip = flip_as(*admin);
	return t;
}

/* --- heads that do not end -------------------------------------------------
 */

static const char *const heads[] = {
	"",
	"G",
	"GET " ENV "/toggles HTTP/1.1\r\nHost: localhost\r\nX: ",
	"PATCH " ENV "/toggles/a HTTP/1.1\r\nHost: localhost\r\n",
};

static bool
only_ours_is_open(void *ctx)
{
	return vitals_sockets(ctx, VITALS_ESTABLISHED) <= 1;
}

START_TEST(test_heads_when_they_do_not_end_then_flips_get_in_and_it_passes)
{
	struct question flip;
	const char *admin;
	struct toggled *t = open_hostile(&flip, &admin);
	const double alone = question_ms(t, &flip);
	struct raw *raws[HOLDERS];

	for (int i = 0; i < HOLDERS; i++) {
		raws[i] = raw_open(t);
		ck_assert(raw_send_text(raws[i], heads[_i]));
	}
	expect_ratio("a flip beside heads that do not end",
		     question_ms(t, &flip), alone, FLIP_MOST);
	/* The kernel says so, not the program's own count. */
	ck_assert(wait_until(only_ours_is_open, t, GONE_MS));
	toggled_free(t);
}
END_TEST

/* --- who tries tokens ------------------------------------------------------
 */

START_TEST(test_guesses_when_many_at_once_then_flips_get_in_and_none_is_let_in)
{
	struct question flip;
	const char *admin;
	struct toggled *t = open_hostile(&flip, &admin);
	const struct question guess[] = {
		{ .method = "PUT",
		  .path = ENV "/toggles/evil",
		  .bodies = { "{}" } },
		{ .method = "GET", .path = ENV "/toggles" },
		{ .method = "POST",
		  .path = "/v1/tokens",
		  .bodies = { "{\"name\":\"e\",\"role\":\"admin\"}" } },
	};
	const double alone = question_ms(t, &flip);
	struct crowd *crowd = crowd_start(t, GUESSERS, guess, COUNT(guess));

	expect_ratio("a flip beside requests without a token",
		     question_ms(t, &flip), alone, FLIP_MOST);
	printf("%lld guesses\n", (long long)crowd_stop(crowd));
	ask_with(t, HEADERS(admin), "GET", ENV "/toggles/evil", NULL, 404);
	ck_assert_uint_eq(json_object_size(json_at(
			      answer_json(ask_with(t, HEADERS(admin), "GET",
						   "/v1/tokens", NULL, 200)),
			      "/tokens")),
			  1);
	toggled_free(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_set_timeout(tc, CASE_SECONDS);
	tcase_add_loop_test(
	    tc, test_heads_when_they_do_not_end_then_flips_get_in_and_it_passes,
	    0, COUNT(heads));
	tcase_add_test(
	    tc,
	    test_guesses_when_many_at_once_then_flips_get_in_and_none_is_let_in);
}

int
main(void)
{
	return scene_main("hostile", add);
}
