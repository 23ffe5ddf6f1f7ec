/*
 * docs/openapi.yaml against the routes, both ways, and its examples against the
 * program: in the order in which they stand, on one fresh server, each answer
 * checked against the schema that is promised for it.
 */
#include <check.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/http/route.h"
#include "base/bytes.h"
#include "contract.h"
#include "harness.h"
#include "schema.h"

/* OPTIONS is not in the contract. */
static const char *const methods[METHOD_OPTIONS] = {
	[METHOD_GET] = "get",       [METHOD_POST] = "post",
	[METHOD_PUT] = "put",       [METHOD_PATCH] = "patch",
	[METHOD_DELETE] = "delete",
};

/* A pattern as a path of the contract: "{key...}" is "{key}", and a slash at
 * the end says nothing. */
static void
path_of(const char *pattern, struct bytes *out)
{
	const char *rest = strstr(pattern, "...}");

	bytes_clear(out);
	if (rest != NULL) {
		bytes_append(out, pattern, (size_t)(rest - pattern));
		bytes_append_char(out, '}');
	} else {
		bytes_append_str(out, pattern);
	}
	if (out->data[out->length - 1] == '/')
		out->data[--out->length] = '\0';
}

static bool
is_served(const char *path, const char *method)
{
	struct bytes served;
	bool found = false;

	bytes_init(&served);
	for (size_t t = 0; route_tables[t] != NULL; t++) {
		for (const struct route *r = route_tables[t]; r->pattern; r++) {
			if (r->method >= METHOD_OPTIONS ||
			    strcmp(methods[r->method], method) != 0)
				continue;
			path_of(r->pattern, &served);
			found = found || strcmp(served.data, path) == 0;
		}
	}
	bytes_fini(&served);
	return found;
}

START_TEST(test_route_of_program_is_in_contract)
{
	json_t *document = contract_load();
	json_t *paths = json_object_get(document, "paths");
	struct bytes path;

	bytes_init(&path);
	for (size_t t = 0; route_tables[t] != NULL; t++) {
		for (const struct route *r = route_tables[t]; r->pattern; r++) {
			if (r->method >= METHOD_OPTIONS)
				continue;
			path_of(r->pattern, &path);
			ck_assert_msg(
			    json_object_get(json_object_get(paths, path.data),
					    methods[r->method]) != NULL,
			    "docs/openapi.yaml lacks %s %s", methods[r->method],
			    path.data);
		}
	}
	bytes_fini(&path);
	json_decref(document);
}
END_TEST

START_TEST(test_operation_of_contract_is_served)
{
	json_t *document = contract_load();
	json_t *operations, *operation;
	const char *path, *method;

	json_object_foreach(json_object_get(document, "paths"), path,
			    operations)
	{
		json_object_foreach(operations, method, operation)
		{
			if (strcmp(method, "parameters") != 0)
				ck_assert_msg(is_served(path, method),
					      "no route for %s %s", method,
					      path);
		}
	}
	json_decref(document);
}
END_TEST

/* --- examples ----------------------------------------------------------- */

/* What the contract says about an answer with this status. */
static void
check_answer(struct call *call, json_t *operation, struct answer *answer)
{
	char *what = toggled_text(call->t, "%s %s: %ld %.300s", call->method,
				  call->path, answer->status, answer->body);
	const char *type = answer_header(call->t, answer, "Content-Type");
	json_t *response, *media = NULL, *one;
	const char *name;

	ck_assert_msg(answer->status >= 200 && answer->status < 300, "%s",
		      what);
	response =
	    json_object_get(json_object_get(operation, "responses"),
			    toggled_text(call->t, "%ld", answer->status));
	ck_assert_msg(response != NULL, "not in the contract: %s", what);
	response = schema_resolve(call->document, response);
	json_object_foreach(json_object_get(response, "content"), name, one)
	{
		if (type != NULL && strncmp(type, name, strlen(name)) == 0)
			media = one;
	}
	ck_assert_msg(media != NULL, "type %s: %s", type, what);
	ck_assert_msg(answer->length > 0, "no body: %s", what);
	json_object_foreach(json_object_get(response, "headers"), name, one)
	{
		/* One that is there sometimes says so. */
		if (json_is_false(json_object_get(
			schema_resolve(call->document, one), "required")))
			continue;
		ck_assert_msg(answer_header(call->t, answer, name) != NULL,
			      "no header %s: %s", name, what);
	}
	if (strcmp(type, "application/json") == 0)
		schema_check(call->document, json_object_get(media, "schema"),
			     answer_json(answer), what);
}

