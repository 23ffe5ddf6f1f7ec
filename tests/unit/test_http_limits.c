/* Connections in all and per address, and the cost of bodies. */
#include "http/limits.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static struct peer
peer_of(const char *address, uint16_t port)
{
	struct sockaddr_storage storage = { 0 };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
				    .sin6_port = htons(port) };
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_port = htons(port) };
	struct peer peer;

	if (inet_pton(AF_INET, address, &in.sin_addr) == 1)
		memcpy(&storage, &in, sizeof(in));
	else if (inet_pton(AF_INET6, address, &in6.sin6_addr) == 1)
		memcpy(&storage, &in6, sizeof(in6));
	else
		storage.ss_family = AF_UNIX;
	peer_from_sockaddr(&peer, &storage);
	return peer;
}

START_TEST(test_connections_when_limit_is_reached_then_refused_until_one_goes)
{
	struct limits *limits = limits_new(2, 0, 0);
	struct peer peer = peer_of("127.0.0.1", 1);

	ck_assert_int_eq(limits_enter(limits, &peer), LIMITS_OK);
	ck_assert_int_eq(limits_enter(limits, &peer), LIMITS_OK);
	ck_assert_int_eq(limits_enter(limits, &peer), LIMITS_ALL);
	ck_assert_uint_eq(limits_connections(limits), 2);
	limits_leave(limits, &peer);
	ck_assert_int_eq(limits_enter(limits, &peer), LIMITS_OK);
	limits_free(limits);
}
END_TEST

START_TEST(test_reserve_when_limit_is_reached_then_half_is_for_unix_sockets)
{
	struct limits *limits = limits_new(1, 0, 4);
	struct peer first = peer_of("192.0.2.1", 1);
	struct peer remote[3] = { peer_of("192.0.2.1", 2),
				  peer_of("192.0.2.1", 3),
				  peer_of("192.0.2.1", 4) };
	struct peer local[3] = { peer_of("", 0), peer_of("", 0),
				 peer_of("", 0) };

	ck_assert_int_eq(limits_enter(limits, &first), LIMITS_OK);
	ck_assert(limits_enter_reserve(limits, &remote[0]));
	ck_assert(limits_enter_reserve(limits, &remote[1]));
	ck_assert(!limits_enter_reserve(limits, &remote[2]));
	ck_assert(limits_enter_reserve(limits, &local[0]));
	ck_assert(limits_enter_reserve(limits, &local[1]));
	ck_assert(!limits_enter_reserve(limits, &local[2]));
	ck_assert_uint_eq(limits_connections(limits), 1);
	/* There is no room yet; then there is, and the reserve has it back. */
	ck_assert(!limits_promote(limits, &remote[0]));
	limits_leave(limits, &first);
	ck_assert(limits_promote(limits, &remote[0]));
	ck_assert(limits_enter_reserve(limits, &remote[2]));
	/* Whoever is counted off twice counts once. */
	limits_leave(limits, &remote[0]);
	limits_leave(limits, &remote[0]);
	ck_assert_uint_eq(limits_connections(limits), 0);
	ck_assert(!limits_enter_reserve(limits, &local[2]));
	limits_free(limits);
}
END_TEST

START_TEST(test_connections_when_per_address_then_each_counts_alone)
{
	struct limits *limits = limits_new(100, 1, 0);
	struct peer a = peer_of("192.0.2.1", 1);
	struct peer a2 = peer_of("192.0.2.1", 2);
	struct peer b = peer_of("192.0.2.2", 1);
	struct peer v6 = peer_of("2001:db8::1", 1);
	struct peer v6_same_net = peer_of("2001:db8::ffff:1", 1);
	struct peer v6_other_net = peer_of("2001:db8:0:1::1", 1);
	struct peer local = peer_of("", 0);

	ck_assert_int_eq(limits_enter(limits, &a), LIMITS_OK);
	ck_assert_int_eq(limits_enter(limits, &a2), LIMITS_ADDRESS);
	ck_assert_int_eq(limits_enter(limits, &b), LIMITS_OK);
	ck_assert_int_eq(limits_enter(limits, &v6), LIMITS_OK);
	ck_assert_int_eq(limits_enter(limits, &v6_same_net), LIMITS_ADDRESS);
	ck_assert_int_eq(limits_enter(limits, &v6_other_net), LIMITS_OK);
	ck_assert_int_eq(limits_enter(limits, &local), LIMITS_OK);
	ck_assert_int_eq(limits_enter(limits, &local), LIMITS_OK);
	ck_assert_uint_eq(limits_connections(limits), 6);
	limits_leave(limits, &a);
	ck_assert_int_eq(limits_enter(limits, &a2), LIMITS_OK);
	limits_free(limits);
}
END_TEST

