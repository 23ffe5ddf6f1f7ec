/*
 * Bare SQLite: as many rows, as large, in as large transactions, made as
 * durable as the daemon makes them (WAL, synchronous=FULL, exclusive locking),
 * and nothing else. A change here is one row that says so and one row for each
 * definition it set. What the daemon is slower than this is the price of HTTP,
 * validation and publishing.
 */
#include <sqlite3.h>

#include "bench/measure.h"

enum { DEFINITION_MAX = 65536 };

struct bare {
	sqlite3 *db;
	sqlite3_stmt *begin;
	sqlite3_stmt *commit;
	sqlite3_stmt *change;
	sqlite3_stmt *item;
	char *definition;
	uint64_t bytes;
};

static const char *const setup[] = {
	"PRAGMA locking_mode=EXCLUSIVE",
	"PRAGMA journal_mode=WAL",
	"PRAGMA synchronous=FULL",
	"CREATE TABLE change (revision INTEGER PRIMARY KEY, at INTEGER NOT "
	"NULL, actor TEXT NOT NULL, comment TEXT NOT NULL, hash BLOB NOT NULL) "
	"STRICT",
	"CREATE TABLE item (revision INTEGER NOT NULL, key TEXT NOT NULL, "
	"definition TEXT NOT NULL, PRIMARY KEY (key, revision)) STRICT, "
	"WITHOUT ROWID",
};

static void
check(const struct bare *bare, bool holds)
{
	if (!holds)
		measure_die("sqlite: %s", sqlite3_errmsg(bare->db));
}

static sqlite3_stmt *
prepare(const struct bare *bare, const char *sql)
{
	sqlite3_stmt *stmt = NULL;

	check(bare,
	      sqlite3_prepare_v2(bare->db, sql, -1, &stmt, NULL) == SQLITE_OK);
	return stmt;
}

static void
step(const struct bare *bare, sqlite3_stmt *stmt)
{
	int rc = sqlite3_step(stmt);

	check(bare, rc == SQLITE_DONE || rc == SQLITE_ROW);
	sqlite3_reset(stmt);
}

static void
bare_open(struct bare *bare, const char *path, uint64_t bytes)
{
	check(bare, sqlite3_open(path, &bare->db) == SQLITE_OK);
	for (size_t i = 0; i < sizeof(setup) / sizeof(setup[0]); i++) {
		sqlite3_stmt *stmt = prepare(bare, setup[i]);

		step(bare, stmt);
		sqlite3_finalize(stmt);
	}
	bare->begin = prepare(bare, "BEGIN IMMEDIATE");
	bare->commit = prepare(bare, "COMMIT");
	bare->change = prepare(
	    bare, "INSERT INTO change VALUES (?1, ?2, 'bench', '', ?3)");
	bare->item = prepare(bare, "INSERT INTO item VALUES (?1, ?2, ?3)");
	bare->bytes = bytes;
	bare->definition = mem_zalloc(bytes + 1, 1);
	memset(bare->definition, 'd', bytes);
}

static void
bare_close(struct bare *bare)
{
	sqlite3_finalize(bare->begin);
	sqlite3_finalize(bare->commit);
	sqlite3_finalize(bare->change);
	sqlite3_finalize(bare->item);
	sqlite3_close(bare->db);
	free(bare->definition);
}

static void
insert_change(struct bare *bare, uint64_t revision, uint64_t items)
{
	static const char hash[32];
	sqlite3_int64 id = (sqlite3_int64)revision;
	char key[32];

	sqlite3_bind_int64(bare->change, 1, id);
	sqlite3_bind_int64(bare->change, 2, (sqlite3_int64)time(NULL) * 1000);
	sqlite3_bind_blob(bare->change, 3, hash, sizeof(hash), SQLITE_STATIC);
	step(bare, bare->change);
	for (uint64_t i = 0; i < items; i++) {
		snprintf(key, sizeof(key), "write-%llu-%llu",
			 (unsigned long long)(revision % 64),
			 (unsigned long long)i);
		sqlite3_bind_int64(bare->item, 1, id);
		sqlite3_bind_text(bare->item, 2, key, -1, SQLITE_STATIC);
		sqlite3_bind_text(bare->item, 3, bare->definition,
				  (int)bare->bytes, SQLITE_STATIC);
		step(bare, bare->item);
	}
}

int
main(int argc, char **argv)
{
	const char *path = NULL;
	uint64_t ms = 4000;
	uint64_t group_percent = 100;
	uint64_t items = 1;
	uint64_t bytes = 300;
	struct bare bare = { .db = NULL };
	struct samples us = { 0 };
	uint64_t revision = 0;
	uint64_t due = 0; /* hundredths of a change */
	uint64_t start;
	uint64_t now;
	double seconds;
	const struct option_row rows[] = {
		{ "database", OPTION_TEXT, &path, "file, must not exist" },
		{ "ms", OPTION_NUMBER, &ms, "how long (4000)" },
		{ "group", OPTION_NUMBER, &group_percent,
		  "hundredths of changes in a commit (100)" },
		{ "items", OPTION_NUMBER, &items, "definitions a change (1)" },
		{ "bytes", OPTION_NUMBER, &bytes, "of a definition (300)" },
		{ NULL, OPTION_FLAG, NULL, NULL },
	};

	options_read(rows, argc, argv);
	if (path == NULL || bytes > DEFINITION_MAX || group_percent < 100)
		options_usage(rows, argv[0]);
	bare_open(&bare, path, bytes);
	start = measure_now_ns();
	for (now = start; now - start < ms * 1000000u;) {
		uint64_t before = now;

		due += group_percent;
		step(&bare, bare.begin);
		for (; due >= 100; due -= 100)
			insert_change(&bare, ++revision, items);
		step(&bare, bare.commit);
		now = measure_now_ns();
		samples_add(&us, (double)(now - before) / 1e3);
	}
	seconds = (double)(now - start) / 1e9;
	printf("bare a_second=%.0f commits=%zu commit_p50_us=%.0f "
	       "commit_p99_us=%.0f group=%.2f\n",
	       (double)revision / seconds, us.count, samples_quantile(&us, 0.5),
	       samples_quantile(&us, 0.99), (double)group_percent / 100);
	printf("# bare SQLite: %.0f durable changes a second, %.1f in a "
	       "commit\n",
	       (double)revision / seconds, (double)group_percent / 100);
	samples_fini(&us);
	bare_close(&bare);
	return EXIT_SUCCESS;
}
