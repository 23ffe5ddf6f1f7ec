/* Targets to segments, segments to routes. */
#include "http/router.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static enum step
nothing(struct request *r)
{
	(void)r;
	return STEP_REPLY;
}

static const struct route first[] = {
	{ METHOD_GET, "/v1/envs", nothing, 0 },
	{ METHOD_GET, "/v1/envs/{env}", nothing, 0 },
	{ METHOD_PUT, "/v1/envs/{env}", nothing, ROUTE_WRITE },
	{ METHOD_GET, "/v1/envs/{env}/toggles/{key}", nothing, 0 },
	{ METHOD_GET, "/v1/envs/{env}/toggles/special", nothing, 0 },
	{ METHOD_OTHER, NULL, NULL, 0 },
};

static const struct route second[] = {
	{ METHOD_POST, "/ofrep/v1/evaluate/flags", nothing, ROUTE_OFREP },
	{ METHOD_POST, "/ofrep/v1/evaluate/flags/{key...}", nothing,
	  ROUTE_OFREP },
	{ METHOD_OTHER, NULL, NULL, 0 },
};

static const struct route *const tables[] = { first, second, NULL };

struct route_case {
	enum method method;
	const char *target;
	const char *pattern; /* NULL: none */
	const char *params[2];
	const char *allow; /* "": the path is unknown */
};

static const struct route_case cases[] = {
	{ METHOD_GET, "/v1/envs", "/v1/envs", { NULL }, "GET" },
	{ METHOD_GET, "/v1/envs?a=b", "/v1/envs", { NULL }, "GET" },
	{ METHOD_GET, "/v1/envs/", NULL, { NULL }, "" },
	{ METHOD_GET, "/v1/envs/prod", "/v1/envs/{env}", { "prod" }, "" },
	{ METHOD_PUT, "/v1/envs/prod", "/v1/envs/{env}", { "prod" }, "" },
	{ METHOD_DELETE, "/v1/envs/prod", NULL, { NULL }, "GETPUT" },
	{ METHOD_GET,
	  "/v1/envs/p/toggles/special",
	  "/v1/envs/{env}/toggles/{key}",
	  { "p", "special" },
	  "" },
	{ METHOD_GET,
	  "/v1/envs/p/toggles/a%2Fb%20c",
	  "/v1/envs/{env}/toggles/{key}",
	  { "p", "a/b c" },
	  "" },
	{ METHOD_GET, "/v1/envs/p/toggles/a/b", NULL, { NULL }, "" },
	{ METHOD_GET, "/v1/env%73", "/v1/envs", { NULL }, "" },
	{ METHOD_GET, "/v1%2Fenvs", NULL, { NULL }, "" },
	{ METHOD_GET, "/V1/envs", NULL, { NULL }, "" },
	{ METHOD_GET, "//v1/envs", NULL, { NULL }, "" },
	{ METHOD_GET, "/", NULL, { NULL }, "" },
	{ METHOD_GET, "", NULL, { NULL }, "" },
	{ METHOD_GET, "*", NULL, { NULL }, "" },
	{ METHOD_GET, "http://h/v1/envs", NULL, { NULL }, "" },
	{ METHOD_GET,
	  "/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7",
	  NULL,
	  { NULL },
	  "" },
	{ METHOD_POST,
	  "/ofrep/v1/evaluate/flags",
	  "/ofrep/v1/evaluate/flags",
	  { NULL },
	  "" },
	{ METHOD_POST,
	  "/ofrep/v1/evaluate/flags/",
	  "/ofrep/v1/evaluate/flags/{key...}",
	  { "" },
	  "" },
	{ METHOD_POST,
	  "/ofrep/v1/evaluate/flags/a/b%2Fc",
	  "/ofrep/v1/evaluate/flags/{key...}",
	  { "a/b/c" },
	  "" },
	{ METHOD_POST,
	  "//ofrep/v1/evaluate/flags/a",
	  "/ofrep/v1/evaluate/flags/{key...}",
	  { "a" },
	  "" },
	{ METHOD_POST,
	  "//ofrep/v1/evaluate/flags?a=b",
	  "/ofrep/v1/evaluate/flags",
	  { NULL },
	  "" },
	{ METHOD_POST, "//ofrepv1/evaluate/flags", NULL, { NULL }, "" },
	{ METHOD_POST, "/ofrep//v1/evaluate/flags", NULL, { NULL }, "" },
	{ METHOD_GET, "/v1/envs//toggles/special", NULL, { NULL }, "" },
};

