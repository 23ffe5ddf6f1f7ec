/*
 * Whether an answer still means what it meant: the rule of "Compatibility" in
 * docs/API.md, as code. Answers are texts of conversation.h.
 *
 * It may say more: another header, a member of an object, an element of a
 * header that is a list. It may not say less or something else. Words for
 * people
 * (`detail`) may be others.
 */
#ifndef TESTS_HTTP_MEANING_H
#define TESTS_HTTP_MEANING_H

#include <jansson.h>
#include <stdbool.h>

/* `is` means all that `was` did. */
bool meaning_holds(const char *was, const char *is);

/* The same of two bodies. */
bool meaning_contains(json_t *is, json_t *was);

#endif
