#include "model/catalog.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "model/name.h"

static int
compare(const void *key, const void *entry)
{
	const struct string *a = key;
	const struct string *b = &((const struct snapshot *)entry)->environment;

	return string_compare(*a, *b);
}

static const void *
key_of(const void *entry)
{
	const struct snapshot *snapshot = entry;

	return &snapshot->environment;
}

static void *
ref_entry(void *entry)
{
	return snapshot_ref(entry);
}

static void
unref_entry(void *entry)
{
	snapshot_unref(entry);
}

const struct tree_ops catalog_by_environment = {
	.compare = compare,
	.key = key_of,
	.ref = ref_entry,
	.unref = unref_entry,
};

struct catalog *
catalog_new(const char *epoch, int64_t head)
{
	struct catalog *catalog = mem_zalloc(1, sizeof(*catalog));

	atomic_init(&catalog->refs, 1);
	(void)snprintf(catalog->epoch, sizeof(catalog->epoch), "%s", epoch);
	catalog->head = head;
	return catalog;
}

struct catalog *
catalog_with(const struct catalog *base, const struct snapshot *snapshot,
	     int64_t head)
{
	struct catalog *catalog = catalog_new(base->epoch, head);
	/* The tree counts its entries, which is why it takes them writable. */
	struct snapshot *entry = snapshot_ref(snapshot);

	catalog->is_restored = base->is_restored;
	if (snapshot->settings != NULL)
		catalog->snapshots =
		    tree_put(base->snapshots, &catalog_by_environment, entry);
	else
		catalog->snapshots =
		    tree_remove(base->snapshots, &catalog_by_environment,
				&snapshot->environment);
	snapshot_unref(entry);
	return catalog;
}

struct catalog *
catalog_ref(const struct catalog *catalog)
{
	/* The count is no part of what const promises. */
	struct catalog *counted = (struct catalog *)(uintptr_t)catalog;

	if (counted != NULL)
		(void)atomic_fetch_add_explicit(&counted->refs, 1,
						memory_order_relaxed);
	return counted;
}

void
catalog_unref(struct catalog *catalog)
{
	if (catalog == NULL)
		return;
	if (atomic_fetch_sub_explicit(&catalog->refs, 1,
				      memory_order_acq_rel) != 1)
		return;
	tree_unref(catalog->snapshots, &catalog_by_environment);
	free(catalog);
}

struct snapshot *
catalog_find(const struct catalog *catalog, const char *environment,
	     size_t length)
{
	struct string key = { environment, length };

	return tree_find(catalog->snapshots, &catalog_by_environment, &key);
}

struct snapshot *
catalog_find_public(const struct catalog *catalog, const char *environment,
		    size_t length)
{
	if (name_is_reserved(environment, length))
		return NULL;
	return catalog_find(catalog, environment, length);
}
