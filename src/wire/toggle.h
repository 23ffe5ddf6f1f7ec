/*
 * The members of a toggle: checked one by one, then against each other. What
 * comes out borrows from the input and the arena, and is only for the decoder
 * of definitions.
 */
#ifndef WIRE_TOGGLE_H
#define WIRE_TOGGLE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/bytes.h"
#include "base/error.h"
#include "model/definition.h"
#include "model/value.h"
#include "wire/definition.h"

struct toggle {
	/* Set before it is read. */
	struct string key;
	const char *pointer; /* where it stands in the input */
	/* Out of the store: unknown members are kept by others, the key is not
	 * looked at. */
	bool trusted;
	const struct value *stored; /* definition_scope.stored */
	const struct definition_scope *scope;
	/* Where what is held stands in the request: in its `held`, or, where it
	 * was written to the rules of a toggle that is served by hand, in the
	 * request itself. */
	const char *held_pointer;

	/* Members as they were given; NULL: absent. */
	const struct value *description, *owner, *tags, *variants;
	const struct value *default_variant, *targeting, *metadata;
	const struct value *serve, *held, *served_since, *served_by;

	/* Members that a later release has stored, in order. */
	struct member *later;
	size_t later_count;

	/* Members of `held`. */
	const struct value *held_default, *held_targeting;
	struct member *held_later;
	size_t held_later_count;
	bool held_disabled;
	bool was_let_go; /* there was a hold in the store that does not hold */

	bool disabled;
	bool type_declared;
	enum variant_type type; /* derived, unless it is declared */
	int default_index;      /* of the variants, or -1 */
};

enum status toggle_read(struct toggle *toggle, const struct value *json,
			struct arena *arena, struct error *err) MUST_CHECK;

/* Is it a member that toggle_read reads? */
bool toggle_knows(struct string member);

/* The last part of toggle_read: members against each other. There are
 * variants. */
enum status toggle_settle(struct toggle *toggle, struct arena *arena,
			  struct error *err) MUST_CHECK;

/* Parts of the two: read `held`; what a hold has to be. Out of the store: one
 * that does not hold is let go (an older release has written over it, and what
 * is written is what is served). */
enum status toggle_read_held(struct toggle *toggle, struct arena *arena,
			     struct error *err) MUST_CHECK;
enum status toggle_settle_hold(struct toggle *toggle, struct arena *arena,
			       struct error *err) MUST_CHECK;

/* Has a later release stored that member, so that it may stay? */
bool toggle_keeps(const struct toggle *toggle, const struct member *member);

/* The values of the variants as clients see them, into zeroed `variants`, one
 * for each member of toggle->variants. Their text is in `text`, which must not
 * change while they are used. */
void toggle_encode_variants(const struct toggle *toggle,
			    struct variant *variants, struct bytes *text);

/* The members that the store keeps, without braces; *core is where the flagd
 * members begin. Those of a later release stand before it, so that they are in
 * no flagd document. */
void toggle_encode(const struct toggle *toggle, const struct variant *variants,
		   struct bytes *out, size_t *core);

/* The two checks that other definitions share: each reports its faults and
 * returns whether there was none. */
bool toggle_check_metadata(const struct value *value, const char *pointer,
			   struct arena *arena, struct error *err) MUST_CHECK;
bool toggle_check_text(const struct value *value, const char *pointer,
		       struct error *err) MUST_CHECK;

#endif
