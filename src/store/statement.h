/*
 * The SQL of the store: one prepared statement each, kept as long as the
 * connection. All text and blobs are borrowed: what is bound has to live until
 * the statement is reset, what is read until its next step or reset.
 *
 * To add one: a constant here, its text in statement.c.
 */
#ifndef STORE_STATEMENT_H
#define STORE_STATEMENT_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "model/value.h"

struct store;

enum statement_id {
	STATEMENT_BEGIN,
	STATEMENT_COMMIT,
	STATEMENT_ROLLBACK,
	STATEMENT_READ_META,
	STATEMENT_STAMP_META,
	STATEMENT_PROBE_META,
	STATEMENT_READ_HEAD,
	STATEMENT_INSERT_CHANGE,
	STATEMENT_INSERT_ITEM,
	STATEMENT_PUT_NEWEST,
	STATEMENT_INSERT_REQUEST,
	STATEMENT_PRUNE_REQUESTS,
	STATEMENT_FIND_REQUEST,
	STATEMENT_WALK_NEWEST,
	STATEMENT_FIND_NEWEST,
	STATEMENT_WALK_BACK,
	STATEMENT_WALK_BACK_ALL,
	STATEMENT_ITEMS_BEHIND,
	STATEMENT_READ_PREVIOUS,
	STATEMENT_READ_VERSION,
	STATEMENT_READ_AT,
	STATEMENT_STEPS_BEFORE,
	STATEMENT_STEP_BEHIND,
	STATEMENT_WALK_STEPS,
	STATEMENT_FIND_STEP,
	STATEMENT_LIST_CHANGES,
	STATEMENT_LIST_BY_ENVIRONMENT,
	STATEMENT_READ_CHANGE,
	STATEMENT_READ_ITEMS,
	STATEMENT_READ_ITEM,
	STATEMENT_WALK_CHANGES,
	STATEMENT_WALK_ITEMS,
	STATEMENT_CHECK_INTEGRITY,
	STATEMENT_READ_HORIZON,
	STATEMENT_WRITE_HORIZON,
	STATEMENT_RAISE_READER,
	STATEMENT_NEXT_ITEM,
	STATEMENT_DELETE_ITEM,
	STATEMENT_CUT_ITEM,
	STATEMENT_DELETE_CHANGE,
	STATEMENT_OLDEST_REQUEST,
	STATEMENT_DELETE_REQUESTS,
	STATEMENT_COUNT
};

/* Prepare one, or all of them. On failure some may be prepared: close them. */
enum status statement_open(struct store *store, enum statement_id id,
			   struct error *err) MUST_CHECK;
enum status statement_open_all(struct store *store,
			       struct error *err) MUST_CHECK;

void statement_close_all(struct store *store);

enum parameter_type {
	PARAMETER_INTEGER,
	PARAMETER_TEXT,
	PARAMETER_BLOB,
	PARAMETER_NULL
};

struct parameter {
	enum parameter_type type;
	int64_t integer;
	const void *data;
	size_t length;
};

static inline struct parameter
parameter_integer(int64_t n)
{
	return (struct parameter){ .type = PARAMETER_INTEGER, .integer = n };
}

/* Never NULL in SQL: an absent string is an empty one. */
static inline struct parameter
parameter_text(struct string s)
{
	return (struct parameter){ .type = PARAMETER_TEXT,
				   .data = s.data != NULL ? s.data : "",
				   .length = s.length };
}

static inline struct parameter
parameter_blob(const void *data, size_t length)
{
	return (struct parameter){ .type = PARAMETER_BLOB,
				   .data = data,
				   .length = length };
}

static inline struct parameter
parameter_null(void)
{
	return (struct parameter){ .type = PARAMETER_NULL };
}

/* Reset the statement and bind its first `count` parameters. */
enum status statement_bind(struct store *store, enum statement_id id,
			   const struct parameter *parameters, size_t count,
			   struct error *err) MUST_CHECK;

/* The next row, or *row = false at the end. */
enum status statement_step(struct store *store, enum statement_id id, bool *row,
			   struct error *err) MUST_CHECK;

/* Bind, and the first row. */
enum status statement_start(struct store *store, enum statement_id id,
			    const struct parameter *parameters, size_t count,
			    bool *row, struct error *err) MUST_CHECK;

/* End it, so that it holds neither locks nor borrowed memory. */
void statement_reset(struct store *store, enum statement_id id);
void statement_reset_all(struct store *store);

/* Bind, run to the end and reset a statement that has no rows. */
enum status statement_run(struct store *store, enum statement_id id,
			  const struct parameter *parameters, size_t count,
			  struct error *err) MUST_CHECK;

/* Run SQL that stands in no table because it is needed once on a connection (a
 * pragma). `text` gets the first column of its first row, cut to `size`; empty
 * when there is none. */
enum status statement_once(sqlite3 *db, const char *sql, char *text,
			   size_t size, struct error *err) MUST_CHECK;

/* Columns of the current row. NULL reads as 0 or as a string of length 0. */
int64_t statement_integer(const struct store *store, enum statement_id id,
			  int column);
struct string statement_text(const struct store *store, enum statement_id id,
			     int column);
bool statement_is_null(const struct store *store, enum statement_id id,
		       int column);

/* Copies a blob of exactly `length` bytes; false when it is something else. */
bool statement_copy_blob(const struct store *store, enum statement_id id,
			 int column, void *data, size_t length) MUST_CHECK;

#endif
