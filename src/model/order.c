#include "model/order.h"

#include "model/snapshot.h"

static int
compare_key(const void *key, const void *entry)
{
	const struct definition *definition = entry;

	return string_compare(*(const struct string *)key, definition->key);
}

int
order_compare_kind(const void *key, const void *entry)
{
	const struct definition *a = key;
	const struct definition *b = entry;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return string_compare(a->key, b->key);
}

int
order_compare_revision(const void *key, const void *entry)
{
	const struct definition *a = key;
	const struct definition *b = entry;

	if (a->revision != b->revision)
		return a->revision < b->revision ? -1 : 1;
	return order_compare_kind(key, entry);
}

static const void *
key_of(const void *entry)
{
	const struct definition *definition = entry;

	return &definition->key;
}

static const void *
self_of(const void *entry)
{
	return entry;
}

static void *
ref_entry(void *entry)
{
	return definition_ref(entry);
}

static void
unref_entry(void *entry)
{
	definition_unref(entry);
}

const struct tree_ops snapshot_by_key = {
	.compare = compare_key,
	.key = key_of,
	.ref = ref_entry,
	.unref = unref_entry,
};

const struct tree_ops snapshot_by_revision = {
	.compare = order_compare_revision,
	.key = self_of,
	.ref = ref_entry,
	.unref = unref_entry,
};

const struct tree_ops order_by_kind = {
	.compare = order_compare_kind,
	.key = self_of,
	.ref = ref_entry,
	.unref = unref_entry,
};
