#include "salvaging.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "model/definition.h"
#include "model/value.h"
#include "store/salvage.h"
#include "wire/json.h"

struct salvaging {
	const char *database;
	struct bytes toggles;
	struct bytes segments;
	size_t found;
	size_t lost;
	size_t gaps;
};

/* Is it JSON at least? The text of a toggle is its members. */
static bool
is_json(const struct bytes *text, struct error *why)
{
	struct arena arena;
	struct value value;
	enum status rc;

	arena_init(&arena);
	rc = json_decode(text->data, text->length, NULL, &arena, &value, why);
	arena_fini(&arena);
	return rc == STATUS_OK;
}

static bool
found_cb(void *ctx, const struct stored_item *item, struct error *why)
{
	struct salvaging *salvaging = ctx;
	struct bytes *out = item->kind == KIND_TOGGLE ? &salvaging->toggles
						      : &salvaging->segments;
	const bool has_members = item->kind != KIND_SEGMENT;
	struct bytes text;
	bool is_good;

	bytes_init(&text);
	bytes_append_str(&text, has_members ? "{" : "");
	bytes_append(&text, item->text.data, item->text.length);
	bytes_append_str(&text, has_members ? "}" : "");
	is_good = is_json(&text, why);
	/* Settings and tokens are not for an export. */
	if (is_good &&
	    (item->kind == KIND_TOGGLE || item->kind == KIND_SEGMENT)) {
		bytes_append_str(out, out->length > 0 ? "," : "");
		value_encode_string(item->key.data, item->key.length, out);
		bytes_append_char(out, ':');
		bytes_append(out, text.data, text.length);
		salvaging->found++;
	}
	bytes_fini(&text);
	return is_good;
}

static void
lost_cb(void *ctx, const struct stored_key *key, int64_t revision,
	const char *why)
{
	struct salvaging *salvaging = ctx;

	salvaging->lost++;
	fprintf(stderr,
		"toggled: %s: %s '%.*s' as of revision %" PRId64
		" is lost: %s\n",
		salvaging->database, kind_name(key->kind), (int)key->key.length,
		key->key.data, revision, why);
}

static void
gap_cb(void *ctx, const char *list, const char *why)
{
	struct salvaging *salvaging = ctx;

	salvaging->gaps++;
	fprintf(stderr, "toggled: %s: the list of %s has a gap: %s\n",
		salvaging->database, list, why);
}

enum status
salvaging_run(const char *database, const char *environment, struct bytes *out,
	      bool *whole, struct error *err)
{
	struct salvaging salvaging = { .database = database };
	const struct salvage_receiver receiver = { .found = found_cb,
						   .lost = lost_cb,
						   .gap = gap_cb,
						   .ctx = &salvaging };
	const struct string name = { environment, strlen(environment) };
	enum status rc;

	bytes_init(&salvaging.toggles);
	bytes_init(&salvaging.segments);
	rc = salvage_read(database, name, &receiver, err);
	if (rc == STATUS_OK) {
		bytes_append_str(out, "{\"environment\":");
		value_encode_string(name.data, name.length, out);
		bytes_append_str(out, ",\"toggles\":{");
		bytes_append(out, salvaging.toggles.data,
			     salvaging.toggles.length);
		bytes_append_str(out, "},\"segments\":{");
		bytes_append(out, salvaging.segments.data,
			     salvaging.segments.length);
		bytes_append_str(out, "}}");
		fprintf(stderr,
			"toggled: %s: %zu toggles and segments were read, %zu "
			"things are lost\n",
			database, salvaging.found, salvaging.lost);
	}
	*whole = salvaging.lost == 0 && salvaging.gaps == 0;
	bytes_fini(&salvaging.toggles);
	bytes_fini(&salvaging.segments);
	return rc;
}
