/*
 * The smaller bodies that are decoded: a rollback, OFREP's context, a new
 * token. Nothing may crash, and what is accepted has to be whole.
 */
#include <stdint.h>
#include <stdlib.h>

#include "wire/edit.h"
#include "wire/json.h"
#include "wire/ofrep.h"
#include "wire/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_value(const struct value *body, struct arena *arena)
{
	struct token_order order;
	struct rollback rollback;

	if (rollback_decode(body, 0, arena, &rollback, NULL) == STATUS_OK &&
	    !rollback.to.is_time && rollback.to.revision < 0)
		abort();
	if (token_order_create(body, 0, arena, &order, NULL) == STATUS_OK) {
		if (order.count == 0)
			abort();
		token_order_wipe(&order);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct arena arena;
	struct value value;

	if (text == NULL)
		return -1;
	for (size_t i = 0; i < size; i++)
		text[i] = (char)data[i];
	text[size] = '\0';
	arena_init(&arena);
	if (ofrep_decode_context((struct string){ text, size }, &arena, &value,
				 NULL) == STATUS_OK &&
	    value.type != VALUE_OBJECT)
		abort();
	if (json_decode(text, size, NULL, &arena, &value, NULL) == STATUS_OK)
		check_value(&value, &arena);
	arena_fini(&arena);
	free(text);
	return 0;
}
