/*
 * Access control, as those meet it who are let in and those who are not: every
 * role on every kind of route, the first token, and what must never be seen of
 * a secret. The life of a token: test_tokens.c.
 */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "login.h"

enum { BURST = 10 };

/* --- the matrix ----------------------------------------------------------- */

enum { NOBODY, EVALUATE, CLIENT, VIEWER, EDITOR, ADMIN, PEOPLE };

static const char *const people[PEOPLE] = {
	[EVALUATE] = "{\"name\":\"b\",\"role\":\"evaluate\","
		     "\"environments\":[\"eu\"]}",
	[CLIENT] = "{\"name\":\"c\",\"role\":\"client\","
		   "\"environments\":[\"eu\"]}",
	[VIEWER] = "{\"name\":\"v\",\"role\":\"viewer\","
		   "\"environments\":[\"eu\"]}",
	[EDITOR] = "{\"name\":\"e\",\"role\":\"editor\","
		   "\"environments\":[\"eu\"]}",
};

#define EU "/v1/envs/eu"
#define US "/v1/envs/us"

/* What nobody, evaluate, client, viewer, editor and admin are answered. */
static const struct {
	const char *method;
	const char *path;
	const char *body;
	long expected[PEOPLE];
} matrix[] = {
	{ "GET", "/healthz", NULL, { 200, 200, 200, 200, 200, 200 } },
	{ "GET", "/readyz", NULL, { 200, 200, 200, 200, 200, 200 } },
	{ "GET", "/version", NULL, { 200, 200, 200, 200, 200, 200 } },
	{ "GET", "/openapi.yaml", NULL, { 401, 200, 200, 200, 200, 200 } },
	{ "GET", "/metrics", NULL, { 401, 403, 403, 200, 200, 200 } },
	{ "GET", "/v1/backup", NULL, { 401, 403, 403, 403, 403, 200 } },
	{ "GET", "/v1/head", NULL, { 401, 403, 403, 403, 403, 200 } },
	{ "GET", "/v1/history", NULL, { 401, 403, 403, 403, 403, 200 } },
	{ "GET", "/v1/history/1", NULL, { 401, 403, 403, 403, 403, 200 } },
	{ "GET", "/v1/tokens", NULL, { 401, 403, 403, 403, 403, 200 } },
	{ "POST", "/v1/tokens", "{}", { 401, 403, 403, 403, 403, 400 } },
	{ "DELETE", "/v1/tokens/x", NULL, { 401, 403, 403, 403, 403, 404 } },
	{ "POST",
	  "/v1/tokens/x/rotate",
	  NULL,
	  { 401, 403, 403, 403, 403, 404 } },
	{ "GET", "/v1/envs", NULL, { 401, 403, 403, 200, 200, 200 } },
	{ "PUT", "/v1/envs/new", "{}", { 401, 403, 403, 403, 403, 201 } },
	{ "DELETE", "/v1/envs/new", NULL, { 401, 403, 403, 403, 403, 200 } },
	{ "GET", EU, NULL, { 401, 403, 403, 200, 200, 200 } },
	{ "GET", EU "/toggles", NULL, { 401, 403, 403, 200, 200, 200 } },
	{ "GET", EU "/toggles/a", NULL, { 401, 403, 403, 200, 200, 200 } },
	{ "PUT", EU "/toggles/a", "{}", { 401, 403, 403, 403, 200, 200 } },
	{ "PATCH", EU "/toggles/a", "{}", { 401, 403, 403, 403, 200, 200 } },
	{ "PUT", EU "/segments/s", "{}", { 401, 403, 403, 403, 201, 200 } },
	{ "DELETE", EU "/segments/s", NULL, { 401, 403, 403, 403, 200, 404 } },
	{ "POST", EU "/changes", "{}", { 401, 403, 403, 403, 200, 200 } },
	{ "GET", EU "/changes", NULL, { 401, 403, 200, 200, 200, 200 } },
	{ "GET", EU "/values", NULL, { 401, 200, 200, 200, 200, 200 } },
	{ "POST", EU "/values", "{}", { 401, 200, 200, 200, 200, 200 } },
	{ "POST", EU "/evaluate", "{}", { 401, 403, 200, 200, 200, 200 } },
	{ "POST", EU "/evaluate?at=1", "{}", { 401, 403, 403, 404, 404, 404 } },
	{ "GET", EU "/flags", NULL, { 401, 403, 200, 200, 200, 200 } },
	{ "GET", EU "/history", NULL, { 401, 403, 403, 200, 200, 200 } },
	{ "GET", EU "/history/1", NULL, { 401, 403, 403, 404, 404, 404 } },
	{ "POST", EU "/rollback", "{}", { 401, 403, 403, 403, 400, 400 } },
	{ "POST",
	  EU "/ofrep/v1/evaluate/flags",
	  "{}",
	  { 401, 200, 200, 200, 200, 200 } },
	{ "POST",
	  EU "/ofrep/v1/evaluate/flags/a",
	  "{}",
	  { 401, 200, 200, 200, 200, 200 } },
	{ "OPTIONS",
	  EU "/ofrep/v1/evaluate/flags",
	  NULL,
	  { 204, 204, 204, 204, 204, 204 } },
	/* Their only environment is eu. */
	{ "POST",
	  "/ofrep/v1/evaluate/flags/a",
	  "{}",
	  { 401, 200, 200, 200, 200, 404 } },
	{ "GET", "/v1/flags", NULL, { 401, 403, 200, 200, 200, 200 } },
	{ "GET", "/v1/flags/eu", NULL, { 401, 403, 200, 200, 200, 200 } },
	{ "GET", "/v1/flags/us", NULL, { 401, 403, 403, 403, 403, 200 } },
	{ "GET", US, NULL, { 401, 403, 403, 403, 403, 200 } },
	{ "GET", US "/toggles", NULL, { 401, 403, 403, 403, 403, 200 } },
	{ "GET", US "/changes", NULL, { 401, 403, 403, 403, 403, 200 } },
	{ "PUT", US "/toggles/a", "{}", { 401, 403, 403, 403, 403, 201 } },
	{ "POST",
	  US "/ofrep/v1/evaluate/flags",
	  "{}",
	  { 401, 403, 403, 403, 403, 200 } },
	/* One that is not there, and one that is not for anybody. */
	{ "GET",
	  "/v1/envs/xx/toggles",
	  NULL,
	  { 401, 403, 403, 403, 403, 404 } },
	{ "GET", "/v1/envs/.access", NULL, { 401, 403, 403, 403, 403, 404 } },
	{ "GET",
	  "/v1/envs/.access/toggles",
	  NULL,
	  { 401, 403, 403, 403, 403, 404 } },
	{ "GET",
	  "/v1/envs/.access/history",
	  NULL,
	  { 401, 403, 403, 403, 403, 404 } },
	{ "PUT", "/v1/envs/.access", "{}", { 401, 403, 403, 403, 403, 400 } },
	{ "DELETE",
	  "/v1/envs/.access",
	  NULL,
	  { 401, 403, 403, 403, 403, 404 } },
	{ "GET", "/v1/flags/.access", NULL, { 401, 403, 403, 403, 403, 404 } },
	{ "GET", "/nothing", NULL, { 404, 404, 404, 404, 404, 404 } },
};

