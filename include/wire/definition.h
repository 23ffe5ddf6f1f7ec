/*
 * Definitions in and out: the one place that says what a valid toggle, segment,
 * environment and token is, and what its text looks like.
 *
 * A toggle's text is {"key","type", envelope…, flagd members…, stamp…} with the
 * flagd members (state variants defaultVariant targeting metadata) together, so
 * that the flagd document copies them out as they stand. One that is served by
 * hand has "serve", "held", "servedSince" and "servedBy" in its envelope, and
 * its flagd members say what is served (src/wire/hold.h).
 * A segment's text is {"name","rule", stamp…}, its `stored` and `core` are the
 * rule; an environment's text is {"name","description"?,"fractional",
 * "metadata"?, stamp…}, its `core` the text "v2" or "v3".
 * A token's text is {"id","name","role","environments","createdAt","expiresAt",
 * "secrets":[{"createdAt"}], stamp…}; its `stored` has each secret's "hash"
 * too. The stamp is "revision","updatedAt","updatedBy".
 *
 * "type":"float" is a part of `stored`, in front of the envelope, because
 * numbers without a fraction do not show it; every other type is derived from
 * the variants and stands outside.
 */
#ifndef WIRE_DEFINITION_H
#define WIRE_DEFINITION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "eval/evaluate.h"
#include "model/definition.h"
#include "model/name.h"
#include "model/value.h"

/* A definition is nested at most so deep, so that it fits into each document
 * that carries it (LIMIT_JSON_DEPTH). */
enum { DEFINITION_DEPTH_MAX = LIMIT_JSON_DEPTH - 3 };

struct stamp {
	int64_t revision;
	int64_t at_ms;
	struct string actor;
};

/* What a definition is checked against. */
struct definition_scope {
	/* The rule of a segment, or NULL when there is none of that name. It
	 * has to live until the decoding returns. */
	const struct value *(*segment)(void *ctx, struct string name);
	void *ctx;
	/* Broken targeting is stored and answers PARSE_ERROR when evaluated
	 * (imports, and what the store holds); else it is an error. */
	bool lenient;
	/* JSON pointer of the definition in the input, "" for the whole body.
	 */
	const char *pointer;
	/* What is stored now, when a later release has written more into it
	 * than this one knows (definition.has_later), else NULL. Members that
	 * this release does not know are refused, unless they stand there with
	 * the same value: then they are kept, as what was read is sent back. */
	const struct value *stored;
	/* What is replaced, NULL where nothing is. A number that is refused
	 * today stays where it stands there already. */
	const struct definition *before;
	/* What was asked for, where the input was merged out of it and of what
	 * is there (definition_patch); NULL: it is the input itself. */
	const struct value *request;
};

/* Check a whole definition and build it. Members that only answers carry (key,
 * revision, updatedAt, updatedBy) are accepted, so that what was read can be
 * sent back; `key` must be the one it is stored under. A segment's value is its
 * rule, or the whole text that was answered ("rule" inside). Sugar ("rollout",
 * "rules", "value", "enabled") is expanded. Every fault is reported by pointer,
 * unknown members with a hint. With `lenient`, faults inside targeting do not
 * fail it but are still reported in `err` (err->code stays STATUS_OK, places
 * are filled).  `scratch` is used while it runs. */
enum status definition_decode(enum kind kind, struct string key,
			      const struct value *json,
			      const struct stamp *stamp,
			      const struct definition_scope *scope,
			      struct arena *scratch, struct definition **out,
			      struct error *err) MUST_CHECK;

/* The same out of the store's text (definition.stored): trusted, lenient. */
enum status definition_load(enum kind kind, struct string key,
			    struct string stored, const struct stamp *stamp,
			    const struct definition_scope *scope,
			    struct arena *scratch, struct definition **out,
			    struct error *err) MUST_CHECK;

/* The members of a definition as a value to patch: those of `stored`. For a
 * segment: its rule. */
enum status definition_value(const struct definition *definition,
			     struct arena *arena, struct value *out,
			     struct error *err) MUST_CHECK;

/* What a patch makes of `current` (NULL: no toggle yet): the value for
 * definition_decode. RFC 7396, but sugar in the patch is expanded first,
 * `targeting` is replaced as a whole, since two rules do not merge, and while a
 * variant is served by hand what is written of the rules goes into `held`.
 * Members of `current` that this release does not know are kept; of the patch
 * they are refused. The result shares structure with `patch`. */
enum status definition_patch(const struct definition *current,
			     const struct value *patch, const char *pointer,
			     struct arena *arena, struct value *out,
			     struct error *err) MUST_CHECK;

/* The same for a flag of a flagd document: its members replace the flag's,
 * the envelope and what a later release has stored are kept. A flag that is
 * what is served by hand leaves what is held alone. */
enum status definition_merge_flag(const struct definition *current,
				  const struct value *flag, const char *pointer,
				  struct arena *arena, struct value *out,
				  struct error *err) MUST_CHECK;

/* Since which revision, and by whom, a toggle is served by hand. */
struct served {
	struct string by; /* in the arena */
	int64_t since;
};

/* False: it is not, or nobody has noted it. */
bool definition_served(const struct definition *toggle, struct arena *arena,
		       struct served *out) MUST_CHECK;

/* Is it a member that this release can read in a definition of that kind? */
bool definition_knows(enum kind kind, struct string member);

/* How an environment buckets users; NULL settings: FRACTIONAL_V2. */
enum fractional_version
definition_fractional(const struct definition *settings);

/* A new definition with the same text and a program compiled anew; used when a
 * segment it refers to changed. */
enum status definition_recompile(const struct definition *definition,
				 const struct definition_scope *scope,
				 struct arena *scratch, struct definition **out,
				 struct error *err) MUST_CHECK;

#endif
