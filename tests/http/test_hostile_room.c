/*
 * All connections are held by clients that mean harm, or only wait: who may
 * switch something gets in all the same, and at once; who may not is told so at
 * once; and who does nothing makes room.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "login.h"
#include "tls_scene.h"
#include "together.h"
#include "vitals.h"

enum {
	LIMIT = 8,
	TIMES = 7, /* flips, each on a connection of its own */
	FLIP_MOST = 10,
	CROWD = 200,
	CASE_SECONDS = 120,
};

#define BODY "Content-Length: 100000\r\n\r\n{"

/* What holds a connection without being a request that is worked on. */
static const struct form {
	const char *name;
	const char *text; /* sent on each … */
	bool token;       /* … and behind it a client's token */
	const char
	    *answer; /* wait for this much of an answer; NULL: for none */
} forms[] = {
	{ "idle", "GET /healthz HTTP/1.1\r\n" HOST "\r\n", false, "ok" },
	{ "silent", "", false, NULL },
	{ "half a head", "GET /healthz HTTP/1.1\r\n" HOST "X: ", false, NULL },
	{ "a body that is refused",
	  "PUT " T "/toggles/b HTTP/1.1\r\n" HOST BODY, false, NULL },
	{ "a poll",
	  "GET " T "/changes?since=2&prefix=none&wait=60s HTTP/1.1\r\n" HOST,
	  true, NULL },
	{ "a stream", "GET " T "/ofrep/v1/sse HTTP/1.1\r\n" HOST, true,
	  "200 OK" },
};

enum way { BY_TCP, BY_UNIX, BY_TLS, WAYS };

struct hall {
	struct toggled *t;
	enum way way;
	const char *admin;  /* headers */
	const char *client; /* of a token that may not write */
	bool guarded;
	const struct form *form;
	struct raw *held[LIMIT];
};

static void
go_by(struct hall *hall, enum way way)
{
	struct toggled *t = hall->t;

	toggled_hang_up(t);
	snprintf(t->unix_path, sizeof(t->unix_path), "%s",
		 way == BY_UNIX ? toggled_path(t, "sock") : "");
}

/* A guarded server for LIMIT connections. */
static struct hall
open_hall(enum way way, const char *option, const char *value)
{
	struct hall hall = { .t = way == BY_TLS ? NULL : toggled_new(),
			     .way = way };
	const char *args[9] = { "--connections", "8" };
	size_t n = 2;

	if (option == NULL) {
		args[n++] = "--loops";
		args[n++] = "2";
	} else {
		args[n++] = option;
		args[n++] = value;
	}
	if (way == BY_TLS) {
		hall.t = tls_start(args, NULL);
	} else {
		args[n++] = "--listen";
		args[n++] = toggled_text(hall.t, "unix:%s",
					 toggled_path(hall.t, "sock"));
		toggled_start(hall.t, args);
		ask(hall.t, "PUT", T "/toggles/a", "{}", 201);
	}
	return hall;
}

static void
guard(struct hall *hall)
{
	struct toggled *t = hall->t;

	hall->guarded = true;
	hall->admin = bearer(
	    t,
	    make_token(t, NULL, "{\"name\":\"ann\",\"role\":\"admin\"}", NULL));
	hall->client =
	    bearer(t, make_token(t, hall->admin,
				 "{\"name\":\"app\",\"role\":\"client\","
				 "\"environments\":[\"default\"]}",
				 NULL));
}

static void
send_form(struct hall *hall, const struct form *form, struct raw *raw)
{
	(void)raw_send_text(raw, form->text);
	if (form->token)
		(void)raw_send_text(
		    raw, toggled_text(hall->t, "%s\r\n\r\n", hall->client));
}

/* Those that wait are counted by the feed; of the others some may have made
 * room for the one that looks. One that came before mine was counted off did
 * not get in: another one. */
static bool
is_full(void *ctx)
{
	struct hall *hall = ctx;
	const bool waits = hall->form->token;
	int64_t count;

	go_by(hall, hall->guarded ? hall->way : BY_UNIX);
	count =
	    metric_as(hall->t, hall->admin,
		      waits ? "toggled_waiters" : "toggled_connections_open");
	go_by(hall, BY_TCP);
	if (count < LIMIT)
		send_form(hall, hall->form, raw_open(hall->t));
	return count >= LIMIT;
}

