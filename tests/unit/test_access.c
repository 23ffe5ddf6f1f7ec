/* Who is let in: credentials as they come in headers, roles against routes. */
#include "../../src/http/access.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/http/connection.h"
#include "../../src/http/loop.h"
#include "../../src/http/request_life.h"
#include "fixture_model.h"
#include "fixture_token.h"

static int64_t
fixed_now(void *ctx)
{
	return *(const int64_t *)ctx;
}

/* One request on a loop that has nothing but a catalog and a clock. */
struct scene {
	int64_t now_ms;
	struct service service;
	struct loop loop;
	struct connection connection;
	struct exchange exchange;
	struct request_pair headers[2];
	char admin[CREDENTIAL_LENGTH + 1];
	char editor[CREDENTIAL_LENGTH + 1];
	char viewer[CREDENTIAL_LENGTH + 1];
	char client[CREDENTIAL_LENGTH + 1];
	char browser[CREDENTIAL_LENGTH + 1];
};

static struct scene s;

static void
reset(void)
{
	request_fini(&s.exchange.request);
	request_init(&s.exchange.request);
	s.exchange.request.loop = &s.loop;
	s.exchange.connection = &s.connection;
	s.exchange.request.headers = s.headers;
}

static void
open_scene(void)
{
	memset(&s, 0, sizeof(s));
	s.now_ms = FIXTURE_NOW_MS;
	s.service.clock = (struct clock){ fixed_now, fixed_now, &s.now_ms };
	s.service.attempts = attempts_new();
	s.service.strangers = attempts_new();
	s.loop.service = &s.service;
	s.loop.catalog = fixture_open_catalog();
	s.connection.peer.family = PEER_IPV4;
	request_init(&s.exchange.request);
	reset();
}

static void
close_scene(void)
{
	request_fini(&s.exchange.request);
	catalog_unref(s.loop.catalog);
	attempts_free(s.service.attempts);
	attempts_free(s.service.strangers);
}

static void
add_token(const char *body, char text[CREDENTIAL_LENGTH + 1])
{
	s.loop.catalog = fixture_token(s.loop.catalog, body, text);
}

static void
open_guarded_scene(void)
{
	open_scene();
	add_token("{\"name\":\"a\",\"role\":\"admin\"}", s.admin);
	add_token("{\"name\":\"e\",\"role\":\"editor\",\"environments\":"
		  "[\"eu\"]}",
		  s.editor);
	add_token("{\"name\":\"v\",\"role\":\"viewer\",\"environments\":"
		  "[\"eu\",\"us\"]}",
		  s.viewer);
	add_token("{\"name\":\"c\",\"role\":\"client\",\"environments\":"
		  "[\"*\"],\"expiresAt\":\"1970-01-21T20:00:01Z\"}",
		  s.client);
	add_token("{\"name\":\"b\",\"role\":\"evaluate\",\"environments\":"
		  "[\"eu\"]}",
		  s.browser);
}

/* The status of a request; 0: let in. */
static unsigned
ask(unsigned flags, const char *environment, const char *header,
    const char *value)
{
	struct request *r = &s.exchange.request;
	const struct route route = { .pattern = "/x", .flags = flags };
	bool admitted;

	reset();
	r->route = &route;
	r->params[0] = fixture_string(environment);
	if (header != NULL) {
		s.headers[0].name = fixture_string(header);
		s.headers[0].value = fixture_string(value);
		r->header_count = 1;
	}
	admitted = access_admit(&s.exchange);
	ck_assert_int_eq(admitted, r->reply.status == 0);
	r->route = NULL;
	return r->reply.status;
}

static const char *
reply_header_of(const char *name)
{
	const struct reply *reply = &s.exchange.request.reply;

	for (size_t i = 0; i < reply->header_count; i++) {
		if (strcmp(reply->headers[i].name, name) == 0)
			return reply->headers[i].value;
	}
	return NULL;
}

START_TEST(test_access_when_no_token_was_ever_made_then_all_are_let_in)
{
	open_scene();
	ck_assert_uint_eq(ask(ROUTE_ADMIN, "", NULL, NULL), 0);
	ck_assert_uint_eq(ask(ROUTE_WRITE, "", "X-API-Key", "junk"), 0);
	ck_assert_ptr_null(request_token(&s.exchange.request));
	close_scene();
}
END_TEST

enum { EVALUATE, CLIENT, READ, WRITE, ADMIN, NEEDS };