/* All rows on one server, in order: some make what others need. */
START_TEST(test_route_when_asked_by_each_role_then_as_the_matrix_says)
{
	const char *headers[PEOPLE] = { NULL };
	struct toggled *t = open_guarded(0, &headers[ADMIN]);

	ask_with(t, HEADERS(headers[ADMIN]), "PUT", EU, "{}", 201);
	ask_with(t, HEADERS(headers[ADMIN]), "PUT", US, "{}", 201);
	ask_with(t, HEADERS(headers[ADMIN]), "PUT", EU "/toggles/a", "{}", 201);
	for (int who = EVALUATE; who < ADMIN; who++)
		headers[who] =
		    bearer(t, make_token(t, headers[ADMIN], people[who], NULL));
	for (int i = 0; i < COUNT(matrix); i++) {
		for (int who = NOBODY; who < PEOPLE; who++) {
			long expected = matrix[i].expected[who];
			long status;

			status = status_of(t, headers[who], matrix[i].method,
					   matrix[i].path, matrix[i].body);
			ck_assert_msg(status == expected,
				      "%s %s as %d: expected %ld, got %ld",
				      matrix[i].method, matrix[i].path, who,
				      expected, status);
		}
	}
	scene_close(t);
}
END_TEST

/* Not one of the routes that need a token is open to those who show none. */
START_TEST(test_route_when_asked_without_a_token_then_refused)
{
	const char *admin;
	struct toggled *t = open_guarded(0, &admin);
	struct answer *answer;
	int i = _i * BURST;

	for (int end = i + BURST; i < end && i < COUNT(matrix); i++) {
		if (matrix[i].expected[NOBODY] != 401)
			continue;
		answer = ask(t, matrix[i].method, matrix[i].path,
			     matrix[i].body, 401);
		ck_assert_str_eq(answer_header(t, answer, "WWW-Authenticate"),
				 "Bearer realm=\"toggled\"");
		ck_assert_str_eq(answer_header(t, answer, "Cache-Control"),
				 "no-store");
		if (strstr(matrix[i].path, "/ofrep/") != NULL)
			ck_assert_str_eq(
			    json_text_at(answer_json(answer), "/errorCode"),
			    "GENERAL");
		else
			(void)expect_problem(answer, 401, "unauthorized");
	}
	scene_close(t);
}
END_TEST

