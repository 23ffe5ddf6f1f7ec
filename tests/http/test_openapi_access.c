/*
 * What docs/openapi.yaml says of who is let in, tried, and of the form of its
 * parameters. test_openapi has the rest.
 */
#include <check.h>
#include <regex.h>
#include <signal.h>
#include <string.h>

#include "contract.h"
#include "scene.h"
#include "schema.h"

/* --- who is let in ------------------------------------------------------ */

/* May it be asked without a token? The document says so for all that say
 * nothing themselves. */
static bool
is_public(json_t *document, json_t *operation)
{
	json_t *security = json_object_get(operation, "security");
	json_t *one;
	size_t i;

	if (security == NULL)
		security = json_object_get(document, "security");
	ck_assert(json_is_array(security));
	json_array_foreach(security, i, one)
	{
		if (json_object_size(one) == 0)
			return true;
	}
	return json_array_size(security) == 0;
}

/* Each name of a security requirement is a scheme of the document. */
static void
check_schemes(json_t *document, json_t *security)
{
	json_t *schemes = json_object_get(
	    json_object_get(document, "components"), "securitySchemes");
	json_t *one, *scopes;
	const char *name;
	size_t i;

	json_array_foreach(security, i, one)
	{
		json_object_foreach(one, name, scopes)
		{
			ck_assert_msg(json_object_get(schemes, name) != NULL,
				      "no security scheme '%s'", name);
			ck_assert(json_array_size(scopes) == 0);
		}
	}
}

static void
ask_without_token(struct call *call, json_t *operation)
{
	const bool has_body = json_object_get(operation, "requestBody") != NULL;
	struct answer *answer;
	char *what;

	answer = toggled_request(call->t, call->method, call->path, NULL,
				 has_body ? "{}" : NULL);
	what = toggled_text(call->t, "%s %s without a token: %ld", call->method,
			    call->path, answer->status);
	check_schemes(call->document, json_object_get(operation, "security"));
	if (is_public(call->document, operation)) {
		ck_assert_msg(answer->status == 200, "%s", what);
		return;
	}
	ck_assert_msg(answer->status == 401, "%s", what);
	ck_assert_msg(
	    json_object_get(json_object_get(operation, "responses"), "401"),
	    "not in the contract: %s", what);
}

/* Of each path on a server of its own: who fails to log in is soon answered
 * 429. */
START_TEST(test_security_of_contract_is_what_is_asked_for)
{
	struct toggled *t = toggled_new();
	json_t *document = contract_load();
	json_t *operations, *operation, *parameter;
	const char *path, *method;
	struct login nobody = { .header = NULL };
	size_t i;

	ck_assert_int_eq(TOGGLED_RUN(t, "token", "create", "--role", "admin",
				     "--name", "ann", "--database", t->database)
			     ->status,
			 0);
	json_object_foreach(json_object_get(document, "paths"), path,
			    operations)
	{
		toggled_start(t, NULL);
		json_object_foreach(operations, method, operation)
		{
			struct call call = { .login = &nobody,
					     .t = t,
					     .document = document,
					     .path =
						 toggled_text(t, "%s", path) };

			if (strcmp(method, "parameters") == 0)
				continue;
			call.method = contract_method(t, method);
			json_array_foreach(
			    json_object_get(operations, "parameters"), i,
			    parameter) contract_parameter(&call, parameter);
			ask_without_token(&call, operation);
		}
		ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	}
	json_decref(document);
	toggled_free(t);
}
END_TEST

START_TEST(test_schemes_of_contract_let_in)
{
	struct toggled *t = toggled_new();
	const struct run *run =
	    TOGGLED_RUN(t, "token", "create", "--role", "admin", "--name",
			"ann", "--database", t->database);
	const int length = (int)strcspn(run->out, "\n");
	const char *token = toggled_text(t, "%.*s", length, run->out);
	const char *const forms[] = { "Authorization: Bearer", "X-API-Key:" };

	toggled_start(t, NULL);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const char *const headers[] = {
			toggled_text(t, "%s %s", forms[i], token), NULL
		};

		ck_assert_int_eq(
		    toggled_request(t, "GET", "/v1/envs", headers, NULL)
			->status,
		    200);
	}
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_free(t);
}
END_TEST

/* --- patterns ----------------------------------------------------------- */

/* What a parameter's example is and what its pattern says do not differ. */
static void
check_pattern(struct toggled *t, json_t *parameter)
{
	const char *pattern = json_string_value(
	    json_object_get(json_object_get(parameter, "schema"), "pattern"));
	const char *example =
	    json_string_value(json_object_get(parameter, "example"));
	regex_t regex;

	if (pattern == NULL)
		return;
	ck_assert_msg(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) == 0,
		      "%s", pattern);
	if (example != NULL)
		ck_assert_msg(regexec(&regex, example, 0, NULL, 0) == 0,
			      "'%s' is not of the form %s", example, pattern);
	/* Names stand in paths: none of them has a slash or a blank. */
	ck_assert_msg(
	    regexec(&regex, toggled_text(t, "a/b c"), 0, NULL, 0) != 0 ||
		strcmp(json_string_value(json_object_get(parameter, "in")),
		       "path") != 0,
	    "%s", pattern);
	regfree(&regex);
}

/* Every parameter of a path says what it may look like. */
START_TEST(test_parameters_of_contract_have_the_form_they_say)
{
	struct toggled *t = toggled_new();
	json_t *document = contract_load();
	json_t *operations, *operation, *parameter;
	const char *path, *method;
	size_t i;

	json_object_foreach(json_object_get(document, "paths"), path,
			    operations)
	{
		json_object_foreach(operations, method, operation)
		{
			json_t *list =
			    json_is_array(operation)
				? operation
				: json_object_get(operation, "parameters");

			json_array_foreach(list, i, parameter)
			{
				json_t *one =
				    schema_resolve(document, parameter);
				json_t *schema = json_object_get(one, "schema");

				check_pattern(t, one);
				ck_assert_msg(
				    strcmp(json_string_value(
					       json_object_get(one, "in")),
					   "path") != 0 ||
					json_object_get(schema, "pattern") ||
					json_object_get(schema, "minimum"),
				    "a parameter of %s has no form", path);
			}
		}
	}
	json_decref(document);
	toggled_free(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_test(tc, test_security_of_contract_is_what_is_asked_for);
	tcase_add_test(tc, test_schemes_of_contract_let_in);
	tcase_add_test(tc, test_parameters_of_contract_have_the_form_they_say);
}

int
main(void)
{
	return scene_main("openapi_access", add);
}
