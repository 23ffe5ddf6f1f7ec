/*
 * The decimal numeral is found by its grammar first and then given to strtod,
 * which would accept more than JavaScript does ("nan", "0x1p3", "infinity").
 */
#include "eval/number.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Longer numerals are no numbers to us; the exact text of the smallest double
 * takes 1,077 characters. */
enum { NUMERAL_BYTES = 1100 };

static struct string
skip(struct string text, size_t length)
{
	return (struct string){ text.data + length, text.length - length };
}

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct string
trim(struct string text)
{
	while (text.length > 0 && is_space(text.data[0]))
		text = skip(text, 1);
	while (text.length > 0 && is_space(text.data[text.length - 1]))
		text.length--;
	return text;
}

static size_t
count_digits(struct string text, size_t at)
{
	size_t n = 0;

	while (at + n < text.length && text.data[at + n] >= '0' &&
	       text.data[at + n] <= '9')
		n++;
	return n;
}

static bool
has(struct string text, size_t at, const char *any_of)
{
	return at < text.length && text.data[at] != '\0' &&
	       strchr(any_of, text.data[at]) != NULL;
}

/* The length of the decimal numeral that the text begins with, or 0. */
static size_t
match_decimal(struct string text)
{
	size_t at = has(text, 0, "+-") ? 1 : 0;
	size_t digits = count_digits(text, at);
	size_t exponent;

	at += digits;
	if (has(text, at, ".")) {
		size_t fraction = count_digits(text, at + 1);

		digits += fraction;
		at += 1 + fraction;
	}
	if (digits == 0)
		return 0;
	if (!has(text, at, "eE"))
		return at;
	exponent = at + 1 + (has(text, at + 1, "+-") ? 1 : 0);
	if (count_digits(text, exponent) > 0)
		at = exponent + count_digits(text, exponent);
	return at;
}

static double
decimal(struct string text)
{
	char numeral[NUMERAL_BYTES];
	double small = 0;

	/* Most numbers are short and have only digits. */
	if (text.length <= 15 && count_digits(text, 0) == text.length) {
		for (size_t i = 0; i < text.length; i++)
			small = small * 10 + (text.data[i] - '0');
		return small;
	}
	if (text.length >= sizeof(numeral))
		return NAN;
	memcpy(numeral, text.data, text.length);
	numeral[text.length] = '\0';
	return strtod(numeral, NULL);
}

/* The length of an "Infinity" with its sign, or 0. */
static size_t
match_infinity(struct string text)
{
	static const char word[] = "Infinity";
	size_t sign = has(text, 0, "+-") ? 1 : 0;
	size_t length = sign + sizeof(word) - 1;

	if (text.length < length ||
	    memcmp(text.data + sign, word, sizeof(word) - 1) != 0)
		return 0;
	return length;
}

static int
digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (isxdigit((unsigned char)c))
		return (c | 0x20) - 'a' + 10;
	return 16;
}

/* "0x1f" and the like, which have no sign. */
static double
prefixed(struct string text, int base)
{
	double number = 0;

	text = skip(text, 2);
	if (text.length == 0)
		return NAN;
	for (size_t i = 0; i < text.length; i++) {
		int digit = digit_value(text.data[i]);

		if (digit >= base)
			return NAN;
		number = number * base + digit;
	}
	return number;
}

double
number_parse(struct string text)
{
	text = trim(text);
	if (text.length == 0)
		return 0;
	if (text.length > 1 && text.data[0] == '0') {
		if (has(text, 1, "xX"))
			return prefixed(text, 16);
		if (has(text, 1, "oO"))
			return prefixed(text, 8);
		if (has(text, 1, "bB"))
			return prefixed(text, 2);
	}
	if (match_decimal(text) == text.length)
		return decimal(text);
	if (match_infinity(text) == text.length)
		return text.data[0] == '-' ? -INFINITY : INFINITY;
	return NAN;
}

double
number_parse_prefix(struct string text)
{
	size_t length;

	text = trim(text);
	length = match_decimal(text);
	if (length > 0) {
		text.length = length;
		return decimal(text);
	}
	if (match_infinity(text) > 0)
		return text.data[0] == '-' ? -INFINITY : INFINITY;
	return NAN;
}