START_TEST(test_lists_when_token_is_limited_then_name_only_what_it_sees)
{
	const char *admin, *viewer;
	struct toggled *t = open_guarded(0, &admin);
	json_t *list;
	const char *detail;

	ask_with(t, HEADERS(admin), "PUT", EU, "{}", 201);
	ask_with(t, HEADERS(admin), "PUT", US, "{}", 201);
	viewer = bearer(t, make_token(t, admin,
				      "{\"name\":\"v\",\"role\":\"viewer\","
				      "\"environments\":[\"eu\",\"gone\"]}",
				      NULL));
	list = answer_json(
	    ask_with(t, HEADERS(admin), "GET", "/v1/envs", NULL, 200));
	ck_assert_uint_eq(json_object_size(json_at(list, "/environments")), 3);
	list = answer_json(
	    ask_with(t, HEADERS(viewer), "GET", "/v1/envs", NULL, 200));
	ck_assert_uint_eq(json_object_size(json_at(list, "/environments")), 1);
	ck_assert_ptr_nonnull(json_at(list, "/environments/eu"));
	detail = json_text_at(
	    answer_json(ask_with(t, HEADERS(viewer), "GET",
				 "/v1/envs/gone/toggles", NULL, 404)),
	    "/detail");
	expect_says(detail, "'gone'");
	ck_assert_ptr_null(strstr(detail, "us"));
	ck_assert_ptr_null(strstr(detail, "default"));
	scene_close(t);
}
END_TEST

/* --- the first token ------------------------------------------------------ */

START_TEST(test_server_when_it_has_no_token_then_open_and_loud)
{
	struct toggled *t = scene_open();

	ck_assert(wait_until_logged(t, "ANYBODY WHO REACHES", SOON_MS));
	ck_assert_int_eq(put_toggle(t, "a", "{}"), 2);
	expect_problem(ask(t, "POST", "/v1/tokens",
			   "{\"name\":\"x\",\"role\":\"viewer\","
			   "\"environments\":[\"*\"]}",
			   409),
		       409, "conflict");
	ask(t, "GET", "/v1/tokens", NULL, 200);
	(void)make_token(t, NULL, "{\"name\":\"ann\",\"role\":\"admin\"}",
			 NULL);
	ask(t, "GET", "/v1/tokens", NULL, 401);
	ask(t, "GET", ENV "/changes", NULL, 401);
	scene_close(t);
}
END_TEST

