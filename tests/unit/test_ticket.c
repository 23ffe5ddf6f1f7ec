/* Tickets: good for one environment's stream, as long as the secret is. */
#include "model/ticket.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "fixture_token.h"

static const char root[] = "{\"name\":\"ann\",\"role\":\"admin\"}";
static const struct ticket_key key = { { 1, 2, 3 } };
static const struct ticket_key other_key = { { 1, 2, 4 } };
static const struct string here = { "default", 7 };
static const struct string there = { "eu", 2 };

static struct definition *
prove(const struct catalog *catalog, const char *text, struct string where,
      int64_t now_ms)
{
	uint8_t secret;

	return ticket_prove(&key, catalog,
			    (struct string){ text, strlen(text) }, where,
			    now_ms, &secret);
}

START_TEST(test_ticket_when_made_then_good_there_and_nowhere_else)
{
	char text[CREDENTIAL_LENGTH + 1];
	struct catalog *catalog =
	    fixture_token(fixture_open_catalog(), root, text);
	const struct definition *token = fixture_find_token(catalog, text);
	char ticket[TICKET_LENGTH + 1];
	char again[TICKET_LENGTH + 1];

	ticket_make(&key, token->token, 0, here, ticket);
	ticket_make(&key, token->token, 0, here, again);
	ck_assert_str_eq(ticket, again);
	ck_assert_uint_eq(strlen(ticket), TICKET_LENGTH);
	ck_assert_ptr_eq(prove(catalog, ticket, here, FIXTURE_NOW_MS), token);
	ck_assert_ptr_null(prove(catalog, ticket, there, FIXTURE_NOW_MS));
	catalog_unref(catalog);
}
END_TEST

/* All that a backup holds is not enough to make one. */
START_TEST(test_ticket_when_made_with_another_key_then_none)
{
	char text[CREDENTIAL_LENGTH + 1];
	struct catalog *catalog =
	    fixture_token(fixture_open_catalog(), root, text);
	char ticket[TICKET_LENGTH + 1];

	ticket_make(&other_key, fixture_find_token(catalog, text)->token, 0,
		    here, ticket);
	ck_assert_ptr_null(prove(catalog, ticket, here, FIXTURE_NOW_MS));
	catalog_unref(catalog);
}
END_TEST

/* It is the one of the secret that drew it, and goes with it. */
START_TEST(test_ticket_when_its_secret_is_rotated_away_then_none)
{
	char text[CREDENTIAL_LENGTH + 1];
	struct catalog *catalog =
	    fixture_token(fixture_open_catalog(), root, text);
	char old[TICKET_LENGTH + 1], fresh[TICKET_LENGTH + 1];
	struct token_order order;
	struct arena arena;
	uint8_t secret;

	ticket_make(&key, fixture_find_token(catalog, text)->token, 0, here,
		    old);
	arena_init(&arena);
	token_order_rotate(fixture_find_token(catalog, text), FIXTURE_NOW_MS,
			   &arena, &order);
	catalog = fixture_obey(catalog, &order);
	/* The older of two now, and still its own. */
	ticket_make(&key, fixture_find_token(catalog, text)->token, 1, here,
		    fresh);
	ck_assert_str_eq(old, fresh);
	ck_assert_ptr_nonnull(
	    ticket_prove(&key, catalog, (struct string){ old, TICKET_LENGTH },
			 here, FIXTURE_NOW_MS, &secret));
	ck_assert_int_eq(secret, 1);
	token_order_rotate(fixture_find_token(catalog, text), FIXTURE_NOW_MS,
			   &arena, &order);
	catalog = fixture_obey(catalog, &order);
	ck_assert_ptr_null(prove(catalog, old, here, FIXTURE_NOW_MS));
	arena_fini(&arena);
	catalog_unref(catalog);
}
END_TEST

START_TEST(test_ticket_when_one_byte_differs_then_none)
{
	char text[CREDENTIAL_LENGTH + 1];
	struct catalog *catalog =
	    fixture_token(fixture_open_catalog(), root, text);
	char ticket[TICKET_LENGTH + 1];

	ticket_make(&key, fixture_find_token(catalog, text)->token, 0, here,
		    ticket);
	for (size_t i = 0; i < TICKET_LENGTH; i++) {
		char was = ticket[i];

		ticket[i] = was == '0' ? '1' : '0';
		ck_assert_ptr_null(
		    prove(catalog, ticket, here, FIXTURE_NOW_MS));
		ticket[i] = was;
	}
	ck_assert_ptr_null(prove(catalog, "", here, FIXTURE_NOW_MS));
	ck_assert_ptr_null(prove(catalog, text, here, FIXTURE_NOW_MS));
	catalog_unref(catalog);
}
END_TEST

START_TEST(test_ticket_when_token_has_expired_then_none)
{
	char text[CREDENTIAL_LENGTH + 1];
	struct catalog *catalog =
	    fixture_token(fixture_open_catalog(), root, text);
	char ticket[TICKET_LENGTH + 1];
	const struct definition *token;

	catalog = fixture_token(catalog,
				"{\"name\":\"web\",\"role\":\"client\","
				"\"environments\":[\"default\"],"
				"\"expiresAt\":\"2027-01-01T00:00:00Z\"}",
				text);
	token = fixture_find_token(catalog, text);
	ticket_make(&key, token->token, 0, here, ticket);
	ck_assert_ptr_eq(
	    prove(catalog, ticket, here, token->token->expires_ms - 1), token);
	ck_assert_ptr_null(
	    prove(catalog, ticket, here, token->token->expires_ms));
	catalog_unref(catalog);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("ticket");
	TCase *tc = tcase_create("ticket");
	SRunner *sr;
	int failed;

	tcase_add_test(tc,
		       test_ticket_when_made_then_good_there_and_nowhere_else);
	tcase_add_test(tc, test_ticket_when_made_with_another_key_then_none);
	tcase_add_test(tc,
		       test_ticket_when_its_secret_is_rotated_away_then_none);
	tcase_add_test(tc, test_ticket_when_one_byte_differs_then_none);
	tcase_add_test(tc, test_ticket_when_token_has_expired_then_none);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