static void
hold(struct hall *hall, const struct form *form)
{
	toggled_hang_up(hall->t);
	hall->form = form;
	for (int i = 0; i < LIMIT; i++) {
		struct raw *raw = raw_open(hall->t);

		send_form(hall, form, raw);
		if (form->answer != NULL)
			(void)raw_until(raw, form->answer, SOON_MS);
		hall->held[i] = raw;
	}
	ck_assert(wait_until(is_full, hall, SOON_MS));
}

/* Each on a new connection: the slowest. */
static double
flip_ms(struct hall *hall)
{
	struct toggled *t = hall->t;
	double most = 0;

	for (int i = 0; i < TIMES; i++) {
		struct question flip = {
			.method = "PATCH",
			.path = T "/toggles/a",
			.header = hall->admin,
			.bodies = { toggled_text(t, "{\"state\":\"%s\"}",
						 i % 2 == 0 ? "DISABLED"
							    : "ENABLED") },
			.status = 200,
		};
		double took;

		toggled_hang_up(t);
		took = ask_once_ms(t, &flip);
		most = took > most ? took : most;
	}
	return most;
}

START_TEST(test_flip_when_all_connections_are_held_then_at_once)
{
	const struct form *form = &forms[_i % COUNT(forms)];
	struct hall hall = open_hall((enum way)(_i / COUNT(forms)), NULL, NULL);
	double alone;

	guard(&hall);
	alone = flip_ms(&hall);
	hold(&hall, form);
	if (hall.way == BY_UNIX)
		go_by(&hall, BY_UNIX);
	expect_ratio(form->name, flip_ms(&hall), alone, FLIP_MOST);
	ck_assert_int_eq(toggled_stop(hall.t, SIGTERM), 0);
	toggled_free(hall.t);
}
END_TEST

/* Nobody has a token: what changes something counts as an editor's. */
START_TEST(test_flip_when_open_server_is_full_then_at_once)
{
	struct hall hall = open_hall(BY_TCP, NULL, NULL);
	double alone;

	hall.admin = "X-Nobody: 1";
	hall.client = "X-Nobody: 1";
	alone = flip_ms(&hall);
	hold(&hall, &forms[4]);
	expect_ratio("open server", flip_ms(&hall), alone, FLIP_MOST);
	toggled_free(hall.t);
}
END_TEST

/* Beyond the limit they hold what is meant for others. */
START_TEST(test_flip_when_strangers_crowd_the_door_then_at_once)
{
	struct hall hall = open_hall(_i == 0 ? BY_TCP : BY_TLS, NULL, NULL);
	double alone;

	guard(&hall);
	alone = flip_ms(&hall);
	hold(&hall, &forms[4]);
	for (int i = 0; i < CROWD; i++)
		(void)raw_send_text(raw_open_plain(hall.t),
				    i % 2 == 0 ? "" : "GET / HTTP/1.1\r\n");
	expect_ratio("a flip through a crowd", flip_ms(&hall), alone,
		     FLIP_MOST);
	toggled_free(hall.t);
}
END_TEST

START_TEST(test_flip_when_its_address_has_too_many_then_at_once)
{
	struct hall hall = open_hall(BY_TCP, "--connections-per-address", "4");
	double alone;

	guard(&hall);
	alone = flip_ms(&hall);
	toggled_hang_up(hall.t);
	for (int i = 0; i < 4; i++)
		send_form(&hall, &forms[4], raw_open(hall.t));
	expect_ratio("one address", flip_ms(&hall), alone, FLIP_MOST);
	toggled_free(hall.t);
}
END_TEST

/* The reserve is not for those who stay. */
START_TEST(test_wait_in_the_reserve_when_full_then_refused)
{
	struct hall hall = open_hall(_i == 0 ? BY_TCP : BY_UNIX, NULL, NULL);
	struct answer *a;

	guard(&hall);
	hold(&hall, &forms[4]);
	go_by(&hall, hall.way);
	a = ask_with(hall.t, HEADERS(hall.admin), "GET",
		     T "/changes?since=2&prefix=none&wait=60s", NULL, 503);
	expect_problem(a, 503, "busy");
	ck_assert_str_eq(answer_header(hall.t, a, "Connection"), "close");
	ask_with(hall.t, HEADERS(hall.admin), "GET", T "/ofrep/v1/sse", NULL,
		 429);
	toggled_free(hall.t);
}
END_TEST