START_TEST(test_server_when_it_listens_to_others_then_a_token_has_to_be_there)
{
	struct toggled *t = toggled_new();
	const struct run *run = TOGGLED_RUN(t, "serve", "--listen", "0.0.0.0:0",
					    "--database", t->database);
	char *token;

	ck_assert_int_eq(run->status, 1);
	expect_says(run->err, "toggled token create --role admin --name NAME "
			      "--database ");
	run = TOGGLED_RUN(t, "token", "create", "--role", "admin", "--name",
			  "ann", "--database", t->database);
	ck_assert_msg(run->status == 0, "%s", run->err);
	token = toggled_text(t, "%.*s", (int)strcspn(run->out, "\n"), run->out);
	TOGGLED_START(t, "--listen", "0.0.0.0:0");
	ask_with(t, HEADERS(bearer(t, token)), "GET", "/v1/tokens", NULL, 200);
	ck_assert_ptr_null(strstr(toggled_log(t), "ANYBODY"));
	scene_close(t);
}
END_TEST

START_TEST(test_tokens_when_server_starts_again_then_they_still_hold)
{
	const char *admin, *client, *id;
	struct toggled *t = open_guarded(0, &admin);

	client = bearer(t, make_token(t, admin,
				      "{\"name\":\"c\",\"role\":\"client\","
				      "\"environments\":[\"default\"]}",
				      &id));
	ask_with(t, HEADERS(admin), "PUT", ENV "/toggles/a", "{}", 201);
	toggled_hang_up(t);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_start(t, NULL);
	ask(t, "GET", "/v1/envs", NULL, 401);
	ask_with(t, HEADERS(client), "GET", ENV "/values", NULL, 200);
	ask_with(t, HEADERS(admin), "GET", toggled_text(t, "/v1/tokens/%s", id),
		 NULL, 200);
	scene_close(t);
}
END_TEST

/* --- what must not be seen --------------------------------------------------
 */

static const char *
secret_of(struct toggled *t, const char *token)
{
	const char *at = strchr(strchr(token, '_') + 1, '_') + 1;

	return toggled_text(t, "%.*s", (int)strcspn(at, "_"), at);
}

START_TEST(test_secret_when_all_is_said_then_it_is_nowhere)
{
	struct toggled *t = toggled_new();
	const char *token, *secret, *admin;
	const struct run *run;
	struct answer *answer;

	TOGGLED_START(t, "--access-log", "--log-level", "debug");
	token =
	    make_token(t, NULL, "{\"name\":\"ann\",\"role\":\"admin\"}", NULL);
	secret = secret_of(t, token);
	ck_assert_uint_eq(strlen(secret), 43);
	admin = bearer(t, token);
	ask_with(t, HEADERS(admin), "PUT", ENV "/toggles/a", "{}", 201);
	/* Mistyped, and under a wrong scheme. */
	ask_with(t, HEADERS(toggled_text(t, "%sx", admin)), "GET", "/v1/envs",
		 NULL, 401);
	ask_with(t, HEADERS(toggled_text(t, "Authorization: Basic %s", token)),
		 "GET", "/v1/envs", NULL, 401);
	answer = ask_with(t, HEADERS(admin), "GET", ENV "/history", NULL, 200);
	ck_assert_ptr_null(strstr(answer->body, secret));
	ck_assert_str_eq(json_text_at(answer_json(answer), "/changes/0/actor"),
			 "ann");
	answer = ask_with(t, HEADERS(admin), "GET", "/v1/tokens", NULL, 200);
	ck_assert_ptr_null(strstr(answer->body, secret));
	ck_assert_ptr_null(strstr(answer->body, "hash"));
	ck_assert_str_eq(answer_header(t, answer, "Cache-Control"), "no-store");
	answer = ask_with(t, HEADERS(admin), "GET", "/metrics", NULL, 200);
	ck_assert_ptr_null(strstr(answer->body, secret));
	toggled_hang_up(t);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	ck_assert_ptr_null(strstr(toggled_log(t), secret));
	expect_logged(t, "malformed token");
	run = TOGGLED_RUN(t, "export", "--database", t->database);
	ck_assert_int_eq(run->status, 0);
	ck_assert_ptr_null(strstr(run->out, secret));
	ck_assert_ptr_null(strstr(run->out, "hash"));
	run = TOGGLED_RUN(t, "export", "--environment", ".access", "--database",
			  t->database);
	ck_assert_int_eq(run->status, 2);
	run =
	    toggled_run(t, (const char *const[]){ "token", "list", "--database",
						  t->database, NULL });
	expect_says(run->out, "ann");
	ck_assert_ptr_null(strstr(run->out, secret));
	toggled_free(t);
}
END_TEST

