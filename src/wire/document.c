#include "wire/document.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "model/name.h"
#include "model/token.h"
#include "put.h"
#include "referred.h"

static bool
is_selected(const struct selection *selection, const struct definition *toggle)
{
	if (selection->tag.length > 0 &&
	    !definition_has_tag(toggle, selection->tag.data))
		return false;
	return selection->wants == NULL ||
	       selection->wants(toggle, selection->ctx);
}

void
document_toggles(const struct snapshot *snapshot, const char *epoch,
		 const struct selection *selection, struct bytes *out)
{
	const struct definition *definition;
	struct snapshot_walk walk;
	struct referred referred;

	referred_init(&referred, selection->prefix.length == 0 &&
				     selection->tag.length == 0 &&
				     selection->wants == NULL);
	bytes_append_char(out, '{');
	put_member(out, "environment");
	put_string(out, snapshot->environment);
	put_position(out, epoch, snapshot->revision);
	put_member(out, "toggles");
	bytes_append_char(out, '{');
	snapshot_walk_from(&walk, snapshot, KIND_TOGGLE, selection->prefix);
	while ((definition = snapshot_walk_next(&walk)) != NULL) {
		if (!is_selected(selection, definition))
			continue;
		put_name(out, definition->key);
		bytes_append(out, definition->text.data,
			     definition->text.length);
		referred_add(&referred, definition);
	}
	bytes_append_char(out, '}');
	put_member(out, "segments");
	referred_put(&referred, snapshot, out);
	if (selection->put_more != NULL)
		selection->put_more(out, selection->ctx);
	bytes_append_char(out, '}');
	referred_fini(&referred);
}

static void
put_cores(const struct snapshot *snapshot, enum kind kind, const char *open,
	  const char *close, struct bytes *out)
{
	const struct definition *definition;
	struct snapshot_walk walk;

	bytes_append_char(out, '{');
	snapshot_walk_from(&walk, snapshot, kind, (struct string){ "", 0 });
	while ((definition = snapshot_walk_next(&walk)) != NULL) {
		put_name(out, definition->key);
		bytes_append_str(out, open);
		bytes_append(out, definition->core.data,
			     definition->core.length);
		bytes_append_str(out, close);
	}
	bytes_append_char(out, '}');
}

/* The members of the settings' metadata, whose braces are not ours. */
static void
put_settings_metadata(const struct definition *settings, struct bytes *out)
{
	if (settings == NULL || settings->metadata.length <= 2)
		return;
	put_comma(out);
	bytes_append(out, settings->metadata.data + 1,
		     settings->metadata.length - 2);
}

void
document_flagd(const struct snapshot *snapshot, struct bytes *out)
{
	bytes_append_char(out, '{');
	put_member(out, "flags");
	put_cores(snapshot, KIND_TOGGLE, "{", "}", out);
	put_member(out, "$evaluators");
	put_cores(snapshot, KIND_SEGMENT, "", "", out);
	put_member(out, "metadata");
	bytes_append_char(out, '{');
	put_member(out, "flagSetId");
	put_string(out, snapshot->environment);
	put_settings_metadata(snapshot->settings, out);
	bytes_append_str(out, "}}");
}

static void
put_version(struct bytes *out, const char *name,
	    const struct definition *definition)
{
	put_member(out, name);
	if (definition == NULL || definition->removed)
		bytes_append_str(out, "null");
	else
		bytes_append(out, definition->text.data,
			     definition->text.length);
}

static int
compare_items(const void *a, const void *b)
{
	const struct change_item *x = *(const struct change_item *const *)a;
	const struct change_item *y = *(const struct change_item *const *)b;

	return string_compare(x->key, y->key);
}

static void
put_items(const struct change_item *const *items, size_t count, enum kind kind,
	  struct bytes *out)
{
	bytes_append_char(out, '{');
	for (size_t i = 0; i < count; i++) {
		if (items[i]->kind != kind)
			continue;
		put_name(out, items[i]->key);
		bytes_append_char(out, '{');
		put_version(out, "before", items[i]->before);
		put_version(out, "after", items[i]->after);
		bytes_append_char(out, '}');
	}
	bytes_append_char(out, '}');
}

static bool
has_kind(const struct change *change, enum kind kind)
{
	for (size_t i = 0; i < change->count; i++) {
		if (change->items[i].kind == kind)
			return true;
	}
	return false;
}

/* The items by key: `items` has room for all of them. */
static void
sort_items(const struct change *change, const struct change_item **items)
{
	for (size_t i = 0; i < change->count; i++)
		items[i] = &change->items[i];
	if (change->count > 1)
		qsort(items, change->count, sizeof(void *), compare_items);
}

