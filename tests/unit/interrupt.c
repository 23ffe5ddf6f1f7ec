#include "interrupt.h"

#include <check.h>
#include <sqlite3.h>
#include <stdatomic.h>

enum { LOOKS_MAX = 20000 };

static atomic_int_least64_t looks;
static atomic_int_least64_t strike_at;
static atomic_bool has_committed;

static int
look(void *ctx)
{
	(void)ctx;
	/* SQLite looks once more when it has committed, and would then call an
	 * error what is on the disk. Nothing else can make it do that. */
	if (has_committed) {
		has_committed = false;
		return 0;
	}
	return atomic_fetch_add(&looks, 1) + 1 == strike_at;
}

static int
note_commit(void *ctx)
{
	(void)ctx;
	has_committed = true;
	return 0;
}

static int
watch(sqlite3 *db, const char **message, const void *api)
{
	(void)message;
	(void)api;
	sqlite3_progress_handler(db, 1, look, NULL);
	(void)sqlite3_commit_hook(db, note_commit, NULL);
	return SQLITE_OK;
}

void
interrupt_install(void)
{
	ck_assert_int_eq(sqlite3_auto_extension((void (*)(void))watch),
			 SQLITE_OK);
}

void
interrupt_at(int64_t n)
{
	looks = 0;
	has_committed = false;
	strike_at = n;
}

bool
interrupt_struck(void)
{
	return strike_at != 0 && looks >= strike_at;
}

void
strikes_next(struct strikes *strikes)
{
	interrupt_at(++strikes->n);
}

void
strikes_end(struct strikes *strikes, bool is_refused)
{
	strikes->struck = interrupt_struck();
	interrupt_at(0);
	ck_assert_int_lt(strikes->n, LOOKS_MAX);
	strikes->refused += is_refused;
}