/* Where a token is pasted by mistake, %s, and the status of the answer. */
static const struct {
	const char *method;
	const char *path;
	const char *body;
	long status;
} pasted[] = {
	{ "DELETE", "/v1/tokens/%s", NULL, 404 },
	{ "POST", "/v1/tokens/%s/rotate", NULL, 404 },
	{ "GET", "/v1/envs?%s", NULL, 400 },
	{ "GET", "/v1/envs?token=%s", NULL, 400 },
	{ "GET", "/v1/envs/%s/toggles", NULL, 404 },
	{ "GET", ENV "/toggles/%s", NULL, 404 },
	{ "GET", ENV "/changes?since=%s", NULL, 400 },
	{ "GET", "/nothing/%s", NULL, 404 },
	{ "POST", ENV "/ofrep/v1/evaluate/flags/%s?x=1", "[]", 400 },
	{ "PUT", ENV "/toggles/b", "{\"%s\":1}", 400 },
};

START_TEST(test_token_when_pasted_into_a_request_then_neither_logged_nor_told)
{
	struct toggled *t = toggled_new();
	const char *token, *secret, *admin;

	TOGGLED_START(t, "--access-log", "--log-level", "debug");
	token =
	    make_token(t, NULL, "{\"name\":\"ann\",\"role\":\"admin\"}", NULL);
	secret = secret_of(t, token);
	admin = bearer(t, token);
	for (int i = 0; i < COUNT(pasted); i++) {
		bool in_path = pasted[i].body == NULL ||
			       strchr(pasted[i].path, '%') != NULL;
		const char *in = in_path ? pasted[i].path : pasted[i].body;
		const char *hole = strstr(in, "%s");
		char *filled = toggled_text(t, "%.*s%s%s", (int)(hole - in), in,
					    token, hole + 2);
		struct answer *answer = ask_with(
		    t, HEADERS(admin), pasted[i].method,
		    in_path ? filled : pasted[i].path,
		    in_path ? pasted[i].body : filled, pasted[i].status);

		ck_assert_msg(strstr(answer->body, secret) == NULL, "%s: %s",
			      pasted[i].path, answer->body);
	}
	/* The path is escaped, and the request's name is one. */
	ask_with(t, HEADERS(admin), "DELETE",
		 toggled_text(t, "/v1/tokens/%%74%s", token + 1), NULL, 404);
	ask_with(t, HEADERS(admin, toggled_text(t, "X-Request-Id: %s", token)),
		 "GET", "/v1/tokens", NULL, 200);
	toggled_hang_up(t);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	ck_assert_ptr_null(strstr(toggled_log(t), secret));
	expect_logged(t, toggled_text(t, "path=/v1/tokens/%.15s*** ", token));
	toggled_free(t);
}
END_TEST

