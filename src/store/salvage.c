#include "store/salvage.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/map.h"
#include "base/mem.h"
#include "chain.h"
#include "migrate.h"
#include "reading.h"
#include "store_error.h"
#include "store_private.h"
#include "version.h"

/* A key of the environment, and the newest revision that is known of it. */
struct trace {
	struct stored_key key; /* its texts are its own */
	int64_t revision;
};

struct salvage {
	struct store *store;
	struct string environment;
	const struct salvage_receiver *receiver;
	struct map changes; /* revision: &ours, or &others */
	struct map traces;  /* by kind and key */
	struct bytes name;
};

/* Whose a change is. */
static const char ours, others;

/* One of the lists, and what a row of it tells. `%s` is the direction. */
struct list {
	const char *name;
	const char *sql;
	void (*take)(struct salvage *salvage, sqlite3_stmt *row);
};

static struct string
text_at(sqlite3_stmt *row, int column)
{
	const unsigned char *data = sqlite3_column_text(row, column);

	return (struct string){ data == NULL ? "" : (const char *)data,
				(size_t)sqlite3_column_bytes(row, column) };
}

static void
trace(struct salvage *salvage, int64_t kind, struct string key,
      int64_t revision)
{
	struct trace *found;
	struct stored_key name = { .environment = salvage->environment,
				   .kind = (enum kind)kind,
				   .key = key };

	if (kind < 0 || kind >= KIND_COUNT || revision <= 0)
		return;
	version_name(&name, &salvage->name);
	found = map_find(&salvage->traces, salvage->name.data,
			 salvage->name.length);
	if (found == NULL) {
		found = mem_zalloc(1, sizeof(*found));
		found->key = name;
		found->key.key.data = mem_copy(key.data, key.length);
		(void)map_put(&salvage->traces, salvage->name.data,
			      salvage->name.length, found);
	}
	if (revision > found->revision)
		found->revision = revision;
}

static void
take_change(struct salvage *salvage, sqlite3_stmt *row)
{
	const int64_t revision = sqlite3_column_int64(row, 0);
	const bool is_ours =
	    string_equal(text_at(row, 1), salvage->environment);

	(void)map_put(&salvage->changes, &revision, sizeof(revision),
		      (void *)(uintptr_t)(is_ours ? &ours : &others));
}

static void
take_item(struct salvage *salvage, sqlite3_stmt *row)
{
	const int64_t revision = sqlite3_column_int64(row, 0);

	if (map_find(&salvage->changes, &revision, sizeof(revision)) == &ours)
		trace(salvage, sqlite3_column_int64(row, 1), text_at(row, 2),
		      revision);
}

static void
take_newest(struct salvage *salvage, sqlite3_stmt *row)
{
	const int64_t revision = sqlite3_column_int64(row, 3);

	if (!string_equal(text_at(row, 0), salvage->environment))
		return;
	/* So much is known of a change that cannot be read itself. */
	(void)map_put(&salvage->changes, &revision, sizeof(revision),
		      (void *)(uintptr_t)&ours);
	trace(salvage, sqlite3_column_int64(row, 1), text_at(row, 2), revision);
}

/* In this order: items know only the revision of their change. */
static const struct list lists[] = {
	{ "changes",
	  "SELECT revision, environment FROM change NOT INDEXED "
	  "ORDER BY revision %s",
	  take_change },
	{ "newest versions",
	  "SELECT environment, kind, key, revision FROM newest "
	  "ORDER BY environment %s, kind %s, key %s",
	  take_newest },
	{ "items",
	  "SELECT revision, kind, key FROM item "
	  "ORDER BY revision %s, kind %s, key %s",
	  take_item },
};

static const char *const directions[] = { "ASC", "DESC" };

/* As far as it goes; false: not to the end. */
static bool
walk(struct salvage *salvage, const struct list *list, const char *direction,
     struct error *err)
{
	sqlite3 *db = salvage->store->db;
	sqlite3_stmt *rows = NULL;
	char sql[192];
	int rc;

