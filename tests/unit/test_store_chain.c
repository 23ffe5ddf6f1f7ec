#include "../../src/store/chain.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(s)                                                                \
	{                                                                      \
		(s), sizeof(s) - 1                                             \
	}

static const uint8_t genesis[SHA256_BYTES];

/* What may differ between two changes. Every row has to hash to something of
 * its own: also those that only move a border between two fields. */
struct chain_case {
	struct chain_change change;
	struct {
		enum kind kind;
		struct string key;
		struct string text;
		bool removed;
	} items[2];
	size_t count;
};

#define HEAD                                                                   \
	{                                                                      \
		1, 2, TEXT("default"), TEXT("ann"), TEXT("why")                \
	}
#define ITEM(key, text)                                                        \
	{                                                                      \
		KIND_TOGGLE, TEXT(key), TEXT(text), false                      \
	}

static const struct chain_case cases[] = {
	{ HEAD, { ITEM("k", "t") }, 1 },
	{ HEAD, { ITEM("kt", "") }, 1 },
	{ HEAD, { ITEM("", "kt") }, 1 },
	{ HEAD, { { KIND_SEGMENT, TEXT("k"), TEXT("t"), false } }, 1 },
	{ HEAD, { { KIND_TOGGLE, TEXT("k"), TEXT(""), true } }, 1 },
	{ HEAD, { ITEM("k", "") }, 1 },
	{ HEAD, { ITEM("k", "t"), ITEM("l", "t") }, 2 },
	{ HEAD, { ITEM("k", "t") }, 0 },
	{ { 2, 2, TEXT("default"), TEXT("ann"), TEXT("why") },
	  { ITEM("k", "t") },
	  1 },
	{ { 1, 3, TEXT("default"), TEXT("ann"), TEXT("why") },
	  { ITEM("k", "t") },
	  1 },
	{ { 1, 2, TEXT("defaulta"), TEXT("nn"), TEXT("why") },
	  { ITEM("k", "t") },
	  1 },
	{ { 1, 2, TEXT("default"), TEXT("annw"), TEXT("hy") },
	  { ITEM("k", "t") },
	  1 },
	{ { 1, 2, TEXT("default"), TEXT("ann"), TEXT("") },
	  { ITEM("k", "t") },
	  1 },
};

enum { CASES = sizeof(cases) / sizeof(cases[0]) };

static void
hash_case(const struct chain_case *c, const uint8_t *previous,
	  uint8_t hash[SHA256_BYTES])
{
	struct chain chain;

	chain_begin(&chain, previous, &c->change);
	for (size_t i = 0; i < c->count; i++) {
		if (c->items[i].removed)
			chain_remove(&chain, c->items[i].kind, c->items[i].key);
		else
			chain_set(&chain, c->items[i].kind, c->items[i].key,
				  c->items[i].text);
	}
	chain_end(&chain, hash);
}

START_TEST(test_chain_when_anything_differs_then_hash_differs)
{
	uint8_t mine[SHA256_BYTES];
	uint8_t other[SHA256_BYTES];

	hash_case(&cases[_i], genesis, mine);
	for (int i = 0; i < CASES; i++) {
		hash_case(&cases[i], genesis, other);
		ck_assert_int_eq(memcmp(mine, other, sizeof(mine)) == 0,
				 i == _i);
	}
	hash_case(&cases[_i], mine, other);
	ck_assert_mem_ne(mine, other, sizeof(mine));
}
END_TEST

/* Computed by hand, with another program: the encoding is for ever. */
START_TEST(test_chain_when_known_change_then_known_hash)
{
	uint8_t hash[SHA256_BYTES];
	char hex[SHA256_HEX_BYTES];

	hash_case(&cases[6], genesis, hash);
	sha256_hex(hash, hex);
	ck_assert_str_eq(
	    hex,
	    "d0c9368a3ca4e0b7a2c28b3127de69682cb9c55f3b5357b20f7ff4efc3cacdd2");
}
END_TEST

struct compare_case {
	enum kind kind_a;
	const char *a;
	enum kind kind_b;
	const char *b;
	int order;
};

static const struct compare_case compare_cases[] = {
	{ KIND_TOGGLE, "a", KIND_TOGGLE, "a", 0 },
	{ KIND_TOGGLE, "a", KIND_TOGGLE, "b", -1 },
	{ KIND_TOGGLE, "a", KIND_TOGGLE, "aa", -1 },
	{ KIND_TOGGLE, "", KIND_TOGGLE, "a", -1 },
	{ KIND_TOGGLE, "Z", KIND_TOGGLE, "a", -1 },
	{ KIND_SEGMENT, "z", KIND_TOGGLE, "a", -1 },
	{ KIND_TOGGLE, "\xc3\xa4", KIND_TOGGLE, "z", 1 },
};

static int
sign(int n)
{
	return (n > 0) - (n < 0);
}

START_TEST(test_chain_compare_when_two_items_then_kind_then_bytes)
{
	const struct compare_case *c = &compare_cases[_i];
	const struct string a = { c->a, strlen(c->a) };
	const struct string b = { c->b, strlen(c->b) };

	ck_assert_int_eq(sign(chain_compare(c->kind_a, a, c->kind_b, b)),
			 c->order);
	ck_assert_int_eq(sign(chain_compare(c->kind_b, b, c->kind_a, a)),
			 -c->order);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("store_chain");
	TCase *tcase = tcase_create("store_chain");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tcase,
			    test_chain_when_anything_differs_then_hash_differs,
			    0, CASES);
	tcase_add_test(tcase, test_chain_when_known_change_then_known_hash);
	tcase_add_loop_test(
	    tcase, test_chain_compare_when_two_items_then_kind_then_bytes, 0,
	    (int)(sizeof(compare_cases) / sizeof(compare_cases[0])));
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
