/*
 * A store in a directory of its own, and short ways to fill and read it. For
 * the suites of src/store. Everything asserts: a failure ends the test.
 *
 * Changes are built by hand, not by src/model: the store reads only the stored
 * text of a definition.
 */
#ifndef UNIT_STORE_FIXTURE_H
#define UNIT_STORE_FIXTURE_H

#include "../../src/store/store_private.h"
#include "base/arena.h"

struct store_fixture {
	char directory[64];
	char path[96];
	struct store *store; /* NULL: closed */
	struct arena arena;  /* holds the changes */
	struct error err;
};

/* A fresh directory with an open, empty store. */
void store_fixture_init(struct store_fixture *f);
void store_fixture_fini(struct store_fixture *f);

void store_fixture_close(struct store_fixture *f);
void store_fixture_reopen(struct store_fixture *f);

/* Close, run SQL on the bare file. */
void store_fixture_tamper_closed(struct store_fixture *f, const char *sql);

/* The same, then open again. */
void store_fixture_tamper(struct store_fixture *f, const char *sql);

struct string text_of(const char *s);

/* A change that would be the next one, at time 1000 * revision, without
 * items. */
struct change *store_fixture_change(struct store_fixture *f,
				    const char *environment);

/* `text` NULL removes. */
void store_fixture_add(struct store_fixture *f, struct change *change,
		       enum kind kind, const char *key, const char *text);

enum status store_fixture_commit(struct store_fixture *f,
				 struct change *change);

/* One toggle of "default" as one change. */
void store_fixture_put(struct store_fixture *f, const char *key,
		       const char *text);

/* Everything as of `at`, one line "environment/kind/key@revision=text" each;
 * a removed thing has "-" for its text. Lives in the fixture. */
const char *store_fixture_dump(struct store_fixture *f, const char *environment,
			       int64_t at);

#endif
