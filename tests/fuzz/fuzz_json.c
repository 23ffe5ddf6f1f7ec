/*
 * What was read once reads the same again after it was written. As a context
 * all is taken that a definition may hold, and means the same there; what only
 * a context may hold is refused with its place.
 */
#include <stdint.h>
#include <stdlib.h>

#include "wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_limits limits = { .foreign = true };
	struct value value, again, strict;
	enum status status;
	struct arena arena;
	struct bytes text;
	struct error err;

	arena_init(&arena);
	bytes_init(&text);
	error_init(&err);
	status =
	    json_decode((const char *)data, size, NULL, &arena, &strict, &err);
	if (json_decode((const char *)data, size, &limits, &arena, &value,
			NULL) == STATUS_OK) {
		value_encode(&value, &text);
		if (json_decode(text.data, text.length, &limits, &arena, &again,
				NULL) != STATUS_OK ||
		    !value_equal(&value, &again))
			abort();
		if (status == STATUS_OK ? !value_equal(&value, &strict)
					: err.place_count == 0)
			abort();
	} else if (status == STATUS_OK) {
		abort();
	}
	bytes_fini(&text);
	arena_fini(&arena);
	return 0;
}
