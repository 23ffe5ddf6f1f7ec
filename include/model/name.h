/*
 * The rules for names and the sizes that input is held to. Every limit that a
 * client can meet stands here, once.
 */
#ifndef MODEL_NAME_H
#define MODEL_NAME_H

#include <stdbool.h>
#include <stddef.h>

enum {
	NAME_KEY_MAX = 255, /* toggles, segments, variants, tags */
	NAME_ENVIRONMENT_MAX = 64,
	NAME_ACCESS_MAX = 100, /* tokens: bytes */
	NAME_ACTOR_MAX = 255,
	NAME_COMMENT_MAX = 2000, /* bytes */
	NAME_TEXT_MAX = 2000,    /* description, owner: bytes */
	NAME_IDEMPOTENCY_MAX = 255,
	LIMIT_VARIANTS = 256, /* of one toggle */
	LIMIT_TAGS = 64,      /* of one toggle */
	LIMIT_DEFINITION_BYTES = 256 * 1024,
	LIMIT_CHANGE_BYTES = 1024 * 1024,
	LIMIT_CHANGE_ITEMS = 10000,
	LIMIT_CONTEXT_BYTES = 64 * 1024,
	LIMIT_JSON_DEPTH = 32,
	LIMIT_ENVIRONMENTS = 1000,
	LIMIT_TOMBSTONES = 100000, /* removed keys a delta still names */
};

#define NAME_DEFAULT_ENVIRONMENT "default"

/* Holds the access tokens. Nobody outside can name it: see
 * name_is_environment. */
#define NAME_ACCESS_ENVIRONMENT ".access"

/* 1 to NAME_KEY_MAX of A-Z a-z 0-9 . _ : ~ - : what a toggle or a segment may
 * be called. */
bool name_is_key(const char *name, size_t length);

/* 1 to NAME_ENVIRONMENT_MAX of a-z A-Z 0-9 . _ - , no dot first. */
bool name_is_environment(const char *name, size_t length);

/* One of ours: a dot first. */
bool name_is_reserved(const char *name, size_t length);

/* What a token may be called: 1 to NAME_ACCESS_MAX bytes of UTF-8 without
 * control characters. */
bool name_is_access(const char *name, size_t length);

/* Printable ASCII, 1 to NAME_IDEMPOTENCY_MAX: an Idempotency-Key. */
bool name_is_token(const char *name, size_t length);

#endif
