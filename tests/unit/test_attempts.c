#include "../../src/http/attempts.h"

#include <check.h>
#include <stdlib.h>

static struct peer
peer_of(enum peer_family family, uint8_t a, uint8_t h, uint8_t z)
{
	struct peer peer = { .family = (uint8_t)family };

	peer.address[0] = a;
	peer.address[7] = h;
	peer.address[15] = z;
	return peer;
}

static enum attempts_verdict
try_once(struct attempts *attempts, struct peer peer, int64_t now_ms)
{
	int64_t wait_ms;

	return attempts_fail(attempts, &peer, now_ms, &wait_ms);
}

static void
fill(struct attempts *attempts, struct peer peer, int64_t now_ms)
{
	for (int i = 0; i < ATTEMPTS_BURST; i++)
		ck_assert_int_eq(try_once(attempts, peer, now_ms),
				 ATTEMPTS_FREE);
	ck_assert_int_eq(try_once(attempts, peer, now_ms), ATTEMPTS_LIMIT);
	ck_assert_int_eq(try_once(attempts, peer, now_ms), ATTEMPTS_OVER);
}

START_TEST(test_attempts_when_burst_is_used_up_then_one_an_interval)
{
	struct attempts *attempts = attempts_new();
	const struct peer peer = peer_of(PEER_IPV4, 10, 0, 0);
	int64_t wait_ms = 0;

	fill(attempts, peer, 5000);
	ck_assert_int_eq(attempts_fail(attempts, &peer, 5300, &wait_ms),
			 ATTEMPTS_OVER);
	ck_assert_int_eq(wait_ms, 700);
	ck_assert_int_eq(try_once(attempts, peer, 6000), ATTEMPTS_FREE);
	ck_assert_int_eq(try_once(attempts, peer, 6000), ATTEMPTS_LIMIT);
	ck_assert_int_eq(try_once(attempts, peer, 8000), ATTEMPTS_FREE);
	ck_assert_int_eq(try_once(attempts, peer, 8000), ATTEMPTS_FREE);
	ck_assert_int_eq(try_once(attempts, peer, 8000), ATTEMPTS_LIMIT);
	fill(attempts, peer, 60000);
	attempts_free(attempts);
}
END_TEST

START_TEST(test_attempts_when_another_address_then_counted_apart)
{
	struct attempts *attempts = attempts_new();

	fill(attempts, peer_of(PEER_IPV4, 10, 0, 0), 1);
	fill(attempts, peer_of(PEER_IPV4, 11, 0, 0), 1);
	fill(attempts, peer_of(PEER_IPV6, 10, 0, 0), 1);
	fill(attempts, peer_of(PEER_UNIX, 0, 0, 0), 1);
	/* Another host of that network, and another network. */
	ck_assert_int_eq(try_once(attempts, peer_of(PEER_IPV6, 10, 0, 9), 1),
			 ATTEMPTS_OVER);
	ck_assert_int_eq(try_once(attempts, peer_of(PEER_IPV6, 10, 9, 0), 1),
			 ATTEMPTS_FREE);
	attempts_free(attempts);
}
END_TEST

/* More addresses than there are slots: each still has its burst. */
START_TEST(test_attempts_when_flooded_by_addresses_then_bounded_and_fair)
{
	struct attempts *attempts = attempts_new();
	struct peer peer = { .family = PEER_IPV4 };

	for (uint32_t i = 1; i <= 20000; i++) {
		peer.address[0] = (uint8_t)(i >> 16);
		peer.address[1] = (uint8_t)(i >> 8);
		peer.address[2] = (uint8_t)i;
		ck_assert_int_eq(try_once(attempts, peer, 1000), ATTEMPTS_FREE);
	}
	fill(attempts, peer_of(PEER_IPV4, 200, 0, 0), 1000);
	attempts_free(attempts);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("http/attempts");
	TCase *tc = tcase_create("attempts");
	SRunner *runner;
	int failed;

	tcase_add_test(
	    tc, test_attempts_when_burst_is_used_up_then_one_an_interval);
	tcase_add_test(tc,
		       test_attempts_when_another_address_then_counted_apart);
	tcase_add_test(
	    tc, test_attempts_when_flooded_by_addresses_then_bounded_and_fair);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