	(void)sqlite3_snprintf((int)sizeof(sql), sql, list->sql, direction,
			       direction, direction);
	rc = sqlite3_prepare_v2(db, sql, -1, &rows, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(rows);
	while (rc == SQLITE_ROW) {
		list->take(salvage, rows);
		rc = sqlite3_step(rows);
	}
	if (rc != SQLITE_DONE)
		(void)store_error_set(err, db, rc, "read");
	(void)sqlite3_finalize(rows);
	return rc == SQLITE_DONE;
}

static void
walk_all(struct salvage *salvage)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct error err;

		error_init(&err);
		if (walk(salvage, &lists[i], directions[0], &err))
			continue;
		error_init(&err);
		(void)walk(salvage, &lists[i], directions[1], &err);
		salvage->receiver->gap(salvage->receiver->ctx, lists[i].name,
				       err.text);
	}
}

static int
compare_traces(const void *a, const void *b)
{
	const struct trace *x = *(struct trace *const *)a;
	const struct trace *y = *(struct trace *const *)b;

	return chain_compare(x->key.kind, x->key.key, y->key.kind, y->key.key);
}

static void
look_up(struct salvage *salvage, const struct trace *trace)
{
	static const char sql[] = "SELECT definition FROM item WHERE revision "
				  "= ?1 AND kind = ?2 AND key = ?3";
	const struct salvage_receiver *to = salvage->receiver;
	sqlite3 *db = salvage->store->db;
	sqlite3_stmt *row = NULL;
	struct stored_item item = { .environment = salvage->environment,
				    .kind = trace->key.kind,
				    .key = trace->key.key,
				    .revision = trace->revision };
	struct error why;
	bool is_good = false;
	int rc = sqlite3_prepare_v2(db, sql, -1, &row, NULL);

	error_init(&why);
	if (rc == SQLITE_OK) {
		(void)sqlite3_bind_int64(row, 1, trace->revision);
		(void)sqlite3_bind_int64(row, 2, trace->key.kind);
		(void)sqlite3_bind_text64(row, 3, trace->key.key.data,
					  trace->key.key.length, SQLITE_STATIC,
					  SQLITE_UTF8);
		rc = sqlite3_step(row);
	}
	if (rc == SQLITE_ROW && sqlite3_column_type(row, 0) == SQLITE_NULL) {
		is_good = true; /* removed */
	} else if (rc == SQLITE_ROW) {
		item.text = text_at(row, 0);
		is_good = to->found(to->ctx, &item, &why);
	} else if (rc == SQLITE_DONE) {
		(void)error_set(&why, STATUS_CORRUPT, "it is not there");
	} else {
		(void)store_error_set(&why, db, rc, "read");
	}
	if (!is_good)
		to->lost(to->ctx, &trace->key, trace->revision, why.text);
	(void)sqlite3_finalize(row);
}

static void
deliver(struct salvage *salvage)
{
	const size_t count = salvage->traces.count;
	struct trace **sorted = mem_zalloc(count + 1, sizeof(struct trace *));
	size_t at = 0;
	size_t n = 0;

	for (struct trace *trace = map_next(&salvage->traces, &at);
	     trace != NULL; trace = map_next(&salvage->traces, &at))
		sorted[n++] = trace;
	if (n > 0)
		qsort(sorted, n, sizeof(struct trace *), compare_traces);
	for (size_t i = 0; i < n; i++) {
		look_up(salvage, sorted[i]);
		free((void *)(uintptr_t)sorted[i]->key.key.data);
		free(sorted[i]);
	}
	free(sorted);
}

enum status
salvage_read(const char *path, struct string environment,
	     const struct salvage_receiver *receiver, struct error *err)
{
	struct store *store = mem_zalloc(1, sizeof(*store));
	struct salvage salvage = { .store = store,
				   .environment = environment,
				   .receiver = receiver };
	enum status status;

	store->path = store_plain_path(path);
	store->lock_fd = -1;
	map_init(&salvage.changes);
	map_init(&salvage.traces);
	bytes_init(&salvage.name);
	status = reading_connect(store, err);
	if (status == STATUS_OK)
		status = migrate_check(store, embedded_migrations, err);
	if (status == STATUS_OK) {
		walk_all(&salvage);
		deliver(&salvage);
	} else {
		error_wrap(err, "database '%s'", path);
	}
	store_close(store);
	bytes_fini(&salvage.name);
	map_fini(&salvage.changes);
	map_fini(&salvage.traces);
	return status;
}
