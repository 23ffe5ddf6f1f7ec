/*
 * A definition in the making: its parts, borrowed from wherever they are, and
 * the text that carries most of them. definition_new copies all of it into one
 * allocation.
 *
 * What the store holds is not encoded again: its text goes into the new one as
 * it stands, so that members a newer release wrote are kept, and a start with
 * 100,000 toggles is quick.
 */
#ifndef WIRE_FORM_H
#define WIRE_FORM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/bytes.h"
#include "base/error.h"
#include "model/definition.h"
#include "wire/definition.h"

struct form {
	struct definition parts;
	const struct stamp *stamp;
	const struct definition_scope *scope;
	struct arena *scratch;
	struct error *err;

	struct string trusted; /* the store's text; length 0: none */
	struct bytes values;   /* texts of the variants' values */
	struct bytes text;
	size_t stored, stored_length; /* in text */
	size_t core, core_length;     /* in text */
	/* Stored, but no part of the text: lives as long as the scratch. */
	struct string apart;
};

void form_init(struct form *form, enum kind kind, struct string key);

/* Releases what form_take has not taken over. */
void form_fini(struct form *form);

/* Text is written in this order: form_begin ({"NAME":KEY,), what belongs
 * before `stored`, form_begin_stored, the members, form_end (the stamp). */
void form_begin(struct form *form, const char *name);
void form_begin_stored(struct form *form);
void form_end(struct form *form);

void form_put_trusted(struct form *form);

/* A member that this release does not know: may it be kept? It is the store's,
 * or is what the store has. Notes that there is one. */
bool form_keep_later(struct form *form, const struct member *member) MUST_CHECK;

/* json_known_members for an object of which later members may be kept. */
bool form_known_members(struct form *form, const struct value *json,
			const char *const *names) MUST_CHECK;

/* Write the members of `json` that are not in `names`: ,"name":value */
void form_put_later(const struct value *json, const char *const *names,
		    struct bytes *text);

/* Nothing changes any more: make the definition. */
struct definition *form_take(struct form *form) MUST_CHECK;

/* Compile a toggle's rule and note the segments it refers to. NULL and {} are
 * no rule. */
enum status form_set_targeting(struct form *form,
			       const struct value *targeting) MUST_CHECK;

/* The same for a whole toggle out of the store, compiled anew: what is held
 * counts too. */
enum status form_set_rules(struct form *form,
			   const struct value *json) MUST_CHECK;

/* The segments that a rule refers to are the toggle's. */
void form_set_references(struct form *form, const struct value *rule);

/* Would the rule that is held compile? It stands in `pointer`. Not strict: only
 * a lenient scope is told of its faults. */
enum status form_check_held(struct form *form, const struct value *rule,
			    const char *pointer, bool strict) MUST_CHECK;

/* Would the rule of a segment compile? Lenient: its faults are only noted. */
enum status form_check_rule(struct form *form,
			    const struct value *rule) MUST_CHECK;

/* The text of a JSON object that lives as long as the scratch; length 0 when
 * it is empty, absent or no object. */
struct string form_object_text(struct form *form,
			       const struct value *object) MUST_CHECK;

/* Where the member whose quoted name and colon are `name` begins in the
 * members `stored`, 0 when it is not there. */
size_t form_find_member(struct string stored, const char *name) MUST_CHECK;

/* The rule in a segment's text that is sent back as it was answered, {"name",
 * "rule", stamp…}; anything else is the rule itself. */
const struct value *form_segment_rule(const struct value *json) MUST_CHECK;

/* Is it a member that they read? */
bool form_environment_knows(struct string member);
bool form_token_knows(struct string member);

/* Fill a form from what was read; one for each kind. */
enum status form_read_toggle(struct form *form,
			     const struct value *json) MUST_CHECK;
enum status form_read_segment(struct form *form,
			      const struct value *json) MUST_CHECK;
enum status form_read_environment(struct form *form,
				  const struct value *json) MUST_CHECK;
enum status form_read_token(struct form *form,
			    const struct value *json) MUST_CHECK;

#endif
