/*
 * OFREP: one flag, all flags, and the bulk call as a long poll. The numbers in
 * the comments are those of the rules that clients taught.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "scene.h"

#define ALL "/ofrep/v1/evaluate/flags"
#define ONE ALL "/"
#define SOON 5000 /* ms: an answer that is due now */

/* One flag of each kind. */
static void
furnish(struct toggled *t)
{
	ask(t, "POST", ENV "/changes?lenient=true",
	    "{\"flags\":{"
	    "\"static\":{\"state\":\"ENABLED\",\"variants\":{\"on\":true,"
	    "\"off\":false},\"defaultVariant\":\"on\",\"metadata\":{\"team\":"
	    "\"shop\"}},"
	    "\"disabled\":{\"state\":\"DISABLED\",\"variants\":{\"on\":true},"
	    "\"defaultVariant\":\"on\"},"
	    "\"defaulted\":{\"state\":\"ENABLED\",\"variants\":{\"on\":true},"
	    "\"defaultVariant\":\"on\",\"targeting\":{\"if\":[{\"==\":[{"
	    "\"var\":\"plan\"},\"gold\"]},null]}},"
	    "\"valueless\":{\"state\":\"ENABLED\",\"variants\":{\"on\":true}},"
	    "\"null-default\":{\"state\":\"ENABLED\",\"variants\":{\"on\":"
	    "true},\"defaultVariant\":null,\"targeting\":{\"if\":[{\"var\":"
	    "\"x\"},\"on\"]}},"
	    "\"targeted\":{\"state\":\"ENABLED\",\"variants\":{\"on\":true,"
	    "\"off\":false},\"defaultVariant\":\"off\",\"targeting\":{\"if\":["
	    "{\"==\":[{\"var\":\"plan\"},\"gold\"]},\"on\",\"off\"]}},"
	    "\"boolean-rule\":{\"state\":\"ENABLED\",\"variants\":{\"true\":"
	    "1,\"false\":2},\"defaultVariant\":\"false\",\"targeting\":{\"==\":"
	    "[{\"var\":\"plan\"},\"gold\"]}},"
	    "\"split\":{\"state\":\"ENABLED\",\"variants\":{\"a\":\"A\",\"b\":"
	    "\"B\"},\"defaultVariant\":\"a\",\"targeting\":{\"fractional\":[["
	    "\"b\",100]]}},"
	    "\"wrong-variant\":{\"state\":\"ENABLED\",\"variants\":{\"on\":"
	    "true},\"defaultVariant\":\"on\",\"targeting\":{\"cat\":[\"no\","
	    "{\"var\":\"plan\"}]}},"
	    "\"broken\":{\"state\":\"ENABLED\",\"variants\":{\"on\":true},"
	    "\"defaultVariant\":\"on\",\"targeting\":{\"invalid\":[1]}},"
	    "\"lost\":{\"state\":\"ENABLED\",\"variants\":{\"on\":true},"
	    "\"defaultVariant\":\"on\",\"targeting\":{\"$ref\":\"nowhere\"}},"
	    "\"integer\":{\"state\":\"ENABLED\",\"variants\":{\"a\":10},"
	    "\"defaultVariant\":\"a\"},"
	    "\"real\":{\"state\":\"ENABLED\",\"variants\":{\"a\":10,\"b\":0.1},"
	    "\"defaultVariant\":\"a\"},"
	    "\"object\":{\"state\":\"ENABLED\",\"variants\":{\"a\":{\"k\":[1,"
	    "2.5]}},\"defaultVariant\":\"a\"}}}",
	    200);
	ask(t, "PUT", ENV "/toggles/declared",
	    "{\"type\":\"float\",\"value\":3}", 201);
}

#define GOLD "{\"context\":{\"targetingKey\":\"u1\",\"plan\":\"gold\"}}"

