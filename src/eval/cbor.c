#include "eval/cbor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/machine.h"

/* Major types, in the upper three bits of an item's first byte. */
enum {
	UNSIGNED = 0 << 5,
	NEGATIVE = 1 << 5,
	TEXT = 3 << 5,
	ARRAY = 4 << 5,
	MAP = 5 << 5,
	SIMPLE = 7 << 5,
};

/* What follows a first byte: in itself, or in 1, 2, 4, 8 further bytes. */
enum { IN_1 = 24, IN_2 = 25, IN_4 = 26, IN_8 = 27 };

enum { FALSE = SIMPLE | 20, TRUE = SIMPLE | 21, NIL = SIMPLE | 22 };

static void
put_byte(unsigned byte, struct murmur3 *murmur)
{
	unsigned char c = (unsigned char)byte;

	murmur3_update(murmur, &c, 1);
}

/* The lowest `bytes` bytes, the highest first. */
static void
put_big_endian(uint64_t number, unsigned bytes, struct murmur3 *murmur)
{
	while (bytes-- > 0)
		put_byte((unsigned)(number >> 8 * bytes) & 0xff, murmur);
}

static void
put_head(unsigned major, uint64_t argument, struct murmur3 *murmur)
{
	unsigned width = IN_8;

	if (argument < IN_1) {
		put_byte(major | (unsigned)argument, murmur);
		return;
	}
	if (argument <= UINT8_MAX)
		width = IN_1;
	else if (argument <= UINT16_MAX)
		width = IN_2;
	else if (argument <= UINT32_MAX)
		width = IN_4;
	put_byte(major | width, murmur);
	put_big_endian(argument, 1u << (width - IN_1), murmur);
}

/* Half precision has 10 bits of fraction and exponents from -14 to 15, and
 * below that multiples of 2^-24. False when `number` is none of these. */
static bool
to_half(double number, uint64_t *bits)
{
	unsigned sign = signbit(number) ? 0x8000 : 0;
	double magnitude = fabs(number);
	double scaled;
	int exponent;

	if (isnan(number) || isinf(number)) {
		*bits = isnan(number) ? 0x7e00 : sign | 0x7c00;
		return true;
	}
	(void)frexp(magnitude, &exponent);
	/* The unit of the last place: 2^(exponent - 11), at least 2^-24. */
	exponent = exponent > -13 ? exponent : -13;
	scaled = ldexp(magnitude, 11 - exponent);
	if (exponent > 16 || scaled != trunc(scaled))
		return false;
	/* The implicit leading bit of the fraction adds 1 to the exponent. */
	*bits = sign | (((uint64_t)(exponent + 13) << 10) + (uint64_t)scaled);
	return true;
}

static void
put_float(double number, struct murmur3 *murmur)
{
	float single = (float)number;
	uint64_t bits = 0;
	uint32_t bits32 = 0;

	if (to_half(number, &bits)) {
		put_byte(SIMPLE | IN_2, murmur);
		put_big_endian(bits, 2, murmur);
	} else if ((double)single == number) {
		memcpy(&bits32, &single, sizeof(bits32));
		put_byte(SIMPLE | IN_4, murmur);
		put_big_endian(bits32, 4, murmur);
	} else {
		memcpy(&bits, &number, sizeof(bits));
		put_byte(SIMPLE | IN_8, murmur);
		put_big_endian(bits, 8, murmur);
	}
}

static void
put_integer(int64_t integer, struct murmur3 *murmur)
{
	if (integer >= 0)
		put_head(UNSIGNED, (uint64_t)integer, murmur);
	else
		put_head(NEGATIVE, (uint64_t) - (integer + 1), murmur);
}

static void
put_real(double real, struct murmur3 *murmur)
{
	static const double two_63 = 9223372036854775808.0;

	if (real != trunc(real) || real < -two_63 || real >= 2 * two_63)
		put_float(real, murmur);
	else if (real >= two_63)
		put_head(UNSIGNED, (uint64_t)real, murmur);
	else
		put_integer((int64_t)real, murmur);
}

void
cbor_hash_text(struct string text, struct murmur3 *murmur)
{
	put_head(TEXT, text.length, murmur);
	murmur3_update(murmur, text.data, text.length);
}

void
cbor_hash_array(size_t count, struct murmur3 *murmur)
{
	put_head(ARRAY, count, murmur);
}

/* By encoded name: the head makes a shorter one stand before a longer one. */
static int
compare_names(const void *left, const void *right)
{
	const struct string a = ((const struct member *)left)->name;
	const struct string b = ((const struct member *)right)->name;

	if (a.length != b.length)
		return a.length < b.length ? -1 : 1;
	return memcmp(a.data, b.data, a.length);
}

static bool
put_map(struct machine *machine, const struct value *object,
	struct murmur3 *murmur)
{
	size_t count = object->object.count;
	struct member *sorted = machine_alloc(machine, count, sizeof(*sorted));

	if (sorted == NULL)
		return false;
	put_head(MAP, count, murmur);
	if (count > 0)
		memcpy(sorted, object->object.members, count * sizeof(*sorted));
	if (count > 1)
		qsort(sorted, count, sizeof(*sorted), compare_names);
	for (size_t i = 0; i < count; i++) {
		cbor_hash_text(sorted[i].name, murmur);
		if (!cbor_hash(machine, &sorted[i].value, murmur))
			return false;
	}
	return true;
}

bool
cbor_hash(struct machine *machine, const struct value *value,
	  struct murmur3 *murmur)
{
	if (--machine->steps < 0) {
		machine_exhausted(machine);
		return false;
	}
	switch (value->type) {
	case VALUE_NULL:
		put_byte(NIL, murmur);
		break;
	case VALUE_BOOL:
		put_byte(value->boolean ? TRUE : FALSE, murmur);
		break;
	case VALUE_INTEGER:
		put_integer(value->integer, murmur);
		break;
	case VALUE_REAL:
		put_real(value->real, murmur);
		break;
	case VALUE_STRING:
		cbor_hash_text(value->string, murmur);
		break;
	case VALUE_ARRAY:
		cbor_hash_array(value->array.count, murmur);
		for (size_t i = 0; i < value->array.count; i++) {
			if (!cbor_hash(machine, &value->array.items[i], murmur))
				return false;
		}
		break;
	case VALUE_OBJECT:
		return put_map(machine, value, murmur);
	}
	return true;
}
