/*
 * The schema's history: which database this release may open, and the steps
 * that bring an older one up to date. Forward only; each step is one
 * transaction that also raises PRAGMA user_version, so a step is there as a
 * whole or not at all.
 *
 * To add one: migrations/NNNN_what.sql. Where the release before can still read
 * and write the result, leave meta.oldest_reader alone; otherwise the step sets
 * it to its own number.
 */
#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include "base/attr.h"
#include "base/embedded.h"
#include "base/error.h"

struct store;

/* PRAGMA application_id: "tgld". */
enum { MIGRATE_APPLICATION_ID = 0x74676c64 };

/* The schema version of this release. */
long migrate_steps(const struct embedded_file *migrations);

/* Refuse what is no database of toggled, empty, or too new. Writes nothing. */
enum status migrate_check(struct store *store,
			  const struct embedded_file *migrations,
			  struct error *err) MUST_CHECK;

/* Run the steps that the database lacks. */
enum status migrate_run(struct store *store,
			const struct embedded_file *migrations,
			struct error *err) MUST_CHECK;

/* Is the schema, to the letter, what the steps up to its version make? SQLite
 * overlooks some damage of it in a file that is only read, and an added trigger
 * would do its work unseen. */
enum status migrate_verify(struct store *store,
			   const struct embedded_file *migrations,
			   struct error *err) MUST_CHECK;

#endif