static const unsigned needs[NEEDS] = {
	[EVALUATE] = ROUTE_EVALUATE | ROUTE_ENVIRONMENT,
	[CLIENT] = ROUTE_CLIENT | ROUTE_ENVIRONMENT,
	[READ] = ROUTE_ENVIRONMENT,
	[WRITE] = ROUTE_WRITE | ROUTE_ENVIRONMENT,
	[ADMIN] = ROUTE_ADMIN | ROUTE_WRITE,
};

/* Who × where × what for: the statuses in the order of `needs`. */
static const struct {
	const char *who;
	const char *where;
	unsigned expected[NEEDS];
} matrix[] = {
	{ s.admin, "eu", { 0, 0, 0, 0, 0 } },
	{ s.admin, "nowhere", { 0, 0, 0, 0, 0 } },
	{ s.editor, "eu", { 0, 0, 0, 0, 403 } },
	{ s.editor, "us", { 403, 403, 403, 403, 403 } },
	{ s.viewer, "eu", { 0, 0, 0, 403, 403 } },
	{ s.viewer, "us", { 0, 0, 0, 403, 403 } },
	{ s.viewer, "default", { 403, 403, 403, 403, 403 } },
	{ s.viewer, "e", { 403, 403, 403, 403, 403 } },
	{ s.client, "eu", { 0, 0, 403, 403, 403 } },
	{ s.client, "nowhere", { 0, 0, 403, 403, 403 } },
	{ s.browser, "eu", { 0, 403, 403, 403, 403 } },
	{ s.browser, "us", { 403, 403, 403, 403, 403 } },
};

START_TEST(test_access_when_role_meets_route_then_as_the_matrix_says)
{
	open_guarded_scene();
	for (int need = 0; need < NEEDS; need++)
		ck_assert_msg(ask(needs[need], matrix[_i].where, "X-API-Key",
				  matrix[_i].who) == matrix[_i].expected[need],
			      "row %d, need %d", _i, need);
	ck_assert_uint_eq(ask(ROUTE_PUBLIC, "", "X-API-Key", matrix[_i].who),
			  0);
	ck_assert_uint_eq(ask(ROUTE_PUBLIC, "", NULL, NULL), 0);
	close_scene();
}
END_TEST

static const struct {
	const char *header;
	const char *before;
	const char *after;
	unsigned status;
} forms[] = {
	{ "Authorization", "Bearer ", "", 0 },
	{ "authorization", "bearer   ", "", 0 },
	{ "X-API-Key", "", "", 0 },
	{ "x-api-key", "", "", 0 },
	{ "Authorization", "", "", 401 },
	{ "Authorization", "Basic ", "", 401 },
	{ "Authorization", "Bearer", "", 401 },
	{ "Authorization", "Bearer ", " ", 401 },
	{ "Authorization", "Bearer ", ",", 401 },
	{ "X-API-Key", "Bearer ", "", 401 },
	{ "X-API-Key", "x", "", 401 },
	{ "Cookie", "", "", 401 },
};

START_TEST(test_access_when_credential_comes_in_a_header_then_read_strictly)
{
	char value[CREDENTIAL_LENGTH + 32];

	open_guarded_scene();
	snprintf(value, sizeof(value), "%s%s%s", forms[_i].before, s.admin,
		 forms[_i].after);
	ck_assert_uint_eq(ask(ROUTE_ADMIN, "", forms[_i].header, value),
			  forms[_i].status);
	if (forms[_i].status == 401)
		ck_assert_str_eq(reply_header_of("WWW-Authenticate"),
				 "Bearer realm=\"toggled\"");
	close_scene();
}
END_TEST

START_TEST(test_access_when_token_is_bad_in_any_way_then_the_same_answer)
{
	struct blob *first = NULL;
	char wrong[CREDENTIAL_LENGTH + 1], unknown[CREDENTIAL_LENGTH + 1];
	char mistyped[CREDENTIAL_LENGTH + 1];
	struct credential made;
	const char *const bad[] = { wrong, unknown, mistyped, s.client, "x" };

	open_guarded_scene();
	credential_make(fixture_find_token(s.loop.catalog, s.admin)->key.data,
			wrong, &made);
	credential_make(NULL, unknown, &made);
	memcpy(mistyped, s.admin, sizeof(mistyped));
	mistyped[CREDENTIAL_LENGTH - 1] ^= 1;
	s.now_ms += 1000; /* the client's has expired */
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct reply *reply = &s.exchange.request.reply;

		ck_assert_uint_eq(ask(0, "", "X-API-Key", bad[i]), 401);
		if (first == NULL)
			first = blob_ref(reply->body);
		ck_assert_str_eq(reply->body->data, first->data);
	}
	blob_unref(first);
	close_scene();
}
END_TEST

