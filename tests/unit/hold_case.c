#include "hold_case.h"

#include <check.h>

#include "unit/wire_case.h"
#include "wire/definition.h"

void
hold_case_setup(struct hold_case *c)
{
	arena_init(&c->arena);
	error_init(&c->err);
}

void
hold_case_teardown(struct hold_case *c)
{
	arena_fini(&c->arena);
}

enum status
hold_case_write(struct hold_case *c, const struct definition *before,
		enum hold_verb verb, const struct value *request,
		struct definition **after)
{
	const struct stamp stamps[] = {
		{ 42, 1700000000123, wire_case_string("alice") },
		{ 43, 1700000000456, wire_case_string("bob") },
	};
	struct definition_scope scope = wire_case_scope();
	struct value value = *request;
	struct value stored;
	enum status rc = STATUS_OK;

	error_init(&c->err);
	if (verb == PATCH)
		rc = definition_patch(before, request, "", &c->arena, &value,
				      &c->err);
	if (verb == FLAG)
		rc = definition_merge_flag(before, request, "", &c->arena,
					   &value, &c->err);
	if (rc != STATUS_OK)
		return rc;
	scope.request = request;
	scope.before = before;
	scope.lenient = verb == ROLLBACK;
	if (verb == ROLLBACK) {
		scope.stored = request;
	} else if (before != NULL && (before->is_held || before->has_later)) {
		ck_assert_int_eq(
		    definition_value(before, &c->arena, &stored, NULL),
		    STATUS_OK);
		scope.stored = &stored;
	}
	return definition_decode(KIND_TOGGLE, wire_case_string("k"), &value,
				 &stamps[before != NULL], &scope, &c->arena,
				 after, &c->err);
}

enum status
hold_case_try(struct hold_case *c, const struct definition *before,
	      enum hold_verb verb, const char *request,
	      struct definition **after)
{
	const struct value json = wire_case_value(&c->arena, request);

	return hold_case_write(c, before, verb, &json, after);
}

struct definition *
hold_case_written(struct hold_case *c, const struct definition *before,
		  enum hold_verb verb, const char *request)
{
	struct definition *after = NULL;
	const enum status rc = hold_case_try(c, before, verb, request, &after);

	if (rc != STATUS_OK)
		ck_abort_msg("%s: %s", request, c->err.text);
	return after;
}

struct definition *
hold_case_loaded(struct hold_case *c, const char *stored)
{
	struct stamp stamp = { 42, 1700000000123, wire_case_string("alice") };
	struct definition_scope scope = wire_case_scope();
	struct definition *definition = NULL;

	if (definition_load(KIND_TOGGLE, wire_case_string("k"),
			    wire_case_string(stored), &stamp, &scope, &c->arena,
			    &definition, &c->err) != STATUS_OK)
		ck_abort_msg("%s: %s", stored, c->err.text);
	return definition;
}
