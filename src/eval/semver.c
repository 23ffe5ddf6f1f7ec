/*
 * Numbers stay text: without leading zeros the longer one is the greater, so
 * no version is too large.
 */
#include "eval/semver.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_identifier_char(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '-';
}

/* Take `length` bytes off the front of `text`. */
static struct string
cut(struct string *text, size_t length)
{
	struct string front = { text->data, length };

	text->data += length;
	text->length -= length;
	return front;
}

static bool
skip(struct string *text, char c)
{
	if (text->length == 0 || text->data[0] != c)
		return false;
	cut(text, 1);
	return true;
}

static bool
take_number(struct string *text, struct string *number)
{
	size_t length = 0;

	while (length < text->length && is_digit(text->data[length]))
		length++;
	*number = cut(text, length);
	return length == 1 || (length > 1 && number->data[0] != '0');
}

static bool
is_numeric(struct string identifier)
{
	for (size_t i = 0; i < identifier.length; i++) {
		if (!is_digit(identifier.data[i]))
			return false;
	}
	return true;
}

static struct string
take_identifier(struct string *text)
{
	size_t length = 0;

	while (length < text->length && is_identifier_char(text->data[length]))
		length++;
	return cut(text, length);
}

/* Identifiers with dots between them, none empty; numeric ones of a prerelease
 * without leading zeros. */
static bool
take_identifiers(struct string *text, bool strict_numbers, struct string *taken)
{
	const char *start = text->data;

	do {
		struct string identifier = take_identifier(text);

		if (identifier.length == 0)
			return false;
		if (strict_numbers && identifier.length > 1 &&
		    identifier.data[0] == '0' && is_numeric(identifier))
			return false;
	} while (skip(text, '.'));
	*taken = (struct string){ start, (size_t)(text->data - start) };
	return true;
}

bool
semver_parse(struct string text, struct semver *version)
{
	static const struct string zero = { "0", 1 };
	struct string build;
	unsigned given = 0;

	if (!skip(&text, 'v'))
		(void)skip(&text, 'V');
	version->prerelease = (struct string){ "", 0 };
	do {
		if (!take_number(&text, &version->numbers[given]))
			return false;
		given++;
	} while (given < 3 && skip(&text, '.'));
	for (unsigned i = given; i < 3; i++)
		version->numbers[i] = zero;
	if (given == 3 && skip(&text, '-') &&
	    !take_identifiers(&text, true, &version->prerelease))
		return false;
	if (given == 3 && skip(&text, '+') &&
	    !take_identifiers(&text, false, &build))
		return false;
	return text.length == 0;
}

static int
compare_numbers(struct string a, struct string b)
{
	if (a.length != b.length)
		return a.length < b.length ? -1 : 1;
	return string_compare(a, b);
}

/* Numeric identifiers stand before others. */
static int
compare_identifiers(struct string a, struct string b)
{
	bool a_numeric = is_numeric(a);
	bool b_numeric = is_numeric(b);

	if (a_numeric != b_numeric)
		return a_numeric ? -1 : 1;
	return a_numeric ? compare_numbers(a, b) : string_compare(a, b);
}

/* A prerelease stands before its release; of two that begin alike the longer
 * stands behind. */
static int
compare_prereleases(struct string a, struct string b)
{
	int order = 0;

	if (a.length == 0 || b.length == 0)
		return (a.length == 0) - (b.length == 0);
	while (order == 0 && a.length > 0 && b.length > 0) {
		order = compare_identifiers(take_identifier(&a),
					    take_identifier(&b));
		(void)skip(&a, '.');
		(void)skip(&b, '.');
	}
	if (order != 0)
		return order;
	return (a.length > 0) - (b.length > 0);
}

int
semver_compare(const struct semver *a, const struct semver *b)
{
	for (unsigned i = 0; i < 3; i++) {
		int order = compare_numbers(a->numbers[i], b->numbers[i]);

		if (order != 0)
			return order;
	}
	return compare_prereleases(a->prerelease, b->prerelease);
}

bool
semver_same_numbers(const struct semver *a, const struct semver *b,
		    unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (compare_numbers(a->numbers[i], b->numbers[i]) != 0)
			return false;
	}
	return true;
}