START_TEST(test_access_when_attempts_fail_too_often_then_429_but_not_for_good)
{
	open_guarded_scene();
	for (int i = 0; i < ATTEMPTS_BURST; i++)
		ck_assert_uint_eq(ask(0, "", "X-API-Key", "x"), 401);
	ck_assert_uint_eq(ask(0, "", "X-API-Key", "x"), 429);
	ck_assert_str_eq(reply_header_of("Retry-After"), "1");
	ck_assert_uint_eq(ask(0, "", "X-API-Key", s.admin), 0);
	ck_assert_uint_eq(ask(0, "", "X-API-Key", "x"), 429);
	/* Who shows nothing has tried nothing. */
	for (int i = 0; i < 2 * ATTEMPTS_BURST; i++)
		ck_assert_uint_eq(ask(0, "", NULL, NULL), 401);
	s.now_ms += ATTEMPTS_INTERVAL_MS;
	ck_assert_uint_eq(ask(0, "", "X-API-Key", "x"), 401);
	close_scene();
}
END_TEST

START_TEST(test_access_when_only_tried_then_nothing_is_counted)
{
	open_guarded_scene();
	s.exchange.tentative = true;
	for (int i = 0; i < 3 * ATTEMPTS_BURST; i++)
		ck_assert_uint_eq(ask(0, "", NULL, NULL), 401);
	s.exchange.tentative = false;
	ck_assert_uint_eq(ask(0, "", NULL, NULL), 401);
	close_scene();
}
END_TEST

START_TEST(test_access_when_token_ends_then_it_lasts_no_longer)
{
	struct definition *token;
	struct token_order order;

	open_scene();
	ck_assert(access_lasts(&s.loop, NULL, 0));
	close_scene();
	open_guarded_scene();
	ck_assert(!access_lasts(&s.loop, NULL, 0));
	token = definition_ref(fixture_find_token(s.loop.catalog, s.client));
	ck_assert(access_lasts(&s.loop, token, 0));
	s.now_ms += 1000;
	ck_assert(!access_lasts(&s.loop, token, 0));
	s.now_ms -= 1000;
	token_order_revoke(token, &order);
	s.loop.catalog = fixture_obey(s.loop.catalog, &order);
	ck_assert(!access_lasts(&s.loop, token, 0));
	definition_unref(token);
	close_scene();
}
END_TEST

START_TEST(test_access_when_its_secret_is_rotated_away_then_it_lasts_no_longer)
{
	struct request *r = &s.exchange.request;
	struct definition *token;
	struct token_order order;

	open_guarded_scene();
	ck_assert_uint_eq(ask(ROUTE_CLIENT, "", "X-API-Key", s.client), 0);
	token = definition_ref(r->token);
	for (int rotations = 0; rotations < TOKEN_SECRETS_MAX; rotations++) {
		ck_assert(access_lasts(&s.loop, token, r->secret));
		/* The same secret, in another place by now. */
		ck_assert_uint_eq(ask(ROUTE_CLIENT, "", "X-API-Key", s.client),
				  0);
		ck_assert_int_eq(r->secret, rotations);
		definition_unref(token);
		token = definition_ref(r->token);
		token_order_rotate(token, s.now_ms, &r->arena, &order);
		s.loop.catalog = fixture_obey(s.loop.catalog, &order);
	}
	ck_assert(!access_lasts(&s.loop, token, r->secret));
	definition_unref(token);
	close_scene();
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

int
main(void)
{
	Suite *suite = suite_create("http/access");
	TCase *tc = tcase_create("access");
	SRunner *runner;
	int failed;

	tcase_add_test(
	    tc, test_access_when_no_token_was_ever_made_then_all_are_let_in);
	tcase_add_loop_test(
	    tc, test_access_when_role_meets_route_then_as_the_matrix_says, 0,
	    COUNT(matrix));
	tcase_add_loop_test(
	    tc,
	    test_access_when_credential_comes_in_a_header_then_read_strictly, 0,
	    COUNT(forms));
	tcase_add_test(
	    tc, test_access_when_token_is_bad_in_any_way_then_the_same_answer);
	tcase_add_test(
	    tc,
	    test_access_when_attempts_fail_too_often_then_429_but_not_for_good);
	tcase_add_test(tc, test_access_when_only_tried_then_nothing_is_counted);
	tcase_add_test(tc, test_access_when_token_ends_then_it_lasts_no_longer);
	tcase_add_test(
	    tc,
	    test_access_when_its_secret_is_rotated_away_then_it_lasts_no_longer);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