START_TEST(test_route_when_target_in_table_then_found_so)
{
	const struct route_case *c = &cases[_i];
	struct router *router = router_new(tables);
	struct router_match match;
	struct arena arena;
	struct uri uri;

	arena_init(&arena);
	ck_assert_int_eq(uri_decode(c->target, &arena, &uri, NULL), STATUS_OK);
	router_find(router, c->method, &uri, &match);
	if (c->pattern == NULL) {
		ck_assert_ptr_null(match.route);
	} else {
		ck_assert_ptr_nonnull(match.route);
		ck_assert_str_eq(match.route->pattern, c->pattern);
		ck_assert_ptr_eq(router_route(router, match.number),
				 match.route);
	}
	for (int i = 0; i < 2 && c->params[i] != NULL; i++)
		ck_assert_str_eq(match.params[i].data, c->params[i]);
	if (strcmp(c->allow, "GETPUT") == 0)
		ck_assert_uint_eq(match.allowed,
				  1U << METHOD_GET | 1U << METHOD_PUT);
	arena_fini(&arena);
	router_free(router);
}
END_TEST

START_TEST(test_allow_when_listed_then_head_and_options_come_with_it)
{
	struct bytes list;

	bytes_init(&list);
	router_allow(1U << METHOD_GET | 1U << METHOD_DELETE, &list);
	ck_assert_str_eq(list.data, "GET, HEAD, DELETE, OPTIONS");
	bytes_fini(&list);
}
END_TEST

START_TEST(test_method_when_parsed_then_case_matters)
{
	ck_assert_int_eq(method_parse("GET"), METHOD_GET);
	ck_assert_int_eq(method_parse("HEAD"), METHOD_GET);
	ck_assert_int_eq(method_parse("PATCH"), METHOD_PATCH);
	ck_assert_int_eq(method_parse("get"), METHOD_OTHER);
	ck_assert_int_eq(method_parse(""), METHOD_OTHER);
	ck_assert_str_eq(method_name(METHOD_DELETE), "DELETE");
}
END_TEST

struct query_case {
	const char *target;
	size_t count;
	const char *name, *value; /* of the last */
};

static const struct query_case queries[] = {
	{ "/?", 0, NULL, NULL },
	{ "/?a=b", 1, "a", "b" },
	{ "/?a=b&a=c", 2, "a", "c" },
	{ "/?a", 1, "a", "" },
	{ "/?a=", 1, "a", "" },
	{ "/?=b", 1, "", "b" },
	{ "/?&&a=b&&", 1, "a", "b" },
	{ "/?a=b=c", 1, "a", "b=c" },
	{ "/?a+b=c+d", 1, "a b", "c d" },
	{ "/?a%26b=c%3Dd%2B", 1, "a&b", "c=d+" },
	{ "/?a=b?c/d", 1, "a", "b?c/d" },
	{ "/?a=%C3%A9", 1, "a", "\xc3\xa9" },
};

START_TEST(test_query_when_in_table_then_decoded_once)
{
	const struct query_case *c = &queries[_i];
	struct arena arena;
	struct uri uri;

	arena_init(&arena);
	ck_assert_int_eq(uri_decode(c->target, &arena, &uri, NULL), STATUS_OK);
	ck_assert_uint_eq(uri.query_count, c->count);
	if (c->count > 0) {
		const struct request_pair *pair = &uri.query[c->count - 1];

		ck_assert_str_eq(pair->name.data, c->name);
		ck_assert_str_eq(pair->value.data, c->value);
		ck_assert_uint_eq(pair->value.length, strlen(c->value));
	}
	arena_fini(&arena);
}
END_TEST

