/*
 * Enough of YAML to read docs/openapi.yaml: block mappings and sequences,
 * one-line values (plain, or JSON), ">-" and "|" texts, comment lines. Anything
 * else fails the test with the number of the line.
 */
#ifndef TESTS_HTTP_YAML_H
#define TESTS_HTTP_YAML_H

#include <jansson.h>

/* A new reference. Members keep their order. */
json_t *yaml_load(const char *text);

#endif
