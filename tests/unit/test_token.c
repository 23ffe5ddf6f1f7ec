/* The tokens of a catalog: who is proven, and what the texts of a token hold.
 */
#include "model/token.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "fixture_model.h"
#include "fixture_token.h"
#include "model/name.h"
#include "wire/definition.h"
#include "wire/json.h"

static const char admin[] = "{\"name\":\"ann\",\"role\":\"admin\"}";
static const char client[] = "{\"name\":\"shop\",\"role\":\"client\","
			     "\"environments\":[\"default\",\"eu\"]}";

static const struct definition *
prove(const struct catalog *catalog, const char *text, int64_t now_ms)
{
	struct credential credential;
	uint8_t secret;

	ck_assert(credential_parse(text, strlen(text), &credential));
	return token_prove(catalog, &credential, now_ms, &secret);
}

START_TEST(test_token_when_none_was_made_then_none_is_needed)
{
	struct catalog *catalog = fixture_open_catalog();
	char text[CREDENTIAL_LENGTH + 1];
	struct credential credential;

	credential_make(NULL, text, &credential);
	ck_assert(!token_is_needed(catalog));
	ck_assert_ptr_null(prove(catalog, text, FIXTURE_NOW_MS));
	catalog_unref(catalog);
}
END_TEST

START_TEST(test_token_when_made_then_proven_by_its_own_secret_only)
{
	struct catalog *catalog = fixture_open_catalog();
	char a[CREDENTIAL_LENGTH + 1], b[CREDENTIAL_LENGTH + 1];
	const struct definition *token;
	struct credential forged;

	catalog = fixture_token(catalog, admin, a);
	catalog = fixture_token(catalog, client, b);
	ck_assert(token_is_needed(catalog));
	token = prove(catalog, a, FIXTURE_NOW_MS);
	ck_assert_str_eq(token->token->name.data, "ann");
	ck_assert_int_eq(token->token->role, ROLE_ADMIN);
	ck_assert(token_sees(token->token, "any", 3));
	token = prove(catalog, b, FIXTURE_NOW_MS);
	ck_assert_int_eq(token->token->role, ROLE_CLIENT);
	ck_assert(token_sees(token->token, "default", 7));
	ck_assert(token_sees(token->token, "eu", 2));
	ck_assert(!token_sees(token->token, "e", 1));
	/* Another secret under an id that is there. */
	credential_make(token->key.data, a, &forged);
	ck_assert_ptr_null(prove(catalog, a, FIXTURE_NOW_MS));
	/* An id that is not. */
	credential_make(NULL, a, &forged);
	ck_assert_ptr_null(prove(catalog, a, FIXTURE_NOW_MS));
	catalog_unref(catalog);
}
END_TEST

START_TEST(test_token_when_it_has_one_secret_then_an_empty_hash_proves_nothing)
{
	struct catalog *catalog =
	    fixture_token(fixture_open_catalog(), admin, NULL);
	struct credential credential = { .id = "" };
	const struct definition *token;
	struct snapshot_walk walk;
	uint8_t secret;

	snapshot_walk_from(&walk, catalog_find(catalog, ".access", 7),
			   KIND_TOKEN, fixture_string(""));
	token = snapshot_walk_next(&walk);
	memcpy(credential.id, token->key.data, CREDENTIAL_ID_LENGTH);
	ck_assert_ptr_null(
	    token_prove(catalog, &credential, FIXTURE_NOW_MS, &secret));
	catalog_unref(catalog);
}
END_TEST

START_TEST(test_token_when_time_is_up_then_not_proven)
{
	struct catalog *catalog =
	    fixture_token(fixture_open_catalog(), admin, NULL);
	char text[CREDENTIAL_LENGTH + 1];

	/* FIXTURE_NOW_MS is 1970-01-21T20:00:00Z. */
	catalog = fixture_token(catalog,
				"{\"name\":\"s\",\"role\":\"viewer\","
				"\"environments\":[\"*\"],\"expiresAt\":"
				"\"1970-01-21T21:00:00.500+01:00\"}",
				text);
	ck_assert_ptr_nonnull(prove(catalog, text, FIXTURE_NOW_MS));
	ck_assert_ptr_nonnull(prove(catalog, text, FIXTURE_NOW_MS + 499));
	ck_assert_ptr_null(prove(catalog, text, FIXTURE_NOW_MS + 500));
	catalog_unref(catalog);
}
END_TEST

