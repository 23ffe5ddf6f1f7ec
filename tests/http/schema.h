/*
 * Is a JSON value what a schema of docs/openapi.yaml says? Knows $ref, type,
 * properties, required, additionalProperties, items, enum, oneOf, allOf.
 */
#ifndef TESTS_HTTP_SCHEMA_H
#define TESTS_HTTP_SCHEMA_H

#include <jansson.h>

/* Fails the test with `what` and the place in the value. `document` is what
 * $ref points into. */
void schema_check(json_t *document, json_t *schema, json_t *value,
		  const char *what);

/* What {"$ref": "#/a/b"} stands for; anything else is returned as it is. */
json_t *schema_resolve(json_t *document, json_t *json);

#endif
