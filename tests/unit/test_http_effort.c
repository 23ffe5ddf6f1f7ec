/* What a client may cause, and the contexts that it may wait with. */
#include "http/effort.h"

#include <check.h>
#include <string.h>

#include "http/contexts.h"
#include "suite.h"

static const struct peer here = { .family = PEER_IPV4,
				  .address = { 127, 0, 0, 1 } };
static const struct peer there = { .family = PEER_IPV4,
				   .address = { 192, 0, 2, 1 } };

static struct definition
token_of(const char *key)
{
	return (struct definition){ .key = { key, strlen(key) } };
}

START_TEST(test_account_when_made_then_a_token_is_one_and_an_address_another)
{
	const struct definition a = token_of("a");
	const struct definition b = token_of("b");
	const struct peer local = { .family = PEER_UNIX, .address = { 9 } };
	const struct peer other = { .family = PEER_UNIX };
	struct peer port = here;

	port.port = 7;
	ck_assert(effort_account(&a, &here) == effort_account(&a, &there));
	ck_assert(effort_account(&a, &here) != effort_account(&b, &here));
	ck_assert(effort_account(NULL, &here) != effort_account(NULL, &there));
	ck_assert(effort_account(NULL, &here) == effort_account(NULL, &port));
	ck_assert(effort_account(NULL, &local) == effort_account(NULL, &other));
	ck_assert(effort_account(NULL, &local) != 0);
}
END_TEST

START_TEST(test_effort_when_more_is_spent_than_a_burst_then_debt_until_paid)
{
	struct effort *effort = effort_new();
	const int64_t now = 1000000;

	effort_spend(effort, 7, EFFORT_BURST, now);
	ck_assert_int_eq(effort_debt_ms(effort, 7, now), 0);
	effort_spend(effort, 7, EFFORT_A_SECOND, now);
	ck_assert_int_eq(effort_debt_ms(effort, 7, now), 1000);
	ck_assert_int_eq(effort_debt_ms(effort, 7, now + 400), 600);
	ck_assert_int_eq(effort_debt_ms(effort, 7, now + 1000), 0);
	ck_assert_int_eq(effort_debt_ms(effort, 8, now), 0);
	effort_free(effort);
}
END_TEST

START_TEST(test_effort_when_nobody_spends_then_no_debt)
{
	struct effort *effort = effort_new();

	effort_spend(effort, 0, (int64_t)100 * EFFORT_BURST, 5);
	ck_assert_int_eq(effort_debt_ms(effort, 0, 5), 0);
	effort_free(effort);
}
END_TEST

START_TEST(test_contexts_when_an_address_holds_all_it_may_then_others_go_on)
{
	struct contexts *contexts = contexts_new();
	const struct definition token = token_of("a");

	ck_assert_int_eq(
	    contexts_enter(contexts, NULL, &here, CONTEXTS_ADDRESS),
	    CONTEXTS_OK);
	ck_assert_int_eq(contexts_enter(contexts, &token, &here, 1000),
			 CONTEXTS_CLIENT_FULL);
	ck_assert_int_eq(contexts_enter(contexts, NULL, &here, CONTEXTS_SMALL),
			 CONTEXTS_OK);
	ck_assert_int_eq(contexts_enter(contexts, &token, &there, 1000),
			 CONTEXTS_OK);
	ck_assert_uint_eq(contexts_bytes(contexts), CONTEXTS_ADDRESS + 1000);
	contexts_leave(contexts, NULL, &here, CONTEXTS_ADDRESS);
	ck_assert_int_eq(contexts_enter(contexts, &token, &here, 1000),
			 CONTEXTS_OK);
	contexts_leave(contexts, &token, &here, 1000);
	contexts_leave(contexts, &token, &there, 1000);
	contexts_leave(contexts, NULL, &here, CONTEXTS_SMALL);
	ck_assert_uint_eq(contexts_bytes(contexts), 0);
	contexts_free(contexts);
}
END_TEST

START_TEST(test_contexts_when_a_token_holds_all_it_may_then_from_everywhere)
{
	struct contexts *contexts = contexts_new();
	const struct definition token = token_of("a");
	const struct definition other = token_of("b");
	struct peer peer = there;

	for (int i = 0; i < CONTEXTS_TOKEN / CONTEXTS_ADDRESS; i++) {
		peer.address[3] = (uint8_t)i;
		ck_assert_int_eq(
		    contexts_enter(contexts, &token, &peer, CONTEXTS_ADDRESS),
		    CONTEXTS_OK);
	}
	ck_assert_int_eq(contexts_enter(contexts, &token, &here, 1000),
			 CONTEXTS_CLIENT_FULL);
	ck_assert_int_eq(contexts_enter(contexts, &other, &here, 1000),
			 CONTEXTS_OK);
	contexts_free(contexts);
}
END_TEST

START_TEST(test_contexts_when_all_is_held_then_full_for_everybody)
{
	struct contexts *contexts = contexts_new();
	struct peer peer = there;

	for (int i = 0; i < CONTEXTS_ALL / CONTEXTS_ADDRESS; i++) {
		peer.address[3] = (uint8_t)i;
		ck_assert_int_eq(
		    contexts_enter(contexts, NULL, &peer, CONTEXTS_ADDRESS),
		    CONTEXTS_OK);
	}
	ck_assert_int_eq(contexts_enter(contexts, NULL, &here, 1000),
			 CONTEXTS_FULL);
	contexts_free(contexts);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_test(
	    tc,
	    test_account_when_made_then_a_token_is_one_and_an_address_another);
	tcase_add_test(
	    tc,
	    test_effort_when_more_is_spent_than_a_burst_then_debt_until_paid);
	tcase_add_test(tc, test_effort_when_nobody_spends_then_no_debt);
	tcase_add_test(
	    tc,
	    test_contexts_when_an_address_holds_all_it_may_then_others_go_on);
	tcase_add_test(
	    tc,
	    test_contexts_when_a_token_holds_all_it_may_then_from_everywhere);
	tcase_add_test(tc,
		       test_contexts_when_all_is_held_then_full_for_everybody);
}

int
main(void)
{
	return suite_main("http_effort", add);
}