static const struct {
	const char *key;
	const char *body;
	long status;
	const char *answer; /* NULL: only its error code */
	const char *code;
} singles[] = {
	{ "static", GOLD, 200,
	  "{\"key\":\"static\",\"reason\":\"STATIC\",\"value\":true,"
	  "\"variant\":\"on\",\"metadata\":{\"team\":\"shop\"}}",
	  NULL },
	/* 6: no value, never null, and an empty variant. */
	{ "disabled", GOLD, 200,
	  "{\"key\":\"disabled\",\"reason\":\"DISABLED\",\"variant\":\"\","
	  "\"metadata\":{}}",
	  NULL },
	{ "valueless", GOLD, 200,
	  "{\"key\":\"valueless\",\"reason\":\"DEFAULT\",\"variant\":\"\","
	  "\"metadata\":{}}",
	  NULL },
	{ "null-default", GOLD, 200,
	  "{\"key\":\"null-default\",\"reason\":\"DEFAULT\",\"variant\":\"\","
	  "\"metadata\":{}}",
	  NULL },
	{ "defaulted", GOLD, 200,
	  "{\"key\":\"defaulted\",\"reason\":\"DEFAULT\",\"value\":true,"
	  "\"variant\":\"on\",\"metadata\":{}}",
	  NULL },
	{ "targeted", GOLD, 200,
	  "{\"key\":\"targeted\",\"reason\":\"TARGETING_MATCH\",\"value\":true,"
	  "\"variant\":\"on\",\"metadata\":{}}",
	  NULL },
	/* 9: bodies that real clients send. */
	{ "targeted", "", 200,
	  "{\"key\":\"targeted\",\"reason\":\"TARGETING_MATCH\",\"value\":"
	  "false,\"variant\":\"off\",\"metadata\":{}}",
	  NULL },
	{ "static", NULL, 200,
	  "{\"key\":\"static\",\"reason\":\"STATIC\",\"value\":true,"
	  "\"variant\":\"on\",\"metadata\":{\"team\":\"shop\"}}",
	  NULL },
	{ "integer", "{}", 200,
	  "{\"key\":\"integer\",\"reason\":\"STATIC\",\"value\":10,"
	  "\"variant\":\"a\",\"metadata\":{}}",
	  NULL },
	{ "integer", "{\"context\":null}", 200,
	  "{\"key\":\"integer\",\"reason\":\"STATIC\",\"value\":10,"
	  "\"variant\":\"a\",\"metadata\":{}}",
	  NULL },
	{ "split", "{\"context\":{}}", 200,
	  "{\"key\":\"split\",\"reason\":\"DEFAULT\",\"value\":\"A\","
	  "\"variant\":\"a\",\"metadata\":{}}",
	  NULL },
	{ "split", GOLD, 200,
	  "{\"key\":\"split\",\"reason\":\"TARGETING_MATCH\",\"value\":\"B\","
	  "\"variant\":\"b\",\"metadata\":{}}",
	  NULL },
	{ "boolean-rule", GOLD, 200,
	  "{\"key\":\"boolean-rule\",\"reason\":\"TARGETING_MATCH\",\"value\":"
	  "1,\"variant\":\"true\",\"metadata\":{}}",
	  NULL },
	{ "object", "{\"unknown\":1}", 200,
	  "{\"key\":\"object\",\"reason\":\"STATIC\",\"value\":{\"k\":[1,2.5]},"
	  "\"variant\":\"a\",\"metadata\":{}}",
	  NULL },
	{ "wrong-variant", GOLD, 400, NULL, "GENERAL" },
	{ "broken", GOLD, 400, NULL, "PARSE_ERROR" },
	{ "lost", GOLD, 400, NULL, "PARSE_ERROR" },
	{ "nowhere", GOLD, 404, NULL, "FLAG_NOT_FOUND" },
	{ "static", "{\"context\":", 400, NULL, "INVALID_CONTEXT" },
	{ "static", "[]", 400, NULL, "INVALID_CONTEXT" },
	{ "static", "{\"context\":[]}", 400, NULL, "INVALID_CONTEXT" },
	{ "static", "{\"context\":\"u1\"}", 400, NULL, "INVALID_CONTEXT" },
};

/* 1 to 4: what every answer about one flag has. */
static void
expect_single(struct toggled *t, struct answer *answer, int i)
{
	json_t *body = answer_json(answer);

	ck_assert_msg(answer->status == singles[i].status, "%s %s: %ld %s",
		      singles[i].key, singles[i].body ? singles[i].body : "",
		      answer->status, answer->body);
	ck_assert_str_eq(answer_header(t, answer, "Content-Type"),
			 "application/json");
	ck_assert_str_eq(json_text_at(body, "/key"), singles[i].key);
	ck_assert(json_is_object(json_at(body, "/metadata")));
	if (singles[i].answer != NULL) {
		expect_json(body, singles[i].answer);
		return;
	}
	ck_assert_str_eq(json_text_at(body, "/errorCode"), singles[i].code);
	ck_assert_str_ne(json_text_at(body, "/errorDetails"), "");
	ck_assert_ptr_null(json_at(body, "/value"));
}

