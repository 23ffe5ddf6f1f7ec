/*
 * References to segments: {"$ref": name}.
 */
#ifndef EVAL_REFERENCES_H
#define EVAL_REFERENCES_H

#include <stdbool.h>

#include "model/value.h"

#define REFERENCE_NAME "$ref"

bool is_reference(const struct member *member);

#endif