START_TEST(test_bodies_when_large_then_counted_and_small_ones_never_refused)
{
	const size_t large = 1 << 20;
	struct limits *limits = limits_new(1, 0, 0);
	size_t count = 0;

	while (limits_grow_body(limits, 0, large))
		count++;
	ck_assert_uint_ge(count, 4);
	ck_assert_uint_le(count, 16);
	ck_assert(limits_grow_body(limits, 0, LIMITS_BODY_SMALL));
	ck_assert(!limits_grow_body(limits, LIMITS_BODY_SMALL, large));
	limits_release_body(limits, large);
	ck_assert(limits_grow_body(limits, LIMITS_BODY_SMALL, large));
	ck_assert(limits_grow_body(limits, large, large));
	limits_free(limits);
}
END_TEST

/* As it comes in at a socket that listens for both. */
START_TEST(test_connections_when_ipv4_is_mapped_then_each_address_counts_alone)
{
	struct limits *limits = limits_new(100, 1, 0);
	struct peer plain = peer_of("192.0.2.1", 1);
	struct peer same = peer_of("::ffff:192.0.2.1", 2);
	struct peer other = peer_of("::ffff:192.0.2.2", 1);
	struct peer loopback = peer_of("::1", 1);

	ck_assert_int_eq(limits_enter(limits, &plain), LIMITS_OK);
	ck_assert_int_eq(limits_enter(limits, &same), LIMITS_ADDRESS);
	ck_assert_int_eq(limits_enter(limits, &other), LIMITS_OK);
	ck_assert_int_eq(limits_enter(limits, &loopback), LIMITS_OK);
	limits_free(limits);
}
END_TEST

static const struct {
	const char *address;
	uint16_t port;
	const char *text;
} peers[] = {
	{ "127.0.0.1", 80, "127.0.0.1:80" },
	{ "::1", 65535, "[::1]:65535" },
	{ "::ffff:192.0.2.7", 1, "192.0.2.7:1" },
	{ "", 0, "unix" },
};

START_TEST(test_peer_when_formatted_and_back_then_the_same)
{
	struct peer peer = peer_of(peers[_i].address, peers[_i].port);
	struct sockaddr_storage storage;
	char text[PEER_TEXT_BYTES];
	struct peer again;

	peer_format(&peer, text);
	ck_assert_str_eq(text, peers[_i].text);
	ck_assert_uint_gt(peer_to_sockaddr(&peer, &storage), 0);
	peer_from_sockaddr(&again, &storage);
	ck_assert_mem_eq(&again, &peer, sizeof(peer));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("http/limits");
	TCase *t = tcase_create("limits");

	tcase_add_test(
	    t,
	    test_reserve_when_limit_is_reached_then_half_is_for_unix_sockets);
	tcase_add_test(
	    t,
	    test_connections_when_limit_is_reached_then_refused_until_one_goes);
	tcase_add_test(
	    t, test_connections_when_per_address_then_each_counts_alone);
	tcase_add_test(
	    t,
	    test_connections_when_ipv4_is_mapped_then_each_address_counts_alone);
	tcase_add_test(
	    t,
	    test_bodies_when_large_then_counted_and_small_ones_never_refused);
	tcase_add_loop_test(t, test_peer_when_formatted_and_back_then_the_same,
			    0, (int)(sizeof(peers) / sizeof(peers[0])));
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