void
document_point(int64_t revision, int64_t at_ms, struct bytes *out)
{
	char at[CLOCK_TEXT_BYTES];

	clock_format(at_ms, at);
	bytes_append_str(out, "{\"revision\":");
	bytes_append_int(out, revision);
	put_member(out, "at");
	put_text(out, at);
	bytes_append_char(out, '}');
}

static void
put_hash(const struct change *change, struct bytes *out)
{
	char hash[SHA256_HEX_BYTES];

	if (!change->has_hash)
		return;
	sha256_hex(change->hash, hash);
	put_member(out, "hash");
	put_text(out, hash);
}

void
document_change(const struct change *change, const char *extra,
		struct bytes *out)
{
	const struct change_item **items =
	    mem_zalloc(change->count + 1, sizeof(struct change_item *));
	char at[CLOCK_TEXT_BYTES];

	sort_items(change, items);
	clock_format(change->at_ms, at);
	bytes_append_char(out, '{');
	bytes_append_str(out, extra != NULL ? extra : "");
	bytes_append_str(out, "\"revision\":");
	bytes_append_int(out, change->revision);
	put_member(out, "environment");
	put_string(out, change->environment);
	put_member(out, "at");
	put_text(out, at);
	put_member(out, "actor");
	put_string(out, change->actor);
	put_member(out, "comment");
	put_string(out, change->comment);
	put_hash(change, out);
	put_member(out, "toggles");
	put_items(items, change->count, KIND_TOGGLE, out);
	put_member(out, "segments");
	put_items(items, change->count, KIND_SEGMENT, out);
	if (has_kind(change, KIND_ENVIRONMENT)) {
		put_member(out, "environments");
		put_items(items, change->count, KIND_ENVIRONMENT, out);
	}
	if (has_kind(change, KIND_TOKEN)) {
		put_member(out, "tokens");
		put_items(items, change->count, KIND_TOKEN, out);
	}
	bytes_append_char(out, '}');
	free(items);
}

void
document_environments(const struct catalog *catalog, const struct token *token,
		      struct bytes *out)
{
	const struct snapshot *snapshot;
	struct tree_walk walk;

	tree_walk_from(&walk, catalog->snapshots, &catalog_by_environment,
		       NULL);
	bytes_append_str(out, "{\"environments\":{");
	while ((snapshot = tree_walk_next(&walk)) != NULL) {
		const struct string name = snapshot->environment;

		if (snapshot->settings == NULL ||
		    name_is_reserved(name.data, name.length) ||
		    (token != NULL &&
		     !token_sees(token, name.data, name.length)))
			continue;
		put_name(out, name);
		bytes_append(out, snapshot->settings->text.data,
			     snapshot->settings->text.length);
	}
	bytes_append_str(out, "}}");
}

static void
put_detail(const struct error *err, struct bytes *out)
{
	struct bytes detail;

	bytes_init(&detail);
	bytes_append_str(&detail, err->text);
	if (err->place_count > 1)
		bytes_printf(&detail, " (and %zu more)", err->place_count - 1);
	put_member(out, "detail");
	put_string(out, (struct string){ detail.data, detail.length });
	bytes_fini(&detail);
}

static void
put_places(const struct error *err, struct bytes *out)
{
	size_t count = err->place_count < ERROR_PLACES_MAX ? err->place_count
							   : ERROR_PLACES_MAX;

	if (count == 0)
		return;
	put_member(out, "errors");
	bytes_append_char(out, '[');
	for (size_t i = 0; i < count; i++) {
		put_comma(out);
		bytes_append_char(out, '{');
		put_member(out, "pointer");
		put_text(out, err->places[i].pointer);
		put_member(out, "detail");
		put_text(out, err->places[i].detail);
		bytes_append_char(out, '}');
	}
	bytes_append_char(out, ']');
}

void
document_problem(const struct error *err, const char *extra_name,
		 struct string extra, struct bytes *out)
{
	const size_t start = out->length;

	bytes_append_str(out, "{\"type\":\"urn:toggled:problem:");
	bytes_append_str(out, status_slug(err->code));
	bytes_append_char(out, '"');
	put_member(out, "title");
	put_text(out, status_title(err->code));
	put_member(out, "status");
	bytes_append_int(out, status_http(err->code));
	put_detail(err, out);
	put_places(err, out);
	put_masked(out, start);
	if (extra_name != NULL) {
		put_member(out, extra_name);
		bytes_append(out, extra.data, extra.length);
	}
	bytes_append_char(out, '}');
}
