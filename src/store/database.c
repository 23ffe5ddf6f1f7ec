#include "store/database.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "horizon.h"
#include "migrate.h"
#include "reading.h"
#include "store_private.h"

/* What verifying needs, and no more: the rest may not fit an older schema. */
static const enum statement_id needed[] = {
	STATEMENT_READ_HEAD,   STATEMENT_WALK_CHANGES,
	STATEMENT_WALK_ITEMS,  STATEMENT_WALK_NEWEST,
	STATEMENT_READ_CHANGE, STATEMENT_CHECK_INTEGRITY,
};

/* And what an older schema has not got. */
static const struct {
	const char *name; /* of what it reads */
	enum statement_id id;
} newer[] = {
	{ "horizon", STATEMENT_READ_HORIZON },
	{ "change_behind", STATEMENT_WALK_STEPS },
};

static enum status
prepare_newer(struct store *store, const char *name, enum statement_id id,
	      struct error *err)
{
	char sql[96];
	char count[24];
	enum status status;

	(void)sqlite3_snprintf((int)sizeof(sql), sql,
			       "SELECT count(*) FROM sqlite_schema "
			       "WHERE name = %Q",
			       name);
	status = statement_once(store->db, sql, count, sizeof(count), err);
	if (status == STATUS_OK && strcmp(count, "0") != 0)
		status = statement_open(store, id, err);
	return status;
}

static enum status
prepare(struct store *store, struct error *err)
{
	enum status status = STATUS_OK;

	for (size_t i = 0;
	     i < sizeof(needed) / sizeof(needed[0]) && status == STATUS_OK; i++)
		status = statement_open(store, needed[i], err);
	for (size_t i = 0;
	     i < sizeof(newer) / sizeof(newer[0]) && status == STATUS_OK; i++)
		status = prepare_newer(store, newer[i].name, newer[i].id, err);
	return status;
}

/* The newest revision, and the oldest that may be asked for. */
static enum status
read_ends(struct store *store, struct database_facts *facts, struct error *err)
{
	const enum statement_id id = STATEMENT_READ_HEAD;
	struct horizon horizon;
	bool row = false;
	enum status status = statement_step(store, id, &row, err);

	horizon_init(&horizon);
	if (status == STATUS_OK && row)
		facts->head = statement_integer(store, id, 0);
	statement_reset(store, id);
	if (status == STATUS_OK &&
	    store->statements[STATEMENT_READ_HORIZON] != NULL)
		status = horizon_read(store, &horizon, err);
	facts->oldest = horizon_oldest(&horizon);
	horizon_fini(&horizon);
	return status;
}

static enum status
verify(const char *path, const struct chain_point *known,
       struct database_facts *facts, struct error *err)
{
	struct store *store = mem_zalloc(1, sizeof(*store));
	enum status status = STATUS_OK;

	store->path = mem_strdup(path);
	store->lock_fd = -1;
	status = reading_connect(store, err);
	if (status == STATUS_OK)
		status = migrate_check(store, embedded_migrations, err);
	if (status == STATUS_OK)
		status = migrate_verify(store, embedded_migrations, err);
	if (status == STATUS_OK)
		status = prepare(store, err);
	if (status == STATUS_OK)
		status = read_ends(store, facts, err);
	if (status == STATUS_OK)
		status =
		    store_verify_against(store, known, &facts->changes, err);
	store_close(store);
	return status;
}

enum status
database_verify(const char *path, struct database_facts *facts,
		struct error *err)
{
	return database_verify_against(path, NULL, facts, err);
}

enum status
database_verify_against(const char *path, const struct chain_point *known,
			struct database_facts *facts, struct error *err)
{
	struct database_facts found = { .changes = 0 };
	char *plain = store_plain_path(path);
	enum status status = verify(plain, known, &found, err);

	/* Our statements are right: where SQLite refuses one, it is for what it
	 * found. */
	if (status == STATUS_INTERNAL)
		status = STATUS_CORRUPT;
	if (err != NULL && err->code == STATUS_INTERNAL)
		err->code = STATUS_CORRUPT;
	free(plain);
	if (status == STATUS_OK)
		*facts = found;
	else
		error_wrap(err, "%s", path);
	return status;
}
