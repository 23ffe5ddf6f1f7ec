#include "journal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"

void
journal_fini(struct journal *journal)
{
	free(journal->writes);
	free(journal->entries);
	free(journal->sights);
	memset(journal, 0, sizeof(*journal));
}

/* Room for one more, doubling at powers of two. */
static void *
grown(void *list, size_t count, size_t size)
{
	if ((count & (count - 1)) != 0)
		return list;
	return mem_resize(list, count == 0 ? 1 : 2 * count, size);
}

void
journal_add_write(struct journal *j, const struct journal_write *write)
{
	j->writes = grown(j->writes, j->write_count, sizeof(*j->writes));
	j->writes[j->write_count++] = *write;
}

void
journal_add_sight(struct journal *j, int64_t revision, const char *key,
		  int64_t value)
{
	struct journal_sight *sight;

	j->sights = grown(j->sights, j->sight_count, sizeof(*j->sights));
	sight = &j->sights[j->sight_count++];
	sight->revision = revision;
	sight->value = value;
	(void)snprintf(sight->key, sizeof(sight->key), "%s", key);
}

static void
add_entry(struct journal *j, const struct journal_entry *entry)
{
	j->entries = grown(j->entries, j->entry_count, sizeof(*j->entries));
	j->entries[j->entry_count++] = *entry;
}

static int64_t
value_of(json_t *definition)
{
	return json_integer_value(
	    json_object_get(json_object_get(definition, "variants"), "value"));
}

void
journal_add_change(struct journal *j, json_t *change)
{
	struct journal_entry entry = { .revision =
					   json_integer_value(json_object_get(
					       change, "revision")) };
	const char *key;
	json_t *item;

	(void)snprintf(entry.comment, sizeof(entry.comment), "%s",
		       json_string_value(json_object_get(change, "comment")));
	json_object_foreach(json_object_get(change, "toggles"), key, item)
	{
		int64_t value = value_of(json_object_get(item, "after"));

		if (entry.count == 0) {
			(void)snprintf(entry.first, sizeof(entry.first), "%s",
				       key);
			entry.first_value = value;
		} else {
			(void)snprintf(entry.second, sizeof(entry.second), "%s",
				       key);
			entry.second_value = value;
		}
		entry.count++;
	}
	add_entry(j, &entry);
}

void
journal_join(struct journal *j, const struct journal *from)
{
	for (size_t i = 0; i < from->write_count; i++)
		journal_add_write(j, &from->writes[i]);
	for (size_t i = 0; i < from->entry_count; i++)
		add_entry(j, &from->entries[i]);
	for (size_t i = 0; i < from->sight_count; i++)
		journal_add_sight(j, from->sights[i].revision,
				  from->sights[i].key, from->sights[i].value);
}

/* --- judges -------------------------------------------------------------- */

static bool no(struct journal_why *why, const char *fmt, ...) PRINTF_LIKE(2, 3);

static bool
no(struct journal_why *why, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(why->text, sizeof(why->text), fmt, args);
	va_end(args);
	return false;
}

static int
by_revision(const void *a, const void *b)
{
	const struct journal_entry *x = a;
	const struct journal_entry *y = b;

	return (x->revision > y->revision) - (x->revision < y->revision);
}

/* The entries by revision; to be freed. */
static struct journal_entry *
sorted(const struct journal *j)
{
	struct journal_entry *entries =
	    mem_alloc((j->entry_count + 1) * sizeof(*entries));

	if (j->entry_count > 0)
		memcpy(entries, j->entries, j->entry_count * sizeof(*entries));
	qsort(entries, j->entry_count, sizeof(*entries), by_revision);
	return entries;
}

static const struct journal_entry *
find(const struct journal_entry *entries, size_t count, int64_t revision)
{
	const struct journal_entry key = { .revision = revision };

	return bsearch(&key, entries, count, sizeof(key), by_revision);
}

static bool
is_as_sent(const struct journal_write *w, const struct journal_entry *e)
{
	char first[JOURNAL_NAME + 1];
	char second[JOURNAL_NAME + 1];

	(void)snprintf(first, sizeof(first), "%s%s", w->key,
		       w->is_pair ? "a" : "");
	(void)snprintf(second, sizeof(second), "%s%s", w->is_pair ? w->key : "",
		       w->is_pair ? "b" : "");
	return strcmp(e->comment, w->name) == 0 &&
	       e->count == (w->is_pair ? 2 : 1) &&
	       strcmp(e->first, first) == 0 && e->first_value == w->value &&
	       (!w->is_pair || (strcmp(e->second, second) == 0 &&
				e->second_value == w->value));
}

bool
journal_is_durable(const struct journal *j, struct journal_why *why)
{
	struct journal_entry *entries = sorted(j);
	struct map times; /* comment -> how often, as a pointer */
	bool good = true;

	map_init(&times);
	for (size_t i = 0; i < j->entry_count; i++) {
		const char *comment = entries[i].comment;
		uintptr_t n =
		    (uintptr_t)map_find(&times, comment, strlen(comment));

		map_put(&times, comment, strlen(comment), (void *)(n + 1));
	}
	for (size_t i = 0; i < j->write_count && good; i++) {
		const struct journal_write *w = &j->writes[i];
		const struct journal_entry *e =
		    find(entries, j->entry_count, w->revision);
		uintptr_t n =
		    (uintptr_t)map_find(&times, w->name, strlen(w->name));

		if (w->revision == 0)
			good =
			    no(why, "nobody knows what became of %s", w->name);
		else if (e == NULL)
			good = no(why, "%s was acknowledged and is lost (%lld)",
				  w->name, (long long)w->revision);
		else if (!is_as_sent(w, e))
			good = no(why, "%s is not in change %lld as sent",
				  w->name, (long long)w->revision);
		else if (n != 1)
			good = no(why, "%s was done %llu times", w->name,
				  (unsigned long long)n);
	}
	map_fini(&times);
	free(entries);
	return good;
}

bool
journal_is_dense(const struct journal *j, int64_t head, struct journal_why *why)
{
	struct journal_entry *entries = sorted(j);
	bool good = true;

	if ((int64_t)j->entry_count != head)
		good = no(why, "%zu changes up to revision %lld",
			  j->entry_count, (long long)head);
	for (size_t i = 0; i < j->entry_count && good; i++) {
		if (entries[i].revision != (int64_t)i + 1)
			good = no(why, "revision %lld in place %zu",
				  (long long)entries[i].revision, i + 1);
	}
	free(entries);
	return good;
}

static bool
has_value(const struct journal_entry *e, const struct journal_sight *s)
{
	if (s->key[0] == '\0')
		return true;
	if (strcmp(e->first, s->key) == 0)
		return e->first_value == s->value;
	return strcmp(e->second, s->key) == 0 && e->second_value == s->value;
}

bool
journal_has_no_phantom(const struct journal *j, struct journal_why *why)
{
	struct journal_entry *entries = sorted(j);
	bool good = true;

	for (size_t i = 0; i < j->sight_count && good; i++) {
		const struct journal_sight *s = &j->sights[i];
		const struct journal_entry *e =
		    find(entries, j->entry_count, s->revision);

		if (e == NULL)
			good = no(why, "revision %lld was shown and is not",
				  (long long)s->revision);
		else if (!has_value(e, s))
			good =
			    no(why, "%s was shown with %lld since %lld", s->key,
			       (long long)s->value, (long long)s->revision);
	}
	free(entries);
	return good;
}