static const struct {
	const char *target;
	bool is_ofrep;
} targets[] = {
	{ "/ofrep", true },
	{ "/ofrep?x", true },
	{ "/ofrep/v1/evaluate/flags", true },
	{ "//ofrep/v1/evaluate/flags", true },
	{ "/ofrep/%zz", true },
	{ "/v1/envs/a%20b/ofrep/v1/evaluate/flags/x?y", true },
	{ "/v1/envs/a//ofrep/v1/sse", true },
	{ "http://h:1/ofrep/v1", true },
	{ "HTTPS://h/v1/envs/a/ofrep/v1", true },
	{ "", false },
	{ "*", false },
	{ "/", false },
	{ "http://h", false },
	{ "/ofreps", false },
	{ "ofrep/v1", false },
	{ "/v1/ofrep/v1", false },
	{ "/v1/envs/ofrep/toggles", false },
	{ "/v1/envs/a/toggles/ofrep/", false },
	{ "/v1/envs/a?/ofrep/", false },
	{ "/x?/ofrep/", false },
	{ "http://h?/ofrep/", false },
};

START_TEST(test_target_when_under_ofrep_then_told_before_it_is_judged)
{
	ck_assert_int_eq(uri_is_ofrep(targets[_i].target),
			 targets[_i].is_ofrep);
}
END_TEST

static const char *const refused[] = {
	"/%",      "/%4",           "/%zz",       "/a%00b",  "/%ff",
	"/%c3",    "/%ed%a0%80",    "/%c0%80",    "/?a=%",   "/?a=%0",
	"/?%00=a", "/?a=%f5%80%80", "/%e0%80%80", "/?a=%80", "/\xff",
};

START_TEST(test_target_when_not_sound_then_refused)
{
	struct arena arena;
	struct error err;
	struct uri uri;

	arena_init(&arena);
	error_init(&err);
	ck_assert_int_eq(uri_decode(refused[_i], &arena, &uri, &err),
			 STATUS_INVALID);
	arena_fini(&arena);
}
END_TEST

START_TEST(test_query_when_too_many_then_refused)
{
	char target[2 * URI_QUERY_MAX + 8] = "/?a";
	struct arena arena;
	struct uri uri;

	arena_init(&arena);
	for (size_t i = 1; i < URI_QUERY_MAX; i++)
		memcpy(target + 1 + 2 * i, "&a", 3);
	ck_assert_int_eq(uri_decode(target, &arena, &uri, NULL), STATUS_OK);
	ck_assert_uint_eq(uri.query_count, URI_QUERY_MAX);
	memcpy(target + strlen(target), "&a", 3);
	ck_assert_int_eq(uri_decode(target, &arena, &uri, NULL),
			 STATUS_INVALID);
	arena_fini(&arena);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

static Suite *
suite(void)
{
	Suite *s = suite_create("http/router");
	TCase *t = tcase_create("router");

	tcase_add_loop_test(t, test_route_when_target_in_table_then_found_so, 0,
			    COUNT(cases));
	tcase_add_test(
	    t, test_allow_when_listed_then_head_and_options_come_with_it);
	tcase_add_test(t, test_method_when_parsed_then_case_matters);
	tcase_add_loop_test(t, test_query_when_in_table_then_decoded_once, 0,
			    COUNT(queries));
	tcase_add_loop_test(
	    t, test_target_when_under_ofrep_then_told_before_it_is_judged, 0,
	    sizeof(targets) / sizeof(targets[0]));
	tcase_add_loop_test(t, test_target_when_not_sound_then_refused, 0,
			    COUNT(refused));
	tcase_add_test(t, test_query_when_too_many_then_refused);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	SRunner *runner = srunner_create(suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
