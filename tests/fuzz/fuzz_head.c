/* The head of a parked client's poll, as far as its route. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/guard.h"
#include "http/head.h"
#include "http/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct guard_message message;
	struct arena arena;
	struct head head;
	struct uri uri;
	char *text;

	arena_init(&arena);
	text = arena_copy(&arena, data, size);
	if (head_parse(text, size, &head) &&
	    guard_headers(head.headers, head.count, "HTTP/1.1", &message,
			  NULL) == STATUS_OK &&
	    uri_decode(head.target, &arena, &uri, NULL) == STATUS_OK &&
	    strlen(uri.path.data) != uri.path.length)
		abort();
	arena_fini(&arena);
	return 0;
}