static struct catalog *
rotate(struct catalog *catalog, const char *text,
       char fresh[CREDENTIAL_LENGTH + 1])
{
	struct token_order order;
	struct arena arena;

	arena_init(&arena);
	token_order_rotate(fixture_find_token(catalog, text), FIXTURE_NOW_MS,
			   &arena, &order);
	catalog = fixture_obey(catalog, &order);
	memcpy(fresh, order.secret, CREDENTIAL_LENGTH + 1);
	arena_fini(&arena);
	return catalog;
}

START_TEST(test_token_when_rotated_then_the_newest_two_secrets_are_good)
{
	struct catalog *catalog = fixture_open_catalog();
	char first[CREDENTIAL_LENGTH + 1], second[CREDENTIAL_LENGTH + 1];
	char third[CREDENTIAL_LENGTH + 1];

	catalog = fixture_token(catalog, admin, first);
	catalog = rotate(catalog, first, second);
	ck_assert_ptr_nonnull(prove(catalog, first, FIXTURE_NOW_MS));
	ck_assert_ptr_nonnull(prove(catalog, second, FIXTURE_NOW_MS));
	catalog = rotate(catalog, first, third);
	ck_assert_ptr_null(prove(catalog, first, FIXTURE_NOW_MS));
	ck_assert_ptr_nonnull(prove(catalog, second, FIXTURE_NOW_MS));
	ck_assert_ptr_nonnull(prove(catalog, third, FIXTURE_NOW_MS));
	catalog_unref(catalog);
}
END_TEST

START_TEST(test_token_when_revoked_then_nobody_gets_in_all_the_same)
{
	struct catalog *catalog = fixture_open_catalog();
	char a[CREDENTIAL_LENGTH + 1], b[CREDENTIAL_LENGTH + 1];
	struct token_order order;

	catalog = fixture_token(catalog, admin, a);
	catalog = fixture_token(catalog, client, b);
	token_order_revoke(fixture_find_token(catalog, b), &order);
	catalog = fixture_obey(catalog, &order);
	ck_assert_ptr_null(prove(catalog, b, FIXTURE_NOW_MS));
	ck_assert_ptr_nonnull(prove(catalog, a, FIXTURE_NOW_MS));
	catalog_unref(catalog);
}
END_TEST

START_TEST(test_token_when_shown_then_no_secret_and_no_hash)
{
	struct catalog *catalog = fixture_open_catalog();
	char text[CREDENTIAL_LENGTH + 1];
	const struct definition *token;
	char hex[SHA256_HEX_BYTES];
	struct bytes out;

	catalog = fixture_token(catalog, admin, text);
	token = fixture_find_token(catalog, text);
	sha256_hex(token->token->secrets[0].hash, hex);
	ck_assert_ptr_nonnull(strstr(token->stored.data, hex));
	ck_assert_ptr_null(strstr(token->text.data, hex));
	ck_assert_ptr_null(strstr(token->text.data, "hash"));
	bytes_init(&out);
	document_tokens(catalog, &out);
	ck_assert_ptr_null(strstr(out.data, hex));
	ck_assert_ptr_nonnull(strstr(out.data, token->key.data));
	bytes_clear(&out);
	document_new_token(text, token, &out);
	ck_assert_ptr_nonnull(strstr(out.data, text));
	ck_assert_ptr_null(strstr(out.data, hex));
	bytes_fini(&out);
	catalog_unref(catalog);
}
END_TEST

