#include "fixture_model.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "model/change.h"

struct string
fixture_string(const char *text)
{
	struct string s = { text, strlen(text) };

	return s;
}

struct definition *
fixture_definition(enum kind kind, const char *key, int64_t revision)
{
	static const char core[] = "\"state\":\"ENABLED\",\"variants\":{\"on\":"
				   "true,\"off\":false},\"defaultVariant\":"
				   "\"off\"";
	struct variant variants[] = {
		{ { "on", 2 }, { "true", 4 } },
		{ { "off", 3 }, { "false", 5 } },
	};
	struct definition parts = {
		.kind = kind,
		.revision = revision,
		.key = fixture_string(key),
		.enabled = true,
		.default_variant = -1,
	};
	char text[1024];
	int length;

	length = snprintf(text, sizeof(text),
			  "{\"key\":\"%s\",\"revision\":%" PRId64 ",%s}", key,
			  revision, core);
	parts.text = (struct string){ text, (size_t)length };
	parts.core.data = strstr(text, core);
	parts.core.length = sizeof(core) - 1;
	parts.stored = parts.core;
	if (kind == KIND_TOGGLE) {
		parts.variants = variants;
		parts.variant_count = 2;
		parts.default_variant = 1;
	}
	return definition_new(&parts);
}

static struct snapshot *
apply(const struct snapshot *base, enum kind kind, const char *key,
      int64_t revision, bool removed)
{
	struct string none = { "", 0 };
	struct change *change = change_new(base->environment, none, none);
	struct definition *after =
	    removed ? NULL : fixture_definition(kind, key, revision);
	struct snapshot *snapshot;

	change->revision = revision;
	change->at_ms = revision * 1000;
	change_add(change, kind, fixture_string(key), NULL, after);
	snapshot = snapshot_apply(base, change);
	definition_unref(after);
	change_free(change);
	return snapshot;
}

struct snapshot *
fixture_environment(const char *name, int64_t revision)
{
	struct snapshot *empty = snapshot_new(fixture_string(name));
	struct snapshot *snapshot =
	    apply(empty, KIND_ENVIRONMENT, name, revision, false);

	snapshot_unref(empty);
	return snapshot;
}

void
fixture_change(struct snapshot **snapshot, const char *key, int64_t revision,
	       bool removed)
{
	struct snapshot *base = *snapshot;

	*snapshot = apply(base, KIND_TOGGLE, key, revision, removed);
	snapshot_unref(base);
}

void
fixture_publish(struct catalog **catalog, const struct snapshot *snapshot)
{
	struct catalog *base = *catalog;
	int64_t head = snapshot->revision;

	if (head < base->head)
		head = base->head;
	*catalog = catalog_with(base, snapshot, head);
	catalog_unref(base);
}
