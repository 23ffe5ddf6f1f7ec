/* The small texts of the protocol, as they come in headers and queries. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "wire/cursor.h"
#include "wire/moment.h"

enum { NOW_MS = 1000000000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A revision is none that is negative; a time is one that can be said, and says
 * the same again. */
static void
check_moment(const struct moment *moment)
{
	char text[CLOCK_TEXT_BYTES];
	struct moment again;

	if (!moment->is_time) {
		if (moment->revision < 0)
			abort();
		return;
	}
	clock_format(moment->at_ms, text);
	if (moment_decode(text, "at", NOW_MS, &again, NULL) != STATUS_OK ||
	    !again.is_time)
		abort();
	/* The years of RFC 3339; what is longer ago is cut off at them. */
	if (moment->at_ms >= -62167219200000 &&
	    moment->at_ms <= 253402300799999 && again.at_ms != moment->at_ms)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct moment moment;
	struct cursor cursor;
	int64_t number = 0;
	struct etag_revisions named;
	struct arena arena;

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (cursor_decode(text, &cursor, NULL) == STATUS_OK &&
	    cursor.revision < 0)
		abort();
	if (wait_decode(text, &number, NULL) == STATUS_OK &&
	    (number < 0 || number > WAIT_MAX_MS))
		abort();
	if (prefer_decode_wait(text, &number) &&
	    (number < 0 || number > WAIT_MAX_MS))
		abort();
	(void)etag_matches(text, "7");
	arena_init(&arena);
	etag_revisions(text, "e", &arena, &named);
	for (size_t i = 0; i < named.count; i++)
		if (named.revisions[i] < 0)
			abort();
	if (named.any && named.count > 0)
		abort();
	arena_fini(&arena);
	if (moment_decode(text, "at", NOW_MS, &moment, NULL) == STATUS_OK)
		check_moment(&moment);
	free(text);
	return 0;
}
