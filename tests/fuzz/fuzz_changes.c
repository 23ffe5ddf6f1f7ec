/* Bodies of POST /changes and POST /rollback: whatever they are, a verdict. */
#include <stdint.h>
#include <stdlib.h>

#include "wire/edit.h"
#include "wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rollback rollback;
	struct edit_list list;
	struct arena arena;
	struct error err;
	struct value body;

	arena_init(&arena);
	error_init(&err);
	if (json_decode((const char *)data, size, NULL, &arena, &body, &err) ==
	    STATUS_OK) {
		if ((edit_decode_changes(&body, &arena, &list, &err) ==
		     STATUS_OK) != (err.code == STATUS_OK))
			abort();
		error_init(&err);
		if ((rollback_decode(&body, 0, &arena, &rollback, &err) ==
		     STATUS_OK) != (err.code == STATUS_OK))
			abort();
	}
	arena_fini(&arena);
	return 0;
}