START_TEST(test_creation_when_asked_to_be_idempotent_then_refused)
{
	const char *admin;
	struct toggled *t = open_guarded(0, &admin);

	expect_problem(ask_with(t, HEADERS(admin, "Idempotency-Key: k"), "POST",
				"/v1/tokens",
				"{\"name\":\"b\",\"role\":\"admin\"}", 400),
		       400, "invalid");
	scene_close(t);
}
END_TEST

START_TEST(test_creation_when_a_foreign_page_asks_then_refused)
{
	struct toggled *t = scene_open();

	ask_with(t, HEADERS("Origin: http://evil.example"), "POST",
		 "/v1/tokens", "{\"name\":\"b\",\"role\":\"admin\"}", 403);
	ask(t, "GET", "/v1/envs", NULL, 200);
	scene_close(t);
}
END_TEST

/* Its name proves nothing while everybody may write (DNS rebinding); later the
 * token proves enough. */
START_TEST(test_write_when_from_own_page_at_a_name_then_needs_a_token)
{
	const char *admin;
	struct toggled *t = scene_open();

	ask_with(t, HEADERS("Host: h.example", "Origin: http://h.example"),
		 "POST", "/v1/tokens", "{\"name\":\"b\",\"role\":\"admin\"}",
		 403);
	ask(t, "GET", "/v1/envs", NULL, 200);
	scene_close(t);
	t = open_guarded(0, &admin);
	ask_with(t,
		 HEADERS(admin, "Host: h.example", "Origin: http://h.example"),
		 "PUT", ENV "/toggles/a", "{}", 201);
	scene_close(t);
}
END_TEST

/* --- too many attempts ------------------------------------------------------
 */

START_TEST(test_attempts_when_too_many_fail_then_429_and_good_ones_pass)
{
	const char *admin;
	struct toggled *t = open_guarded(0, &admin);
	struct answer *answer = NULL;
	int unauthorized = 0;
	int64_t began = now_ms();

	for (int i = 0; i < 2 * BURST; i++) {
		answer =
		    toggled_request(t, "GET", "/v1/envs",
				    HEADERS("X-API-Key: tgd_nothing"), NULL);
		unauthorized += answer->status == 401;
	}
	ck_assert_int_ge(unauthorized, BURST);
	ck_assert_int_le(unauthorized, BURST + (now_ms() - began) / 1000 + 1);
	if (answer->status == 429) {
		expect_problem(answer, 429, "too-many-requests");
		ck_assert_ptr_nonnull(answer_header(t, answer, "Retry-After"));
	}
	ask_with(t, HEADERS(admin), "GET", "/v1/envs", NULL, 200);
	ck_assert(wait_until_logged(t, "too many failed attempts", SOON_MS));
	scene_close(t);
}
END_TEST

/* Who shows no token tries none. */
START_TEST(test_attempts_when_there_is_no_token_then_401_always)
{
	const char *admin;
	struct toggled *t = open_guarded(0, &admin);

	for (int i = 0; i < 2 * BURST; i++)
		(void)toggled_request(t, "GET", "/v1/envs",
				      HEADERS("X-API-Key: tgd_nothing"), NULL);
	for (int i = 0; i < 2 * BURST; i++)
		ask(t, "GET", "/v1/envs", NULL, 401);
	scene_close(t);
}
END_TEST

/* --- the command line --------------------------------------------------------
 */