/* One that is too many and may not switch anything. */
START_TEST(test_stranger_when_full_then_told_at_once)
{
	struct hall hall = open_hall(BY_TCP, NULL, NULL);
	struct toggled *t = hall.t;
	struct answer *a;
	double alone;
	double took;

	guard(&hall);
	alone = flip_ms(&hall);
	hold(&hall, &forms[4]);
	took = ask_once_ms(t, &(struct question){ .method = "GET",
						  .path = "/v1/envs",
						  .header = hall.client,
						  .status = 503 });
	expect_ratio("503", took, alone, FLIP_MOST);
	a = ask(t, "GET", "/healthz", NULL, 503);
	expect_problem(a, 503, "busy");
	ck_assert_str_eq(answer_header(t, a, "Retry-After"), "1");
	ck_assert_str_eq(answer_header(t, a, "Cache-Control"), "no-store");
	ck_assert_str_eq(answer_header(t, a, "Connection"), "close");
	a = ask(t, "POST", "/ofrep/v1/evaluate/flags/a", "{}", 429);
	ck_assert_str_eq(json_text_at(answer_json(a), "/errorCode"), "GENERAL");
	/* What it shows has to be good, and of somebody who may write. */
	ask_with(t, HEADERS(hall.client), "PUT", T "/toggles/a", "{}", 503);
	ask_with(t, HEADERS("Authorization: Bearer nonsense"), "PUT",
		 T "/toggles/a", "{}", 503);
	go_by(&hall, BY_UNIX);
	ck_assert_int_ge(
	    metric_as(t, hall.admin, "toggled_connections_refused_total"), 5);
	ck_assert(wait_until_logged(t, "there are too many", SOON_MS));
	toggled_free(t);
}
END_TEST

/* --- who makes room --------------------------------------------------------
 */

static bool
gets_in(void *ctx)
{
	struct toggled *t = ctx;

	toggled_hang_up(t);
	return toggled_get(t, "/healthz")->status == 200;
}

START_TEST(test_newcomer_when_idle_ones_hold_all_then_the_longest_idle_goes)
{
	struct hall hall = open_hall(_i == 0 ? BY_TCP : BY_TLS, "--loops", "1");
	struct toggled *t = hall.t;

	guard(&hall);
	hold(&hall, &forms[0]);
	/* They are left alone for a second. */
	ck_assert(wait_until(gets_in, t, SOON_MS));
	ck_assert(raw_is_closed(hall.held[0], AT_ONCE_MS) ||
		  raw_is_closed(hall.held[1], AT_ONCE_MS));
	for (int i = 2; i < LIMIT; i++)
		expect_life(hall.held[i], false, "younger");
	go_by(&hall, _i == 0 ? BY_UNIX : BY_TLS);
	ck_assert_int_eq(
	    json_int_at(answer_json(ask_with(t, HEADERS(hall.admin), "GET",
					     T "/toggles/a", NULL, 200)),
			"/revision"),
	    2);
	toggled_free(t);
}
END_TEST

/* Until it is answered, and no longer than a moment. */
START_TEST(test_refused_body_when_it_does_not_come_then_not_waited_for)
{
	struct hall hall = open_hall(_i == 0 ? BY_TCP : BY_TLS, NULL, NULL);
	struct raw *raw;

	guard(&hall);
	raw = raw_open(hall.t);
	(void)raw_send_text(raw, forms[3].text);
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 401);
	ck_assert(raw_is_closed(raw, AT_ONCE_MS));
	toggled_free(hall.t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_set_timeout(tc, CASE_SECONDS);
	tcase_add_loop_test(
	    tc, test_flip_when_all_connections_are_held_then_at_once, 0,
	    WAYS * COUNT(forms));
	tcase_add_test(tc, test_flip_when_open_server_is_full_then_at_once);
	tcase_add_loop_test(
	    tc, test_flip_when_strangers_crowd_the_door_then_at_once, 0, 2);
	tcase_add_test(tc,
		       test_flip_when_its_address_has_too_many_then_at_once);
	tcase_add_loop_test(tc, test_wait_in_the_reserve_when_full_then_refused,
			    0, 2);
	tcase_add_test(tc, test_stranger_when_full_then_told_at_once);
	tcase_add_loop_test(
	    tc,
	    test_newcomer_when_idle_ones_hold_all_then_the_longest_idle_goes, 0,
	    2);
	tcase_add_loop_test(
	    tc, test_refused_body_when_it_does_not_come_then_not_waited_for, 0,
	    2);
}

int
main(void)
{
	return scene_main("hostile_room", add);
}
