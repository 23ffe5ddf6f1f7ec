/*
 * Distance is the number of bytes to insert, remove or replace, or neighbours
 * to swap (optimal string alignment). A third of the word may be wrong.
 */
#include "model/nearest.h"

#include <string.h>

enum { WORD_MAX = 63 };

static size_t
min(size_t a, size_t b)
{
	return a < b ? a : b;
}

static int
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static size_t
distance(struct string a, struct string b)
{
	/* Three rows of the table: two before the current one. */
	size_t rows[3][WORD_MAX + 1];
	size_t *above = rows[0];
	size_t *row = rows[1];
	size_t *next = rows[2];

	for (size_t j = 0; j <= b.length; j++) {
		above[j] = j;
		row[j] = j;
	}
	for (size_t i = 1; i <= a.length; i++) {
		size_t *oldest = above;

		next[0] = i;
		for (size_t j = 1; j <= b.length; j++) {
			int x = lower(a.data[i - 1]);
			int y = lower(b.data[j - 1]);
			size_t edits = min(row[j], next[j - 1]) + 1;

			edits = min(edits, row[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == lower(b.data[j - 2]) &&
			    y == lower(a.data[i - 2]))
				edits = min(edits, above[j - 2] + 1);
			next[j] = edits;
		}
		above = row;
		row = next;
		next = oldest;
	}
	return row[b.length];
}

void
nearest_init(struct nearest *nearest, struct string word)
{
	nearest->word = word;
	nearest->distance = word.length < 3 ? 2 : min(word.length / 3 + 1, 4);
	nearest->found = (struct string){ NULL, 0 };
}

void
nearest_offer(struct nearest *nearest, const char *known, size_t length)
{
	struct string candidate = { known, length };
	size_t far;

	if (length > WORD_MAX || nearest->word.length > WORD_MAX)
		return;
	far = distance(nearest->word, candidate);
	/* Replacing all of a short word is no resemblance. */
	if (far < nearest->distance && far < length) {
		nearest->distance = far;
		nearest->found = candidate;
	}
}
