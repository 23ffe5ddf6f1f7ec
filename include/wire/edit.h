/*
 * What a client asks to be changed, decoded from a request body but not yet
 * held against what is there: that is the registry's part. All of it lives in
 * the request's arena.
 */
#ifndef WIRE_EDIT_H
#define WIRE_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "model/definition.h"
#include "model/value.h"
#include "wire/moment.h"

enum edit_verb {
	EDIT_PUT,   /* replace the whole definition, or create it */
	EDIT_PATCH, /* RFC 7396 on what is there; creates where nothing is */
	EDIT_FLAG, /* replace the flagd members, keep the envelope, or create */
	EDIT_REMOVE, /* it must be there */
};

struct edit {
	enum edit_verb verb;
	enum kind kind;
	struct string key;   /* of an environment: length 0, the one at hand */
	struct value value;  /* not for EDIT_REMOVE */
	const char *pointer; /* where it stands in the body, "" for all of it */
	bool is_stored;      /* the value was stored once, as it is */
	bool is_named; /* EDIT_REMOVE of an environment: with its content */
};

struct edit_list {
	struct edit *edits;
	size_t count;
	struct string comment; /* length 0: none in the body */
};

/* The body of POST /changes: {"comment","toggles":{key: patch or null},
 * "segments":{name: rule or null}}; or a flagd document {"flags",
 * "$evaluators","metadata","$schema"} (flags also as an array with "key"); or
 * an export of ours, which has the first form plus members that are ignored
 * ("revision","epoch","environment","full","cursor"). Keys are checked, and
 * their number. Definitions are not. */
enum status edit_decode_changes(const struct value *body, struct arena *arena,
				struct edit_list *out,
				struct error *err) MUST_CHECK;

/* The body of POST /rollback, read at that time of the wall clock. */
struct rollback {
	struct moment to;
	struct string *keys; /* NULL with key_count 0: everything */
	size_t key_count;
	struct string comment;
};

enum status rollback_decode(const struct value *body, int64_t now_ms,
			    struct arena *arena, struct rollback *out,
			    struct error *err) MUST_CHECK;

#endif
