/*
 * Values to JSON text.
 *
 * The shortest decimal of a double: a normal double is the only one near any
 * decimal of up to 15 digits that reads as it, so 15 digits and the zeros cut
 * off are the shortest if they read back, else it takes 16 or 17. Two cases
 * need more: subnormal doubles carry fewer digits, so there the search starts
 * at 1; and a power of two has its lower neighbour at half the distance, so
 * the nearest decimal may fall outside of it where the next one up does not.
 *
 * No text with a decimal point is read or kept from the C library: its form
 * depends on the locale.
 */
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/value.h"

enum { DIGITS_SURE = 15, DIGITS_MAX = 17 };

/* 0.DIGITS times ten to the power of `point`. */
struct decimal {
	char digits[DIGITS_MAX + 1];
	int count;
	int point;
};

static struct decimal
round_to(double number, int digits)
{
	struct decimal decimal = { .count = digits };
	char text[64];
	const char *at = text;

	(void)snprintf(text, sizeof(text), "%.*e", digits - 1, number);
	for (int i = 0; i < digits; at++) {
		if (*at >= '0' && *at <= '9')
			decimal.digits[i++] = *at;
	}
	decimal.point = (int)strtol(strchr(at, 'e') + 1, NULL, 10) + 1;
	return decimal;
}

/* The next decimal of as many digits. */
static void
step_up(struct decimal *decimal)
{
	int i = decimal->count - 1;

	while (i >= 0 && decimal->digits[i] == '9')
		decimal->digits[i--] = '0';
	if (i >= 0) {
		decimal->digits[i]++;
		return;
	}
	decimal->digits[0] = '1';
	decimal->point++;
}

static bool
reads_as(const struct decimal *decimal, double number)
{
	char text[64];
	double read;

	(void)snprintf(text, sizeof(text), "%.*se%d", decimal->count,
		       decimal->digits, decimal->point - decimal->count);
	read = strtod(text, NULL);
	return !(read < number) && !(read > number);
}

/* `number` is finite and above zero. */
static struct decimal
shortest(double number)
{
	int exponent;
	bool is_power_of_two = !(frexp(number, &exponent) > 0.5);
	struct decimal decimal;

	for (int n = number < DBL_MIN ? 1 : DIGITS_SURE;; n++) {
		decimal = round_to(number, n);
		if (n == DIGITS_MAX || reads_as(&decimal, number))
			break;
		if (!is_power_of_two)
			continue;
		step_up(&decimal);
		if (reads_as(&decimal, number))
			break;
	}
	while (decimal.count > 1 && decimal.digits[decimal.count - 1] == '0')
		decimal.count--;
	return decimal;
}

static void
put_zeros(struct bytes *out, int count)
{
	while (count-- > 0)
		bytes_append_char(out, '0');
}

/* The layout of ECMAScript's Number::toString: plain up to 21 digits before
 * the point and six zeros behind it, else with an exponent. */
static void
put_decimal(const struct decimal *decimal, struct bytes *out)
{
	const char *digits = decimal->digits;
	size_t count = (size_t)decimal->count;
	int point = decimal->point;

	if (point > 21 || point <= -6) {
		bytes_append_char(out, digits[0]);
		if (count > 1) {
			bytes_append_char(out, '.');
			bytes_append(out, digits + 1, count - 1);
		}
		bytes_append_str(out, point > 0 ? "e+" : "e");
		bytes_append_int(out, point - 1);
	} else if (point <= 0) {
		bytes_append_str(out, "0.");
		put_zeros(out, -point);
		bytes_append(out, digits, count);
	} else if (point < decimal->count) {
		bytes_append(out, digits, (size_t)point);
		bytes_append_char(out, '.');
		bytes_append(out, digits + point, count - (size_t)point);
	} else {
		bytes_append(out, digits, count);
		put_zeros(out, point - decimal->count);
	}
}