START_TEST(test_single_when_evaluated_then_in_the_shape_clients_take)
{
	struct toggled *t = scene_open();

	furnish(t);
	for (int i = 0; i < COUNT(singles); i++) {
		expect_single(
		    t,
		    toggled_request(t, "POST",
				    toggled_text(t, ONE "%s", singles[i].key),
				    NULL, singles[i].body),
		    i);
		expect_single(t,
			      toggled_request(
				  t, "POST",
				  toggled_text(t, ENV ONE "%s", singles[i].key),
				  NULL, singles[i].body),
			      i);
	}
	scene_close(t);
}
END_TEST

/* 8: the JSON type of a number is the flag's, in its bytes. */
START_TEST(test_single_when_a_number_then_printed_as_its_flag)
{
	struct toggled *t = scene_open();

	furnish(t);
	expect_says(ask(t, "POST", ONE "integer", "{}", 200)->body,
		    "\"value\":10,");
	expect_says(ask(t, "POST", ONE "real", "{}", 200)->body,
		    "\"value\":10.0,");
	expect_says(ask(t, "POST", ONE "declared", "{}", 200)->body,
		    "\"value\":3.0,");
	scene_close(t);
}
END_TEST

/* 13 */
START_TEST(test_single_when_key_is_encoded_then_decoded_once)
{
	struct toggled *t = scene_open();

	put_toggle(t, "a.b:c~d", "{}");
	ck_assert_str_eq(
	    json_text_at(ask_json(t, "POST", ONE "a.b%3Ac%7Ed", "{}", 200),
			 "/key"),
	    "a.b:c~d");
	ck_assert_str_eq(
	    json_text_at(ask_json(t, "POST", ONE "a.b%253Ac", "{}", 404),
			 "/key"),
	    "a.b%3Ac");
	ck_assert_str_eq(
	    json_text_at(ask_json(t, "POST", ONE "no/such%2Fkey", "{}", 404),
			 "/key"),
	    "no/such/key");
	ck_assert_uint_eq(
	    json_array_size(
		json_at(ask_json(t, "POST", ALL "/", "{}", 200), "/flags")),
	    1);
	scene_close(t);
}
END_TEST

/* 5: nothing but 200 304 400 401 403 404 429 500. */
START_TEST(test_single_when_request_is_bad_then_a_status_clients_know)
{
	struct toggled *t = scene_open();
	size_t size = 300 * 1024;
	char *big = toggled_own(t, malloc(size + 1), free);
	struct answer *answer;

	put_toggle(t, "a", "{}");
	memset(big, ' ', size);
	memcpy(big, "{}", 2);
	big[size] = '\0';
	answer = ask(t, "POST", ONE "a", big, 400);
	ck_assert_str_eq(json_text_at(answer_json(answer), "/key"), "a");
	ck_assert_str_ne(json_text_at(answer_json(answer), "/errorCode"), "");
	answer = ask_with(t, HEADERS("Content-Type: text/plain"), "POST",
			  ONE "a", "{}", 400);
	ck_assert_str_eq(json_text_at(answer_json(answer), "/key"), "a");
	answer = ask(t, "POST", ALL, "{\"context\":7}", 400);
	ck_assert_str_eq(json_text_at(answer_json(answer), "/errorCode"),
			 "INVALID_CONTEXT");
	ck_assert_ptr_null(json_at(answer_json(answer), "/key"));
	answer = ask_with(t, HEADERS("Flagd-Selector: flagSetId=nowhere"),
			  "POST", ONE "a", "{}", 404);
	ck_assert_str_eq(json_text_at(answer_json(answer), "/key"), "a");
	scene_close(t);
}
END_TEST

/* 12 */
START_TEST(test_single_when_client_offers_http2_then_answered_in_http1)
{
	struct toggled *t = scene_open();

	put_toggle(t, "a", "{}");
	ask_with(t,
		 HEADERS("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c",
			 "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAA"
			 "EAA"),
		 "POST", ONE "a", "{}", 200);
	scene_close(t);
}
END_TEST