START_TEST(test_token_when_loaded_from_the_store_then_the_same)
{
	struct catalog *catalog = fixture_open_catalog();
	char text[CREDENTIAL_LENGTH + 1];
	const struct definition *token;
	struct definition *loaded = NULL;
	struct definition_scope scope = { .lenient = true, .pointer = "" };
	struct stamp stamp = { 2, FIXTURE_NOW_MS, fixture_string("ann") };
	struct arena arena;

	catalog = fixture_token(catalog, admin, NULL);
	catalog = fixture_token(catalog, client, text);
	token = fixture_find_token(catalog, text);
	stamp.revision = token->revision;
	arena_init(&arena);
	ck_assert_int_eq(definition_load(KIND_TOKEN, token->key, token->stored,
					 &stamp, &scope, &arena, &loaded, NULL),
			 STATUS_OK);
	arena_fini(&arena);
	ck_assert_str_eq(loaded->text.data, token->text.data);
	ck_assert_str_eq(loaded->stored.data, token->stored.data);
	ck_assert_uint_eq(loaded->token->environment_count, 2);
	ck_assert(sha256_equal(loaded->token->secrets[0].hash,
			       token->token->secrets[0].hash));
	definition_unref(loaded);
	catalog_unref(catalog);
}
END_TEST

/* As a client's with a member beside it, because 0.2 starts on no role that it
 * does not know. */
START_TEST(test_token_when_it_only_evaluates_then_stored_as_a_clients)
{
	static const char body[] = "{\"name\":\"web\",\"role\":\"evaluate\","
				   "\"environments\":[\"default\"]}";
	struct catalog *catalog =
	    fixture_token(fixture_open_catalog(), admin, NULL);
	struct definition_scope scope = { .lenient = true, .pointer = "" };
	struct stamp stamp = { 2, FIXTURE_NOW_MS, fixture_string("ann") };
	char text[CREDENTIAL_LENGTH + 1];
	char again[CREDENTIAL_LENGTH + 1];
	const struct definition *token;
	struct definition *loaded = NULL;
	struct arena arena;

	catalog = fixture_token(catalog, body, text);
	for (int rotations = 0; rotations < 2; rotations++) {
		token = fixture_find_token(catalog, text);
		ck_assert_int_eq(token->token->role, ROLE_EVALUATE);
		ck_assert_ptr_nonnull(
		    strstr(token->text.data, "\"role\":\"evaluate\""));
		ck_assert_ptr_null(strstr(token->text.data, "evaluateOnly"));
		ck_assert_ptr_nonnull(
		    strstr(token->stored.data,
			   "\"role\":\"client\",\"evaluateOnly\":true"));
		stamp.revision = token->revision;
		arena_init(&arena);
		ck_assert_int_eq(definition_load(KIND_TOKEN, token->key,
						 token->stored, &stamp, &scope,
						 &arena, &loaded, NULL),
				 STATUS_OK);
		arena_fini(&arena);
		ck_assert_int_eq(loaded->token->role, ROLE_EVALUATE);
		ck_assert_str_eq(loaded->text.data, token->text.data);
		definition_unref(loaded);
		catalog = rotate(catalog, text, again);
	}
	catalog_unref(catalog);
}
END_TEST