void
value_encode_number_js(double number, struct bytes *out)
{
	struct decimal decimal;

	if (isnan(number)) {
		bytes_append_str(out, "NaN");
		return;
	}
	if (number < 0)
		bytes_append_char(out, '-');
	number = fabs(number);
	if (isinf(number)) {
		bytes_append_str(out, "Infinity");
	} else if (number > 0) {
		decimal = shortest(number);
		put_decimal(&decimal, out);
	} else {
		bytes_append_char(out, '0');
	}
}

static void
put_real(double number, struct bytes *out)
{
	size_t start = out->length;

	if (!isfinite(number)) {
		bytes_append_str(out, "null");
		return;
	}
	/* JavaScript prints minus zero without its sign. */
	if (!(number < 0) && signbit(number))
		bytes_append_char(out, '-');
	value_encode_number_js(number, out);
	if (strpbrk(out->data + start, ".e") == NULL)
		bytes_append_str(out, ".0");
}

/* The letter behind the backslash, where a byte has one. */
static const char escape_letters[UCHAR_MAX + 1] = {
	['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
	['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't',
};

/* The escape of a byte in a JSON string, or NULL when it stands for itself. */
static const char *
escape_of(unsigned char c, char text[8])
{
	if (escape_letters[c] != '\0')
		(void)snprintf(text, 8, "\\%c", escape_letters[c]);
	else if (c < 0x20)
		(void)snprintf(text, 8, "\\u%04x", (unsigned)c);
	else
		return NULL;
	return text;
}

void
value_encode_string(const char *data, size_t length, struct bytes *out)
{
	size_t plain = 0; /* where the bytes begin that need no escape */

	bytes_reserve(out, length + 2);
	bytes_append_char(out, '"');
	for (size_t i = 0; i < length; i++) {
		char text[8];
		const char *escape = escape_of((unsigned char)data[i], text);

		if (escape == NULL)
			continue;
		bytes_append(out, data + plain, i - plain);
		bytes_append_str(out, escape);
		plain = i + 1;
	}
	if (plain < length)
		bytes_append(out, data + plain, length - plain);
	bytes_append_char(out, '"');
}

struct encoder {
	struct bytes *out;
	bool is_all_real; /* integers, too */
};

static void encode(const struct encoder *encoder, const struct value *value);

static void
encode_array(const struct encoder *encoder, const struct value *value)
{
	bytes_append_char(encoder->out, '[');
	for (size_t i = 0; i < value->array.count; i++) {
		if (i > 0)
			bytes_append_char(encoder->out, ',');
		encode(encoder, &value->array.items[i]);
	}
	bytes_append_char(encoder->out, ']');
}

static void
encode_object(const struct encoder *encoder, const struct value *value)
{
	bytes_append_char(encoder->out, '{');
	for (size_t i = 0; i < value->object.count; i++) {
		const struct member *member = &value->object.members[i];

		if (i > 0)
			bytes_append_char(encoder->out, ',');
		value_encode_string(member->name.data, member->name.length,
				    encoder->out);
		bytes_append_char(encoder->out, ':');
		encode(encoder, &member->value);
	}
	bytes_append_char(encoder->out, '}');
}

static void
encode(const struct encoder *encoder, const struct value *value)
{
	switch (value->type) {
	case VALUE_NULL:
		bytes_append_str(encoder->out, "null");
		break;
	case VALUE_BOOL:
		bytes_append_str(encoder->out,
				 value->boolean ? "true" : "false");
		break;
	case VALUE_INTEGER:
		if (encoder->is_all_real)
			put_real((double)value->integer, encoder->out);
		else
			bytes_append_int(encoder->out, value->integer);
		break;
	case VALUE_REAL:
		put_real(value->real, encoder->out);
		break;
	case VALUE_STRING:
		value_encode_string(value->string.data, value->string.length,
				    encoder->out);
		break;
	case VALUE_ARRAY:
		encode_array(encoder, value);
		break;
	case VALUE_OBJECT:
		encode_object(encoder, value);
		break;
	}
}

void
value_encode(const struct value *value, struct bytes *out)
{
	encode(&(struct encoder){ out, false }, value);
}

void
value_encode_real(const struct value *value, struct bytes *out)
{
	encode(&(struct encoder){ out, true }, value);
}
