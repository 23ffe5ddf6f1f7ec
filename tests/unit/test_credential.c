#include "model/credential.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

START_TEST(test_credential_when_made_then_it_parses_to_the_same)
{
	char text[CREDENTIAL_LENGTH + 1];
	struct credential made, parsed;

	credential_make(NULL, text, &made);
	ck_assert_uint_eq(strlen(text), CREDENTIAL_LENGTH);
	ck_assert_int_eq(strncmp(text, "tgd_", 4), 0);
	ck_assert(credential_is_id(made.id, strlen(made.id)));
	ck_assert(credential_parse(text, strlen(text), &parsed));
	ck_assert_str_eq(parsed.id, made.id);
	ck_assert(sha256_equal(parsed.hash, made.hash));
}
END_TEST

START_TEST(test_credential_when_made_for_an_id_then_only_the_secret_is_new)
{
	char a[CREDENTIAL_LENGTH + 1], b[CREDENTIAL_LENGTH + 1];
	struct credential first, second;

	credential_make(NULL, a, &first);
	credential_make(first.id, b, &second);
	ck_assert_str_eq(first.id, second.id);
	ck_assert(!sha256_equal(first.hash, second.hash));
	ck_assert_str_ne(a, b);
}
END_TEST

START_TEST(test_credential_when_many_are_made_then_every_letter_occurs)
{
	char text[CREDENTIAL_LENGTH + 1];
	bool seen[256] = { false };
	struct credential made;
	int letters = 0;

	for (int i = 0; i < 200; i++) {
		credential_make(NULL, text, &made);
		for (const char *c = text + 15; *c != '_'; c++)
			seen[(unsigned char)*c] = true;
	}
	for (int i = 0; i < 256; i++)
		letters += seen[i];
	ck_assert_int_eq(letters, 62);
}
END_TEST

/* Any one character changed, and any one left out. */
START_TEST(test_credential_when_mistyped_then_refused)
{
	char text[CREDENTIAL_LENGTH + 1];
	struct credential made;

	credential_make(NULL, text, &made);
	for (size_t i = 0; i < CREDENTIAL_LENGTH; i++) {
		char was = text[i];

		text[i] = was == 'a' ? 'b' : 'a';
		ck_assert_msg(!credential_parse(text, CREDENTIAL_LENGTH, &made),
			      "%zu: %s", i, text);
		text[i] = was;
	}
	for (size_t i = 0; i < CREDENTIAL_LENGTH; i++)
		ck_assert(!credential_parse(text, i, &made));
	ck_assert(credential_parse(text, CREDENTIAL_LENGTH, &made));
}
END_TEST

static const char *const junk[] = {
	"",
	"tgd_",
	"Bearer",
	"tgd_0123456789_0123456789012345678901234567890123456789012_00000000",
	"ghp_0123456789_0123456789012345678901234567890123456789012_00000000",
	"tgd_0123456789_012345678901234567890123456789012345678901\xff_"
	"00000000",
	"tgd_012345678A_0123456789012345678901234567890123456789012_00000000",
};

START_TEST(test_credential_when_junk_then_refused)
{
	struct credential credential;

	ck_assert(!credential_parse(junk[_i], strlen(junk[_i]), &credential));
}
END_TEST

#define MASKED "tgd_0123456789_***"

/* What is said of a text that somebody pasted a credential into. */
static const struct {
	const char *text;
	const char *masked;
} masks[] = {
	{ "", "" },
	{ "tgd_", "tgd_" },
	{ "tgd_0123456789", "tgd_0123456789" },
	{ "tgd_0123456789_", "tgd_0123456789_" },
	{ "tgd_0123456789_ab", "tgd_0123456789_**" },
	{ "/v1/tokens/"
	  "tgd_0123456789_0123456789012345678901234567890123456789012_0000000f"
	  "/rotate",
	  "/v1/tokens/" MASKED "/rotate" },
	/* Cut, mistyped, twice, and behind what only begins alike. */
	{ "tgd_0123456789_aBcDeFgH", MASKED },
	{ "tgd_0123456789_aBcD_eFgH_x!tgd_0123456789_secret, too",
	  MASKED "!" MASKED ", too" },
	{ "tgd_tgd_0123456789_secret", "tgd_" MASKED },
	{ "tgd_my_toggle", "tgd_my_toggle" },
	{ "tgd_0123456789-secret", "tgd_0123456789-secret" },
};

START_TEST(test_credential_when_pasted_into_a_text_then_only_its_id_is_left)
{
	char text[256];
	size_t length = strlen(masks[_i].text);

	memcpy(text, masks[_i].text, length + 1);
	length = credential_mask(text, length);
	ck_assert_str_eq(text, masks[_i].masked);
	ck_assert_uint_eq(length, strlen(masks[_i].masked));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("model/credential");
	TCase *tc = tcase_create("credential");
	SRunner *runner;
	int failed;

	tcase_add_test(tc,
		       test_credential_when_made_then_it_parses_to_the_same);
	tcase_add_test(
	    tc,
	    test_credential_when_made_for_an_id_then_only_the_secret_is_new);
	tcase_add_test(
	    tc, test_credential_when_many_are_made_then_every_letter_occurs);
	tcase_add_test(tc, test_credential_when_mistyped_then_refused);
	tcase_add_loop_test(tc, test_credential_when_junk_then_refused, 0,
			    (int)(sizeof(junk) / sizeof(junk[0])));
	tcase_add_loop_test(
	    tc,
	    test_credential_when_pasted_into_a_text_then_only_its_id_is_left, 0,
	    (int)(sizeof(masks) / sizeof(masks[0])));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
