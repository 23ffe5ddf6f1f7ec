/* The small texts of the protocol, as they come in headers and queries. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/cursor.h"
#include "wire/edit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
	if (moment_decode(text, "at", &moment, NULL) == STATUS_OK &&
	    moment.revision < 0)
		abort();
	free(text);
	return 0;
}