static const struct {
	const char *body;
	const char *says;
} refusals[] = {
	{ "[]", "must be an object" },
	{ "{\"role\":\"admin\"}", "/name: is required" },
	{ "{\"name\":\"x\"}", "/role: is required" },
	{ "{\"name\":\"\",\"role\":\"admin\"}", "/name: must be 1 to" },
	{ "{\"name\":\"a\\nb\",\"role\":\"admin\"}", "/name: must be 1 to" },
	{ "{\"name\":1,\"role\":\"admin\"}", "/name: must be a string" },
	{ "{\"name\":\"x\",\"role\":\"root\"}", "/role: must be admin" },
	{ "{\"name\":\"x\",\"role\":\"viewer\"}",
	  "/environments: is required" },
	{ "{\"name\":\"x\",\"role\":\"client\",\"environments\":[\"*\"],"
	  "\"evaluateOnly\":true}",
	  "evaluateOnly" },
	{ "{\"name\":\"x\",\"role\":\"viewer\",\"environments\":[]}",
	  "/environments: must have" },
	{ "{\"name\":\"x\",\"role\":\"viewer\",\"environments\":\"*\"}",
	  "/environments: must be an array" },
	{ "{\"name\":\"x\",\"role\":\"viewer\",\"environments\":[\".access\"]}",
	  "/environments/0: '.access' is no name" },
	{ "{\"name\":\"x\",\"role\":\"viewer\",\"environments\":[\"*\",\"a\"]}",
	  "/environments" },
	{ "{\"name\":\"x\",\"role\":\"viewer\",\"environments\":[\"a\",\"a\"]}",
	  "/environments/1: is there twice" },
	{ "{\"name\":\"x\",\"role\":\"admin\",\"environments\":[\"a\"]}",
	  "of an admin is" },
	{ "{\"name\":\"x\",\"role\":\"admin\",\"expiresAt\":\"soon\"}",
	  "/expiresAt: must be a time" },
	{ "{\"name\":\"x\",\"role\":\"admin\",\"expiresAt\":"
	  "\"1970-01-21T20:00:00Z\"}",
	  "/expiresAt: is past" },
	{ "{\"name\":\"x\",\"role\":\"admin\",\"secrets\":[]}", "secrets" },
	{ "{\"name\":\"x\",\"role\":\"admin\",\"enviroments\":[\"*\"]}",
	  "did you mean environments" },
};

START_TEST(test_token_when_asked_for_wrongly_then_the_place_is_named)
{
	struct definition_scope scope = { .pointer = "" };
	struct stamp stamp = { 9, FIXTURE_NOW_MS, fixture_string("ann") };
	const char *body = refusals[_i].body;
	struct definition *made = NULL;
	struct token_order order;
	struct value json;
	struct arena arena;
	struct error err;
	enum status rc;

	error_init(&err);
	arena_init(&arena);
	ck_assert_int_eq(
	    json_decode(body, strlen(body), NULL, &arena, &json, NULL),
	    STATUS_OK);
	rc = token_order_create(&json, FIXTURE_NOW_MS, &arena, &order, &err);
	if (rc == STATUS_OK)
		rc = definition_decode(KIND_TOKEN, order.edits[1].key,
				       &order.edits[1].value, &stamp, &scope,
				       &arena, &made, &err);
	ck_assert_int_ne(rc, STATUS_OK);
	ck_assert_msg(strstr(err.text, refusals[_i].says) != NULL, "%s",
		      err.text);
	arena_fini(&arena);
}
END_TEST

START_TEST(test_access_environment_when_named_from_outside_then_not_there)
{
	struct catalog *catalog =
	    fixture_token(fixture_open_catalog(), admin, NULL);

	ck_assert_ptr_nonnull(catalog_find(catalog, ".access", 7));
	ck_assert_ptr_null(catalog_find_public(catalog, ".access", 7));
	ck_assert_ptr_nonnull(catalog_find_public(catalog, "default", 7));
	ck_assert(!name_is_environment(".access", 7));
	catalog_unref(catalog);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("model/token");
	TCase *tc = tcase_create("token");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, test_token_when_none_was_made_then_none_is_needed);
	tcase_add_test(tc,
		       test_token_when_made_then_proven_by_its_own_secret_only);
	tcase_add_test(
	    tc,
	    test_token_when_it_has_one_secret_then_an_empty_hash_proves_nothing);
	tcase_add_test(tc, test_token_when_time_is_up_then_not_proven);
	tcase_add_test(
	    tc, test_token_when_rotated_then_the_newest_two_secrets_are_good);
	tcase_add_test(
	    tc, test_token_when_revoked_then_nobody_gets_in_all_the_same);
	tcase_add_test(tc, test_token_when_shown_then_no_secret_and_no_hash);
	tcase_add_test(tc, test_token_when_loaded_from_the_store_then_the_same);
	tcase_add_test(
	    tc, test_token_when_it_only_evaluates_then_stored_as_a_clients);
	tcase_add_loop_test(
	    tc, test_token_when_asked_for_wrongly_then_the_place_is_named, 0,
	    (int)(sizeof(refusals) / sizeof(refusals[0])));
	tcase_add_test(
	    tc, test_access_environment_when_named_from_outside_then_not_there);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
