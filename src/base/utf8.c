#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

/* The lengths and lower bounds of Unicode 15, table 3-7, as arithmetic. */
static size_t
sequence(const unsigned char *s, size_t left)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = s[0] < 0x80             ? 1
		   : (s[0] & 0xe0) == 0xc0 ? 2
		   : (s[0] & 0xf0) == 0xe0 ? 3
		   : (s[0] & 0xf8) == 0xf0 ? 4
					   : 0;
	uint32_t point;

	if (n <= 1)
		return n;
	if (n > left)
		return 0;
	point = s[0] & (0x7fU >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (s[i] & 0x3fU);
	}
	if (point < least[n] || point > 0x10ffff ||
	    (point >= 0xd800 && point <= 0xdfff))
		return 0;
	return n;
}

bool
utf8_is_valid(const char *data, size_t length)
{
	const unsigned char *s = (const unsigned char *)data;

	for (size_t at = 0; at < length;) {
		size_t n = sequence(s + at, length - at);

		if (n == 0)
			return false;
		at += n;
	}
	return true;
}

void
utf8_mend(char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		size_t n = sequence((const unsigned char *)text, left);

		if (n == 0) {
			*text = '?';
			n = 1;
		}
		text += n;
		left -= n;
	}
}