/* 20, 14 */
START_TEST(test_bulk_when_some_fail_then_all_others_are_there)
{
	struct toggled *t = scene_open();
	json_t *bulk, *flag;
	size_t i;
	int failed = 0;

	furnish(t);
	bulk = ask_json(t, "POST", ALL, GOLD, 200);
	ck_assert_uint_eq(json_array_size(json_at(bulk, "/flags")), 15);
	ck_assert_ptr_null(json_at(bulk, "/metadata"));
	/* 16 */
	expect_says(json_text_at(bulk, "/eventStreams/0/endpoint/requestUri"),
		    "/ofrep/v1/sse");
	ck_assert_ptr_null(json_at(bulk, "/eventStreams/0/endpoint/origin"));
	json_array_foreach(json_at(bulk, "/flags"), i, flag)
	{
		const char *key = json_text_at(flag, "/key");
		struct answer *one = toggled_request(
		    t, "POST", toggled_text(t, ONE "%s", key), NULL, GOLD);

		failed += one->status != 200;
		ck_assert(json_equal(answer_json(one), flag));
	}
	ck_assert_int_eq(failed, 3);
	ask(t, "PUT", ENV,
	    "{\"metadata\":{\"region\":\"eu\"},\"eventStreams\":false}", 200);
	bulk = ask_json(t, "POST", ALL, GOLD, 200);
	expect_json(json_at(bulk, "/metadata"), "{\"region\":\"eu\"}");
	ck_assert_ptr_null(json_at(bulk, "/eventStreams"));
	/* The flag's own stand over those of the set. */
	flag = ask_json(t, "POST", ONE "static", "{}", 200);
	expect_json(json_at(flag, "/metadata"),
		    "{\"region\":\"eu\",\"team\":\"shop\"}");
	scene_close(t);
}
END_TEST

START_TEST(test_bulk_when_environment_is_selected_then_its_flags)
{
	struct toggled *t = scene_open();
	struct answer *answer;

	ask(t, "PUT", "/v1/envs/staging", "{}", 201);
	ask(t, "PUT", "/v1/envs/staging/toggles/s", "{}", 201);
	answer = ask_with(t, HEADERS("Flagd-Selector: flagSetId=staging"),
			  "POST", ALL, "{}", 200);
	ck_assert_str_eq(json_text_at(answer_json(answer), "/flags/0/key"),
			 "s");
	ck_assert_str_eq(
	    json_text_at(ask_json(t, "POST", "/v1/envs/staging" ALL, "{}", 200),
			 "/flags/0/key"),
	    "s");
	ck_assert_uint_eq(json_array_size(json_at(
			      ask_json(t, "POST", ALL, "{}", 200), "/flags")),
			  0);
	scene_close(t);
}
END_TEST

static const char *
match(struct toggled *t, struct answer *answer)
{
	const char *tag = answer_header(t, answer, "ETag");

	ck_assert_ptr_nonnull(tag);
	return toggled_text(t, "If-None-Match: %s", tag);
}

/* 10 */
START_TEST(test_bulk_when_client_has_it_then_304_for_that_context_only)
{
	static const char silver[] =
	    "{\"context\":{\"targetingKey\":\"u1\",\"plan\":\"silver\"}}";
	struct toggled *t = scene_open();
	const char *has;
	struct answer *answer;

	furnish(t);
	has = match(t, ask(t, "POST", ALL, GOLD, 200));
	for (int i = 0; i < 2; i++) { /* evaluated, then remembered */
		answer = ask_with(t, HEADERS(has), "POST", ALL, GOLD, 304);
		ck_assert_uint_eq(answer->length, 0);
		ck_assert_str_eq(match(t, answer), has);
		ask_with(t, HEADERS(has), "POST", ALL, silver, 200);
	}
	/* An event told of another state: that forbids 304. */
	ask_with(t, HEADERS(has), "POST", ALL "?flagConfigEtag=other", GOLD,
		 200);
	/* What changes no answer is no change to this client. */
	ask(t, "PATCH", ENV "/toggles/static", "{\"description\":\"d\"}", 200);
	ask_with(t, HEADERS(has), "POST", ALL, GOLD, 304);
	ask(t, "PATCH", ENV "/toggles/static", "{\"defaultVariant\":\"off\"}",
	    200);
	ask_with(t, HEADERS(has), "POST", ALL, GOLD, 200);
	scene_close(t);
}
END_TEST