START_TEST(test_command_when_server_is_asked_then_as_over_http)
{
	struct toggled *t = scene_open();
	const struct run *run =
	    TOGGLED_RUN(t, "token", "create", "--server", t->url, "--role",
			"admin", "--name", "ann");
	char *id;

	ck_assert_msg(run->status == 0, "%s", run->err);
	expect_says(run->err, "'ann', admin");
	ck_assert_int_eq(
	    TOGGLED_RUN(t, "token", "list", "--server", t->url)->status, 1);
	ck_assert_int_eq(
	    setenv(
		"TOGGLED_TOKEN",
		toggled_text(t, "%.*s", (int)strcspn(run->out, "\n"), run->out),
		1),
	    0);
	run = TOGGLED_RUN(t, "token", "create", "--server", t->url, "--role",
			  "client", "--name", "shop", "--environment", "eu",
			  "--environment", "us", "--expires", "30d");
	ck_assert_msg(run->status == 0, "%s", run->err);
	id = toggled_text(t, "%.10s", run->out + 4);
	run = TOGGLED_RUN(t, "token", "list", "--server", t->url);
	expect_says(run->out, "eu,us");
	expect_says(run->out, id);
	expect_says(run->out, "  made 2");
	run = TOGGLED_RUN(t, "token", "rotate", id, "--server", t->url);
	ck_assert_int_eq(strncmp(run->out + 4, id, 10), 0);
	run = TOGGLED_RUN(t, "token", "revoke", id, "--server", t->url);
	expect_says(run->out, "is revoked");
	run = TOGGLED_RUN(t, "token", "revoke", id, "--server", t->url);
	ck_assert_int_eq(run->status, 1);
	expect_says(run->err, "there is no token");
	scene_close(t);
}
END_TEST

static const struct {
	const char *args[8];
	const char *says;
	int status; /* 2: the command line itself */
} faults[] = {
	{ { "token", "lst" }, "did you mean 'list'?", 2 },
	{ { "token", "revoke" }, "revoke wants the ID", 2 },
	{ { "token", "list", "0123456789" }, "list takes no ID", 2 },
	{ { "token", "rotate", "x/y" }, "no ID of a token", 2 },
	{ { "token", "create", "--name", "x" }, "create wants", 2 },
	{ { "token", "list", "--database", "none.db" }, "no database at", 1 },
	{ { "token", "create", "--database", "a.db", "--name", "x", "--role",
	    "client" },
	  "the first token has to be an admin's",
	  1 },
};

START_TEST(test_command_when_wrong_then_a_sentence)
{
	struct toggled *t = toggled_new();
	const char *args[9] = { NULL };
	const struct run *run;

	memcpy(args, faults[_i].args, sizeof(faults[_i].args));
	run = toggled_run(t, args);
	ck_assert_int_eq(run->status, faults[_i].status);
	expect_says(run->err, faults[_i].says);
	toggled_free(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_test(
	    tc, test_route_when_asked_by_each_role_then_as_the_matrix_says);
	tcase_add_loop_test(tc,
			    test_route_when_asked_without_a_token_then_refused,
			    0, (COUNT(matrix) + BURST - 1) / BURST);
	tcase_add_test(
	    tc, test_lists_when_token_is_limited_then_name_only_what_it_sees);
	tcase_add_test(tc, test_server_when_it_has_no_token_then_open_and_loud);
	tcase_add_test(
	    tc,
	    test_server_when_it_listens_to_others_then_a_token_has_to_be_there);
	tcase_add_test(
	    tc, test_tokens_when_server_starts_again_then_they_still_hold);
	tcase_add_test(tc, test_secret_when_all_is_said_then_it_is_nowhere);
	tcase_add_test(
	    tc,
	    test_token_when_pasted_into_a_request_then_neither_logged_nor_told);
	tcase_add_test(tc,
		       test_creation_when_asked_to_be_idempotent_then_refused);
	tcase_add_test(tc, test_creation_when_a_foreign_page_asks_then_refused);
	tcase_add_test(
	    tc, test_write_when_from_own_page_at_a_name_then_needs_a_token);
	tcase_add_test(
	    tc, test_attempts_when_too_many_fail_then_429_and_good_ones_pass);
	tcase_add_test(tc,
		       test_attempts_when_there_is_no_token_then_401_always);
	tcase_add_test(tc, test_command_when_server_is_asked_then_as_over_http);
	tcase_add_loop_test(tc, test_command_when_wrong_then_a_sentence, 0,
			    COUNT(faults));
}

int
main(void)
{
	return scene_main("access", add);
}
