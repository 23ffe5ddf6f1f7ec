/* Idempotency-Key: the same request is done once, however often it is sent. */
#include <check.h>
#include <signal.h>
#include <string.h>

#include "scene.h"

#define KEY ENV "/toggles/new-checkout"
#define ONCE HEADERS("Idempotency-Key: one")

/* Each sent twice under one key; what it needs is there before. */
static const struct {
	const char *method;
	const char *path;
	const char *body;
	long status;
} writes[] = {
	{ "PUT", ENV "/toggles/fresh", "{\"owner\":\"me\"}", 201 },
	{ "PUT", KEY, "{\"owner\":\"me\"}", 200 },
	{ "PATCH", KEY, "{\"state\":\"DISABLED\"}", 200 },
	{ "DELETE", KEY, NULL, 200 },
	{ "PUT", ENV "/segments/staff", "{\"var\":\"vip\"}", 201 },
	{ "POST", ENV "/changes",
	  "{\"comment\":\"c\",\"toggles\":{\"a\":{},\"new-checkout\":null}}",
	  200 },
	{ "POST", ENV "/rollback", "{\"to\":2,\"comment\":\"back\"}", 200 },
	{ "PUT", "/v1/envs/staging", "{}", 201 },
};

static void
prepare(struct toggled *t)
{
	ck_assert_int_eq(put_toggle(t, "new-checkout", "{}"), 2);
	put_toggle(t, "new-checkout", "{\"description\":\"later\"}");
}

/* The second answer is the first, whatever happened between. */
static void
repeat(struct toggled *t, int i, const struct answer *first)
{
	struct answer *second =
	    ask_with(t, ONCE, writes[i].method, writes[i].path, writes[i].body,
		     writes[i].status);
	json_t *body = json_loads(first->body, 0, NULL);

	ck_assert_msg(json_equal(body, answer_json(second)),
		      "first:  %s\nsecond: %s", first->body, second->body);
	json_decref(body);
	ck_assert_str_eq(answer_header(t, second, "ETag"),
			 answer_header(t, first, "ETag"));
}

START_TEST(test_repeated_write_when_same_then_answered_and_not_done)
{
	struct toggled *t = scene_open();
	struct answer *first;
	int64_t head;

	prepare(t);
	first = ask_with(t, ONCE, writes[_i].method, writes[_i].path,
			 writes[_i].body, writes[_i].status);
	head = head_revision(t);
	ck_assert_int_eq(head, 4);
	repeat(t, _i, first);
	ck_assert_int_eq(head_revision(t), head);
	/* Somebody else's change does not show through. */
	put_toggle(t, "new-checkout", "{\"description\":\"much later\"}");
	head = head_revision(t);
	repeat(t, _i, first);
	ck_assert_int_eq(head_revision(t), head);
	scene_close(t);
}
END_TEST

START_TEST(test_repeated_write_when_killed_between_then_answered_and_not_done)
{
	struct toggled *t = scene_open();
	struct answer *first;

	prepare(t);
	first = ask_with(t, ONCE, writes[_i].method, writes[_i].path,
			 writes[_i].body, writes[_i].status);
	ck_assert_int_eq(toggled_stop(t, SIGKILL), 128 + SIGKILL);
	toggled_start(t, NULL);
	repeat(t, _i, first);
	ck_assert_int_eq(head_revision(t), 4);
	scene_close(t);
}
END_TEST

START_TEST(test_key_when_used_for_another_request_then_409)
{
	struct toggled *t = scene_open();
	static const struct {
		const char *method;
		const char *path;
		const char *body;
	} others[] = {
		{ "PUT", KEY, "{\"owner\":\"you\"}" },
		{ "PATCH", KEY, "{\"owner\":\"me\"}" },
		{ "PUT", ENV "/toggles/other", "{\"owner\":\"me\"}" },
		{ "DELETE", KEY, NULL },
		{ "POST", ENV "/changes", "{\"toggles\":{}}" },
	};

	ask_with(t, ONCE, "PUT", KEY, "{\"owner\":\"me\"}", 201);
	for (int i = 0; i < COUNT(others); i++) {
		json_t *problem = expect_problem(
		    toggled_request(t, others[i].method, others[i].path, ONCE,
				    others[i].body),
		    409, "conflict");

		expect_says(json_text_at(problem, "/detail"),
			    "Idempotency-Key");
	}
	ck_assert_int_eq(head_revision(t), 2);
	/* Another key, or none: another request. */
	ask_with(t, HEADERS("Idempotency-Key: two"), "PUT", KEY,
		 "{\"owner\":\"you\"}", 200);
	ck_assert_int_eq(head_revision(t), 3);
	/* Keys belong to an environment. */
	ask(t, "PUT", "/v1/envs/staging", "{}", 201);
	ask_with(t, ONCE, "PUT", "/v1/envs/staging/toggles/x", "{}", 201);
	scene_close(t);
}
END_TEST

START_TEST(test_key_when_the_write_was_refused_then_free_for_another)
{
	struct toggled *t = scene_open();

	ask_with(t, ONCE, "PUT", KEY, "{\"state\":\"?\"}", 400);
	ask_with(t, ONCE, "PUT", KEY, "{}", 201);
	scene_close(t);
}
END_TEST

START_TEST(test_key_when_dry_run_then_not_used_up)
{
	struct toggled *t = scene_open();

	ask_with(t, ONCE, "PUT", KEY "?dryRun=true", "{}", 200);
	ask_with(t, ONCE, "PUT", KEY, "{}", 201);
	ck_assert_int_eq(head_revision(t), 2);
	scene_close(t);
}
END_TEST

START_TEST(test_key_when_malformed_then_400)
{
	struct toggled *t = scene_open();
	static const char *const keys[] = { "Idempotency-Key: \xc3\xa4",
					    "Idempotency-Key: a\tb" };

	for (int i = 0; i < COUNT(keys); i++)
		expect_problem(
		    toggled_request(t, "PUT", KEY, HEADERS(keys[i]), "{}"), 400,
		    "invalid");
	ask(t, "GET", KEY, NULL, 404);
	scene_close(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_loop_test(
	    tc, test_repeated_write_when_same_then_answered_and_not_done, 0,
	    COUNT(writes));
	tcase_add_loop_test(
	    tc,
	    test_repeated_write_when_killed_between_then_answered_and_not_done,
	    0, COUNT(writes));
	tcase_add_test(tc, test_key_when_used_for_another_request_then_409);
	tcase_add_test(
	    tc, test_key_when_the_write_was_refused_then_free_for_another);
	tcase_add_test(tc, test_key_when_dry_run_then_not_used_up);
	tcase_add_test(tc, test_key_when_malformed_then_400);
}

int
main(void)
{
	return scene_main("idempotency", add);
}