START_TEST(test_bulk_when_a_rule_reads_the_clock_then_never_remembered)
{
	struct toggled *t = scene_open();
	const char *has;

	put_toggle(t, "late",
		   "{\"targeting\":{\"if\":[{\">\":[{\"var\":\"$flagd."
		   "timestamp\"},4102444800]},\"on\"]}}");
	has = match(t, ask(t, "POST", ALL, GOLD, 200));
	ask_with(t, HEADERS(has), "POST", ALL, GOLD, 304);
	scene_close(t);
}
END_TEST

/* The harness polls by GET; this one has a body. */
static struct raw *
post_and_wait(struct toggled *t, const char *has, const char *prefer)
{
	struct raw *raw = raw_open(t);

	ck_assert(raw_send_text(
	    raw,
	    toggled_text(t,
			 "POST " ALL " HTTP/1.1\r\nHost: localhost\r\n%s\r\n"
			 "Prefer: %s\r\nContent-Length: %zu\r\n\r\n%s",
			 has, prefer, strlen(GOLD), GOLD)));
	return raw;
}

START_TEST(test_bulk_when_prefer_wait_then_held_until_an_answer_changes)
{
	struct toggled *t = scene_open_parking(_i);
	struct answer *answer;
	struct raw *raw;
	const char *has;
	int64_t began;

	furnish(t);
	answer = ask(t, "POST", ALL, GOLD, 200);
	has = match(t, answer);
	raw = post_and_wait(t, has, "wait=30");
	wait_for_waiters(t, 1);
	/* For this context nothing changes. */
	ask(t, "PATCH", ENV "/toggles/targeted", "{\"owner\":\"me\"}", 200);
	wait_for_waiters(t, 1);
	ask(t, "PATCH", ENV "/toggles/static", "{\"defaultVariant\":\"off\"}",
	    200);
	answer = raw_answer(raw, SOON);
	ck_assert_int_eq(answer->status, 200);
	ck_assert_str_eq(answer_header(t, answer, "Preference-Applied"),
			 "wait");
	ck_assert_str_eq(answer_header(t, answer, "Content-Type"),
			 "application/json");
	ck_assert_uint_eq(
	    json_array_size(json_at(answer_json(answer), "/flags")), 15);
	ck_assert_str_eq(match(t, answer),
			 match(t, ask(t, "POST", ALL, GOLD, 200)));
	/* One who has the older answer is answered at once. */
	ck_assert_int_eq(
	    raw_answer(post_and_wait(t, has, "wait=30"), SOON)->status, 200);
	/* And nothing new within the wait is 304. */
	has = match(t, answer);
	began = now_ms();
	answer = raw_answer(post_and_wait(t, has, "wait=1"), SOON);
	ck_assert_int_eq(answer->status, 304);
	ck_assert_str_eq(match(t, answer), has);
	ck_assert_int_ge(now_ms() - began, 1000 - 1000 / 16 - 1);
	raw_close(raw);
	scene_close(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_test(
	    tc, test_single_when_evaluated_then_in_the_shape_clients_take);
	tcase_add_test(tc, test_single_when_a_number_then_printed_as_its_flag);
	tcase_add_test(tc, test_single_when_key_is_encoded_then_decoded_once);
	tcase_add_test(
	    tc, test_single_when_request_is_bad_then_a_status_clients_know);
	tcase_add_test(
	    tc, test_single_when_client_offers_http2_then_answered_in_http1);
	tcase_add_test(tc, test_bulk_when_some_fail_then_all_others_are_there);
	tcase_add_test(tc,
		       test_bulk_when_environment_is_selected_then_its_flags);
	tcase_add_test(
	    tc, test_bulk_when_client_has_it_then_304_for_that_context_only);
	tcase_add_test(
	    tc, test_bulk_when_a_rule_reads_the_clock_then_never_remembered);
	tcase_add_loop_test(
	    tc, test_bulk_when_prefer_wait_then_held_until_an_answer_changes, 0,
	    SCENE_PARKINGS);
}

int
main(void)
{
	return scene_main("ofrep", add);
}
