/*
 * A body of POST /changes, made into an environment of its own. What flagd and
 * our own export say of it can be imported again and is the same, in one piece
 * or cut into parts; and a patch that is applied twice does what it did once.
 */
#include <stdint.h>
#include <string.h>

#include "daemon/part.h"
#include "scratch.h"
#include "wire/definition.h"
#include "wire/document.h"
#include "wire/edit.h"
#include "wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct stamp stamp = { 7, 0, { "fuzz", 4 } };
static const char epoch[] = "0123456789abcdef";

/* Segments are not looked up: targeting that needs one is kept as it is. */
static const struct definition_scope scope = { .lenient = true, .pointer = "" };

static enum status
decode(const struct edit *edit, const struct value *value, struct arena *arena,
       struct definition **out)
{
	return definition_decode(edit->kind, edit->key, value, &stamp, &scope,
				 arena, out, NULL);
}

static void
check_patch(const struct edit *edit, const struct definition *d,
	    struct arena *arena)
{
	struct definition *once = NULL, *twice = NULL;
	struct value value;

	if (edit->kind != KIND_TOGGLE ||
	    definition_patch(d, &edit->value, "", arena, &value, NULL) !=
		STATUS_OK ||
	    decode(edit, &value, arena, &once) != STATUS_OK)
		return;
	if (definition_patch(once, &edit->value, "", arena, &value, NULL) !=
		STATUS_OK ||
	    decode(edit, &value, arena, &twice) != STATUS_OK ||
	    !string_equal(once->stored, twice->stored))
		finding("patched twice: %s", once->stored.data);
	definition_unref(twice);
	definition_unref(once);
}

/* The edits as an environment; NULL when one of them is no good. */
static struct snapshot *
build(const struct edit_list *list, struct arena *arena)
{
	const struct string name = { "e", 1 };
	struct snapshot *base = snapshot_new(name);
	struct change *change = change_new(name, name, name);
	struct snapshot *after = NULL;
	bool good = true;

	change->revision = stamp.revision;
	for (size_t i = 0; i < list->count && good; i++) {
		const struct edit *edit = &list->edits[i];
		struct value value = edit->value;
		struct definition *d = NULL;

		if (edit->verb == EDIT_REMOVE)
			continue;
		good = (edit->kind == KIND_SEGMENT ||
			definition_patch(NULL, &edit->value, "", arena, &value,
					 NULL) == STATUS_OK) &&
		       decode(edit, &value, arena, &d) == STATUS_OK;
		if (good) {
			check_patch(edit, d, arena);
			change_add(change, edit->kind, edit->key, NULL, d);
		}
		definition_unref(d);
	}
	if (good)
		after = snapshot_apply(base, change);
	snapshot_unref(base);
	change_free(change);
	return after;
}

static void
check_core(const struct snapshot *snapshot, const struct edit *edit, bool whole,
	   struct arena *arena)
{
	const struct definition *ought = snapshot_find(
	    snapshot, edit->kind, edit->key.data, edit->key.length);
	struct definition *is = NULL;

	if (ought == NULL)
		finding("'%s' was not exported", edit->key.data);
	if (decode(edit, &edit->value, arena, &is) != STATUS_OK)
		finding("'%s' is not taken back: %s", edit->key.data,
			ought->text.data);
	if (!string_equal(is->core, ought->core) ||
	    (whole && !string_equal(is->text, ought->text)))
		finding("'%s' came back as %s, was %s", edit->key.data,
			is->text.data, ought->text.data);
	definition_unref(is);
}

/* `whole`: with all that is ours, not only what flagd reads. */
static size_t
check_text(const struct snapshot *snapshot, const char *text, size_t length,
	   bool whole, struct arena *arena)
{
	struct edit_list list;
	struct value body;
	struct error err;

	error_init(&err);
	if (json_decode(text, length, NULL, arena, &body, &err) != STATUS_OK ||
	    edit_decode_changes(&body, arena, &list, &err) != STATUS_OK)
		finding("%s: %s", err.text, text);
	for (size_t i = 0; i < list.count; i++)
		if (list.edits[i].kind != KIND_ENVIRONMENT)
			check_core(snapshot, &list.edits[i], whole, arena);
	return list.count;
}

static void
check_export(const struct snapshot *snapshot, const struct bytes *text,
	     bool whole, struct arena *arena)
{
	size_t ought =
	    check_text(snapshot, text->data, text->length, whole, arena);
	size_t is = 0;
	struct parts parts;
	struct value body;

	if (json_decode(text->data, text->length, NULL, arena, &body, NULL) !=
	    STATUS_OK)
		finding("no JSON: %s", text->data);
	parts_init(&parts, &body);
	for (size_t i = 0; i < parts.count; i++)
		is += check_text(snapshot, parts.items[i].data,
				 parts.items[i].length, whole, arena);
	if (is != ought)
		finding("%zu of %zu in %zu parts of %s", is, ought, parts.count,
			text->data);
	parts_fini(&parts);
}

static void
check(const struct value *body, struct arena *arena)
{
	const struct selection all = { .prefix = { "", 0 } };
	struct snapshot *snapshot;
	struct edit_list list;
	struct bytes text;

	if (edit_decode_changes(body, arena, &list, NULL) != STATUS_OK)
		return;
	snapshot = build(&list, arena);
	if (snapshot == NULL)
		return;
	bytes_init(&text);
	document_flagd(snapshot, &text);
	check_export(snapshot, &text, false, arena);
	bytes_clear(&text);
	document_toggles(snapshot, epoch, &all, &text);
	check_export(snapshot, &text, true, arena);
	bytes_fini(&text);
	snapshot_unref(snapshot);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct value body;

	arena_init(&arena);
	if (json_decode((const char *)data, size, NULL, &arena, &body, NULL) ==
	    STATUS_OK)
		check(&body, &arena);
	arena_fini(&arena);
	return 0;
}
