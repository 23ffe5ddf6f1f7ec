/*
 * Numbers in text, as JavaScript reads them.
 */
#ifndef EVAL_NUMBER_H
#define EVAL_NUMBER_H

#include "model/value.h"

/* Number(text): white space around it is skipped, "" is 0, "0x1f", "0o17" and
 * "0b101" are known, anything else that is not all number is NaN. */
double number_parse(struct string text);

/* parseFloat(text): the number that the text begins with, or NaN. */
double number_parse_prefix(struct string text);

#endif