static void
log_in(struct call *call, struct answer *answer)
{
	struct login *login = call->login;
	json_t *token;

	if (answer->status != 201 || strstr(call->path, "/tokens") == NULL)
		return;
	token = answer_json(answer);
	if (login->header == NULL)
		login->header =
		    toggled_text(call->t, "Authorization: Bearer %s",
				 json_text_at(token, "/token"));
	login->id = toggled_text(call->t, "%s", json_text_at(token, "/id"));
}

static void
send(struct call *call, json_t *operation, json_t *body)
{
	char *text = body == NULL ? NULL : json_dumps(body, JSON_ENCODE_ANY);
	struct answer *answer;

	call->headers[call->header_count] = call->login->header;
	answer = toggled_request(call->t, call->method, call->path,
				 call->headers, text);
	check_answer(call, operation, answer);
	log_in(call, answer);
	free(text);
}

/* One request for each example of a body, or one without a body. */
static void
run_operation(struct call *call, json_t *operation)
{
	json_t *body = schema_resolve(
	    call->document, json_object_get(operation, "requestBody"));
	json_t *media = json_object_get(json_object_get(body, "content"),
					"application/json");
	json_t *schema = json_object_get(media, "schema");
	json_t *single = json_object_get(media, "example");
	json_t *example;
	const char *name;

	if (body == NULL) {
		send(call, operation, NULL);
		return;
	}
	if (single != NULL) {
		schema_check(call->document, schema, single, call->path);
		send(call, operation, single);
	}
	json_object_foreach(json_object_get(media, "examples"), name, example)
	{
		json_t *value = json_object_get(example, "value");

		schema_check(call->document, schema, value, name);
		send(call, operation, value);
	}
}

/* A stream's answer has no end to wait for: test_stream looks at it. */
static bool
is_endless(json_t *operation)
{
	json_t *answer =
	    json_object_get(json_object_get(operation, "responses"), "200");

	return json_object_get(json_object_get(answer, "content"),
			       "text/event-stream") != NULL;
}

static void
run_path(struct toggled *t, json_t *document, struct login *login,
	 const char *path, json_t *operations)
{
	json_t *operation, *parameter;
	const char *method;
	size_t i;

	json_object_foreach(operations, method, operation)
	{
		struct call call = { .login = login,
				     .t = t,
				     .document = document,
				     .path = toggled_text(t, "%s", path) };

		if (strcmp(method, "parameters") == 0 || is_endless(operation))
			continue;
		call.method = contract_method(t, method);
		json_array_foreach(json_object_get(operations, "parameters"), i,
				   parameter)
		    contract_parameter(&call, parameter);
		json_array_foreach(json_object_get(operation, "parameters"), i,
				   parameter)
		    contract_parameter(&call, parameter);
		ck_assert_msg(strchr(call.path, '{') == NULL,
			      "a parameter of %s has no example", call.path);
		run_operation(&call, operation);
	}
}

START_TEST(test_example_of_contract_is_answered_as_promised)
{
	struct toggled *t = toggled_new();
	json_t *document = contract_load();
	struct login login = { .header = NULL };
	json_t *operations;
	const char *path;

	toggled_start(t, NULL);
	json_object_foreach(json_object_get(document, "paths"), path,
			    operations)
	    run_path(t, document, &login, path, operations);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	json_decref(document);
	toggled_free(t);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("openapi");
	TCase *tc = tcase_create("contract");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_route_of_program_is_in_contract);
	tcase_add_test(tc, test_operation_of_contract_is_served);
	tcase_add_test(tc, test_example_of_contract_is_answered_as_promised);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
