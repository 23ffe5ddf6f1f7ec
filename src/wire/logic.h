/*
 * JsonLogic in the making: values that short forms are written out as. They
 * live in the arena and share structure with what they are made of.
 */
#ifndef WIRE_LOGIC_H
#define WIRE_LOGIC_H

#include <stddef.h>

#include "base/arena.h"
#include "model/value.h"

/* The text has to live on. */
struct value logic_text(const char *text);

/* Room for so many; each is null. */
struct value logic_array(struct arena *arena, size_t count);

/* {name: operand} */
struct value logic_call(struct arena *arena, const char *name,
			struct value operand);

/* The operand of a call of that operator; NULL: it is something else. */
const struct value *logic_operand(const struct value *logic, const char *name);

#endif
