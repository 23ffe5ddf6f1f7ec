/* What hardly anybody means: refused, or warned of, unless the request says it.
 */
#include <check.h>
#include <string.h>

#include "scene.h"

#define A ENV "/toggles/a"
#define STRINGS                                                                \
	"\"variants\":{\"x\":\"1\",\"y\":\"2\"},\"defaultVariant\":\"x\""
#define HALVES "\"variants\":{\"x\":0.5,\"y\":2},\"defaultVariant\":\"x\""

/* Another type, by each way that a toggle is written. */
static const struct {
	const char *before; /* of toggle a */
	const char *method;
	const char *path;
	const char *body;
	const char *type; /* that it would have */
	const char *said; /* the same, with the type */
} retyped[] = {
	{ "{}", "PUT", A, "{" STRINGS "}", "string",
	  "{\"type\":\"string\"," STRINGS "}" },
	{ "{}", "PATCH", A,
	  "{\"variants\":{\"on\":null,\"off\":null,\"x\":\"1\"},"
	  "\"defaultVariant\":\"x\"}",
	  "string",
	  "{\"variants\":{\"on\":null,\"off\":null,\"x\":\"1\"},"
	  "\"defaultVariant\":\"x\",\"type\":\"string\"}" },
	{ "{\"value\":1}", "PATCH", A, "{\"value\":\"1\"}", "string",
	  "{\"value\":\"1\",\"type\":\"string\"}" },
	{ "{\"value\":1}", "PATCH", A, "{\"value\":1.5}", "float",
	  "{\"value\":1.5,\"type\":\"float\"}" },
	/* A type that was declared is not at fault. */
	{ "{\"type\":\"float\",\"value\":1}", "PATCH", A, "{\"value\":\"1\"}",
	  "string", "{\"value\":\"1\",\"type\":\"string\"}" },
	{ "{\"type\":\"float\",\"value\":1}", "PUT", A, "{\"value\":2}",
	  "integer", "{\"value\":2,\"type\":\"float\"}" },
	{ "{}", "POST", ENV "/changes", "{\"toggles\":{\"a\":null,\"b\":{}}}",
	  NULL, NULL },
	{ "{}", "POST", ENV "/changes",
	  "{\"toggles\":{\"b\":{},\"a\":{\"variants\":{\"on\":null,\"off\":"
	  "null,\"x\":{}},\"defaultVariant\":\"x\"}}}",
	  "object",
	  "{\"toggles\":{\"b\":{},\"a\":{\"variants\":{\"on\":null,\"off\":"
	  "null,\"x\":{}},\"defaultVariant\":\"x\",\"type\":\"object\"}}}" },
	{ "{}", "POST", ENV "/changes",
	  "{\"flags\":{\"a\":{\"state\":\"ENABLED\"," STRINGS "}}}", "string",
	  "{\"flags\":{\"a\":{\"type\":\"string\",\"state\":"
	  "\"ENABLED\"," STRINGS "}}}" },
	{ "{\"serve\":\"off\",\"variants\":{\"on\":true,\"off\":false}}", "PUT",
	  A, "{" STRINGS "}", "string", "{\"type\":\"string\"," STRINGS "}" },
};

START_TEST(test_write_when_the_type_changes_then_only_if_it_is_said)
{
	struct toggled *t = scene_open();
	const char *dry = toggled_text(t, "%s?dryRun=true", retyped[_i].path);
	const int64_t before = put_toggle(t, "a", retyped[_i].before);
	json_t *problem;

	if (retyped[_i].type == NULL) {
		ask(t, retyped[_i].method, dry, retyped[_i].body, 200);
		scene_close(t);
		return;
	}
	ask(t, retyped[_i].method, dry, retyped[_i].body, 409);
	problem = expect_problem(toggled_request(t, retyped[_i].method,
						 retyped[_i].path, NULL,
						 retyped[_i].body),
				 409, "conflict");
	ck_assert_ptr_nonnull(
	    strstr(json_text_at(problem, "/detail"),
		   toggled_text(t, "\"type\":\"%s\"", retyped[_i].type)));
	ck_assert_int_eq(head_revision(t), before);
	ask(t, retyped[_i].method, dry, retyped[_i].said, 200);
	ask(t, retyped[_i].method, retyped[_i].path, retyped[_i].said, 200);
	scene_close(t);
}
END_TEST

START_TEST(test_rollback_when_the_type_changes_then_done)
{
	struct toggled *t = scene_open();
	const int64_t first = put_toggle(t, "a", "{}");

	put_toggle(t, "a", "{\"type\":\"string\"," STRINGS "}");
	ask(t, "POST", ENV "/rollback",
	    toggled_text(t, "{\"to\":%d}", (int)first), 200);
	ck_assert_str_eq(
	    json_text_at(ask_json(t, "GET", A, NULL, 200), "/type"), "boolean");
	scene_close(t);
}
END_TEST

