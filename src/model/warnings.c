#include "model/warnings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/value.h"

enum { DETAIL_BYTES = 512 };

void
warnings_fini(struct warnings *warnings)
{
	for (size_t i = 0; i < warnings->count; i++) {
		free(warnings->items[i].pointer);
		free(warnings->items[i].detail);
	}
	memset(warnings, 0, sizeof(*warnings));
}

bool
warnings_are_full(const struct warnings *warnings)
{
	return warnings->count == WARNINGS_MAX;
}

void
warnings_add(struct warnings *warnings, const char *code, const char *pointer,
	     const char *fmt, ...)
{
	struct warning *warning;
	char detail[DETAIL_BYTES];
	va_list args;

	if (warnings_are_full(warnings))
		return;
	va_start(args, fmt);
	(void)vsnprintf(detail, sizeof(detail), fmt, args);
	va_end(args);
	warning = &warnings->items[warnings->count++];
	warning->code = code;
	warning->pointer = mem_strdup(pointer);
	warning->detail = mem_strdup(detail);
}

static void
put_member(struct bytes *out, const char *name, const char *text)
{
	bytes_append_str(out, name);
	value_encode_string(text, strlen(text), out);
}

void
warnings_put(const struct warnings *warnings, struct bytes *out)
{
	for (size_t i = 0; i < warnings->count; i++) {
		const struct warning *warning = &warnings->items[i];

		bytes_append_str(out, i == 0 ? "\"warnings\":[{" : "},{");
		put_member(out, "\"code\":", warning->code);
		put_member(out, ",\"pointer\":", warning->pointer);
		put_member(out, ",\"detail\":", warning->detail);
	}
	if (warnings->count > 0)
		bytes_append_str(out, "}]");
}
