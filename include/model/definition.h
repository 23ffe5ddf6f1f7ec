/*
 * A definition: what a toggle, a segment, an environment or an access token was
 * at a revision.
 * Immutable and counted; one allocation holds it and all its strings, so that
 * 100,000 of them stay small. Versions of snapshots share them.
 *
 * A removed thing leaves a definition too, with `removed` set and no text: the
 * feed has to tell clients about it.
 *
 * The model does not know how targeting is compiled: src/eval puts its result
 * into `program` and says how to free it.
 */
#ifndef MODEL_DEFINITION_H
#define MODEL_DEFINITION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "model/value.h"

enum kind {
	KIND_ENVIRONMENT,
	KIND_SEGMENT,
	KIND_TOGGLE,
	KIND_TOKEN,
	KIND_COUNT
};

/* "environment", "segment", "toggle", "token". */
const char *kind_name(enum kind kind);

/* What all variants of a toggle are. The wire names are boolean, string,
 * integer, float, object. */
enum variant_type {
	VARIANT_BOOLEAN,
	VARIANT_STRING,
	VARIANT_INTEGER,
	VARIANT_FLOAT,
	VARIANT_OBJECT,
};

const char *variant_type_name(enum variant_type type);
bool variant_type_parse(const char *name, enum variant_type *type) MUST_CHECK;

struct variant {
	struct string name;
	struct string json; /* the value as clients see it: floats as 10.0 */
};

struct program;
struct token;

struct definition {
	atomic_uint refs;
	enum kind kind;
	bool removed;
	/* A later release wrote more into `stored` than this one knows. */
	bool has_later;
	/* Toggles: a variant is served by hand, and the rules are held. */
	bool is_held;
	int64_t revision; /* of the change that wrote it */
	struct string key;

	/* As it is answered, one JSON object: a toggle with its envelope, a
	 * segment's or an environment's with name and stamp. */
	struct string text;
	/* Parts of `text`. `stored` is what the store keeps: the members
	 * without key and stamp, no braces around them. `core` is what other
	 * systems read: a toggle's flagd members (no braces), a segment's rule
	 * (a whole JSON value). A token's `stored` stands apart, because it has
	 * the hashes that no answer shows. */
	struct string stored;
	struct string core;

	/* Toggles: the state. Environments: event streams are advertised. */
	bool enabled;
	/* Environments: `tags` are the origins whose pages may ask OFREP. */
	bool has_origins;

	/* Toggles only. */
	enum variant_type type;
	struct variant *variants;
	size_t variant_count;
	int default_variant; /* index, or -1: none */
	struct string *tags; /* of environments: see has_origins */
	size_t tag_count;
	struct string metadata; /* JSON object, or length 0 */

	/* Names of the segments that the targeting refers to, each once. */
	struct string *references;
	size_t reference_count;

	struct program *program; /* NULL: no targeting */
	void (*program_free)(struct program *program);

	struct token *token; /* tokens only */
};

/* A deep copy of `parts` (its `refs` is ignored) with one reference. Takes over
 * `program` and `token`. */
struct definition *definition_new(const struct definition *parts) MUST_CHECK;

/* What stays of a removed thing. */
struct definition *definition_new_removed(enum kind kind, struct string key,
					  int64_t revision) MUST_CHECK;

struct definition *definition_ref(const struct definition *definition);

/* Any thread; NULL is allowed. */
void definition_unref(struct definition *definition);

/* The index of the variant of that name, or -1. */
int definition_find_variant(const struct definition *toggle, const char *name,
			    size_t length);

bool definition_has_tag(const struct definition *toggle, const char *tag);
bool definition_refers_to(const struct definition *toggle, const char *segment,
			  size_t length);

/* Memory it takes, in bytes, without its program and token. */
size_t definition_size(const struct definition *definition);

#endif
