#include "base/hash.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

struct sip_case {
	size_t length; /* of the message 00 01 02 ... */
	uint64_t hash;
};

/* From the appendix of the SipHash paper and its reference vectors; the key
 * is 00 01 .. 0f. */
static const struct sip_case sip_cases[] = {
	{ 0, 0x726fdb47dd0e0e31 },
	{ 1, 0x74f839c593dc67fd },
	{ 8, 0x93f5f5799a932462 },
	{ 15, 0xa129ca6149be45e5 },
};

START_TEST(test_hash_siphash_when_vector_then_known_hash)
{
	uint8_t key[HASH_KEY_BYTES];
	uint8_t message[64];

	for (uint8_t i = 0; i < sizeof(message); i++)
		message[i] = i;
	memcpy(key, message, sizeof(key));
	ck_assert_uint_eq(hash_siphash(key, message, sip_cases[_i].length),
			  sip_cases[_i].hash);
}
END_TEST

START_TEST(test_hash_bytes_when_same_key_then_same_hash)
{
	ck_assert_uint_eq(hash_bytes("toggle", 6), hash_bytes("toggle", 6));
	ck_assert_uint_ne(hash_bytes("toggle", 6), hash_bytes("toggles", 7));
	ck_assert_uint_ne(hash_bytes("", 0), hash_bytes("\0", 1));
}
END_TEST

struct sha_case {
	const char *message;
	const char *hex;
};

/* FIPS 180-2 examples. */
static const struct sha_case sha_cases[] = {
	{ "", "e3b0c44298fc1c149afbf4c8996fb924"
	      "27ae41e4649b934ca495991b7852b855" },
	{ "abc", "ba7816bf8f01cfea414140de5dae2223"
		 "b00361a396177a9cb410ff61f20015ad" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	  "248d6a61d20638b8e5c026930c3e6039"
	  "a33ce45964ff2167f6ecedd419db06c1" },
};

START_TEST(test_sha256_when_fed_in_pieces_then_known_digest)
{
	const struct sha_case *c = &sha_cases[_i];
	size_t length = strlen(c->message);

	for (size_t cut = 0; cut <= length; cut++) {
		struct sha256 sha;
		uint8_t digest[SHA256_BYTES];
		char hex[SHA256_HEX_BYTES];

		sha256_init(&sha);
		sha256_update(&sha, c->message, cut);
		sha256_update(&sha, c->message + cut, length - cut);
		sha256_final(&sha, digest);
		sha256_hex(digest, hex);
		ck_assert_str_eq(hex, c->hex);
	}
}
END_TEST

static Suite *
hash_suite(void)
{
	Suite *suite = suite_create("hash");
	TCase *tcase = tcase_create("hash");

	tcase_add_loop_test(tcase,
			    test_hash_siphash_when_vector_then_known_hash, 0,
			    (int)(sizeof(sip_cases) / sizeof(sip_cases[0])));
	tcase_add_test(tcase, test_hash_bytes_when_same_key_then_same_hash);
	tcase_add_loop_test(tcase,
			    test_sha256_when_fed_in_pieces_then_known_digest, 0,
			    (int)(sizeof(sha_cases) / sizeof(sha_cases[0])));
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(hash_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
