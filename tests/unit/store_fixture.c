#include "store_fixture.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "scratch.h"

void
store_fixture_init(struct store_fixture *f)
{
	memset(f, 0, sizeof(*f));
	arena_init(&f->arena);
	error_init(&f->err);
	scratch_open(f->directory, f->path);
	store_fixture_reopen(f);
}

void
store_fixture_fini(struct store_fixture *f)
{
	store_fixture_close(f);
	scratch_close(f->directory);
	arena_fini(&f->arena);
}

void
store_fixture_close(struct store_fixture *f)
{
	store_close(f->store);
	f->store = NULL;
}

void
store_fixture_reopen(struct store_fixture *f)
{
	store_fixture_close(f);
	ck_assert_msg(store_open(f->path, STORE_CREATE, 5, &f->store,
				 &f->err) == STATUS_OK,
		      "%s", f->err.text);
}

void
store_fixture_tamper_closed(struct store_fixture *f, const char *sql)
{
	store_fixture_close(f);
	scratch_tamper(f->path, sql);
}

void
store_fixture_tamper(struct store_fixture *f, const char *sql)
{
	store_fixture_tamper_closed(f, sql);
	store_fixture_reopen(f);
}

struct string
text_of(const char *s)
{
	return (struct string){ s, strlen(s) };
}

static struct string
keep(struct store_fixture *f, const char *s)
{
	return (struct string){ arena_copy(&f->arena, s, strlen(s)),
				strlen(s) };
}

struct change *
store_fixture_change(struct store_fixture *f, const char *environment)
{
	struct change *change = arena_zalloc(&f->arena, 1, sizeof(*change));
	char text[64];

	change->revision = store_head(f->store) + 1;
	change->at_ms = 1000 * change->revision;
	change->environment = keep(f, environment);
	(void)snprintf(text, sizeof(text), "actor%lld",
		       (long long)change->revision);
	change->actor = keep(f, text);
	(void)snprintf(text, sizeof(text), "comment %lld",
		       (long long)change->revision);
	change->comment = keep(f, text);
	return change;
}

void
store_fixture_add(struct store_fixture *f, struct change *change,
		  enum kind kind, const char *key, const char *text)
{
	struct change_item *items =
	    arena_zalloc(&f->arena, change->count + 1, sizeof(*change->items));
	struct change_item *item = &items[change->count];

	if (change->count > 0)
		memcpy(items, change->items, change->count * sizeof(*items));
	item->kind = kind;
	item->key = keep(f, key);
	if (text != NULL) {
		item->after = arena_zalloc(&f->arena, 1, sizeof(*item->after));
		item->after->stored = keep(f, text);
	}
	change->items = items;
	change->count++;
}

enum status
store_fixture_commit(struct store_fixture *f, struct change *change)
{
	const struct store_write write = { .change = change };

	error_init(&f->err);
	return store_commit(f->store, &write, 1, &f->err);
}

void
store_fixture_put(struct store_fixture *f, const char *key, const char *text)
{
	struct change *change = store_fixture_change(f, "default");

	store_fixture_add(f, change, KIND_TOGGLE, key, text);
	ck_assert_msg(store_fixture_commit(f, change) == STATUS_OK, "%s",
		      f->err.text);
}

static enum status
dump_item(const struct stored_item *item, void *ctx, struct error *err)
{
	(void)err;
	bytes_printf(ctx, "%.*s/%d/%.*s@%lld=%.*s\n",
		     (int)item->environment.length, item->environment.data,
		     (int)item->kind, (int)item->key.length, item->key.data,
		     (long long)item->revision,
		     item->removed ? 1 : (int)item->text.length,
		     item->removed ? "-" : item->text.data);
	return STATUS_OK;
}

const char *
store_fixture_dump(struct store_fixture *f, const char *environment, int64_t at)
{
	struct bytes out;
	char *kept;

	bytes_init(&out);
	bytes_append_str(&out, "");
	ck_assert_msg(store_load(f->store, text_of(environment), at, dump_item,
				 &out, &f->err) == STATUS_OK,
		      "%s", f->err.text);
	kept =
	    arena_copy(&f->arena, out.data != NULL ? out.data : "", out.length);
	bytes_fini(&out);
	return kept;
}
