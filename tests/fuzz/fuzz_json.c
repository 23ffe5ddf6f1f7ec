/* What was read once reads the same again after it was written. */
#include <stdint.h>
#include <stdlib.h>

#include "wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_limits limits = { .allow_nul = true };
	struct value value, again;
	struct arena arena;
	struct bytes text;
	struct error err;

	arena_init(&arena);
	bytes_init(&text);
	error_init(&err);
	if (json_decode((const char *)data, size, &limits, &arena, &value,
			&err) == STATUS_OK) {
		value_encode(&value, &text);
		if (json_decode(text.data, text.length, &limits, &arena, &again,
				NULL) != STATUS_OK ||
		    !value_equal(&value, &again))
			abort();
	}
	bytes_fini(&text);
	arena_fini(&arena);
	return 0;
}