/* What was read may be sent back: an export says the type, and a flag of a
 * flagd document keeps the one that does not show in its numbers. */
START_TEST(test_document_when_sent_back_then_the_type_stays)
{
	struct toggled *t = scene_open();
	const int64_t head =
	    put_toggle(t, "a", "{\"type\":\"float\",\"value\":1}");
	const char *toggle = ask(t, "GET", A, NULL, 200)->body;
	const char *flags = ask(t, "GET", ENV "/flags", NULL, 200)->body;

	ask(t, "PUT", A, toggle, 200);
	ask(t, "POST", ENV "/changes", flags, 200);
	ck_assert_int_eq(head_revision(t), head);
	ask(t, "PUT", A, "{" HALVES "}", 200);
	scene_close(t);
}
END_TEST

START_TEST(test_environment_when_it_has_content_then_removed_by_name_only)
{
	struct toggled *t = scene_open();
	json_t *problem;

	ask(t, "PUT", "/v1/envs/empty", NULL, 201);
	ask(t, "DELETE", "/v1/envs/empty", NULL, 200);
	ask(t, "PUT", "/v1/envs/prod", NULL, 201);
	ask(t, "PUT", "/v1/envs/prod/segments/staff", "{\"==\":[1,1]}", 201);
	ask(t, "DELETE", "/v1/envs/prod", NULL, 409);
	ask(t, "PUT", "/v1/envs/prod/toggles/a", "{}", 201);
	problem = expect_problem(
	    toggled_request(t, "DELETE", "/v1/envs/prod", NULL, NULL), 409,
	    "conflict");
	ck_assert_ptr_nonnull(
	    strstr(json_text_at(problem, "/detail"), "1 toggle and 1 segment"));
	ck_assert_ptr_nonnull(
	    strstr(json_text_at(problem, "/detail"), "?name=prod"));
	ask(t, "DELETE", "/v1/envs/prod?dryRun=true", NULL, 409);
	ask(t, "DELETE", "/v1/envs/prod?name=prd", NULL, 400);
	ask(t, "DELETE", "/v1/envs/prod?name=", NULL, 400);
	ask(t, "GET", "/v1/envs/prod/toggles/a", NULL, 200);
	ask(t, "DELETE", "/v1/envs/prod?name=prod&dryRun=true", NULL, 200);
	ask(t, "DELETE", "/v1/envs/prod?name=prod", NULL, 200);
	ask(t, "GET", "/v1/envs/prod", NULL, 404);
	scene_close(t);
}
END_TEST

static void
expect_in_use(json_t *answer, const char *pointer)
{
	ck_assert_uint_eq(json_array_size(json_at(answer, "/warnings")), 1);
	ck_assert_str_eq(json_text_at(answer, "/warnings/0/code"), "in-use");
	ck_assert_str_eq(json_text_at(answer, "/warnings/0/pointer"), pointer);
}

START_TEST(test_removal_when_in_use_then_warned)
{
	static const char both[] = "{\"toggles\":{\"a\":null,\"b\":null}}";
	struct toggled *t = scene_open();

	put_toggle(t, "a", "{}");
	put_toggle(t, "b", "{}");
	/* Nobody has asked for it. */
	ck_assert_ptr_null(json_at(
	    ask_json(t, "DELETE", ENV "/toggles/b", NULL, 200), "/warnings"));
	put_toggle(t, "b", "{}");
	ask(t, "POST", "/ofrep/v1/evaluate/flags/a",
	    "{\"context\":{\"targetingKey\":\"u\"}}", 200);
	expect_in_use(ask_json(t, "DELETE", A "?dryRun=true", NULL, 200), "");
	expect_in_use(
	    ask_json(t, "POST", ENV "/changes?dryRun=true", both, 200),
	    "/toggles/a");
	expect_in_use(ask_json(t, "DELETE", A, NULL, 200), "");
	scene_close(t);
}
END_TEST

static void
add(TCase *tcase)
{
	tcase_add_loop_test(
	    tcase, test_write_when_the_type_changes_then_only_if_it_is_said, 0,
	    COUNT(retyped));
	tcase_add_test(tcase, test_rollback_when_the_type_changes_then_done);
	tcase_add_test(tcase, test_document_when_sent_back_then_the_type_stays);
	tcase_add_test(
	    tcase,
	    test_environment_when_it_has_content_then_removed_by_name_only);
	tcase_add_test(tcase, test_removal_when_in_use_then_warned);
}

int
main(void)
{
	return scene_main("slips", add);
}
