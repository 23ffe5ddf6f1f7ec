#include "scenario.h"

#include <assert.h>
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { GROUP_MAX = 8, TEXT_MAX = 3000, CHECKPOINT_PAGES = 10 };
enum { CHANGES_KEPT = 6, PRUNE_ITEMS = 3 };

void
scenario_init(struct scenario *s, struct shim *shim)
{
	memset(s, 0, sizeof(*s));
	error_init(&s->err);
	s->shim = shim;
	shim_reset(shim);
	s->options = store_options_default(STORE_CREATE, 5);
	s->options.vfs = "shim";
	s->options.checkpoint_pages = CHECKPOINT_PAGES;
	/* The shim decides what is on disk, so memory is disk enough. */
	(void)snprintf(s->directory, sizeof(s->directory),
		       "%s/toggled-fault-XXXXXX",
		       access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (mkdtemp(s->directory) == NULL)
		abort();
	(void)snprintf(s->wreck, sizeof(s->wreck), "%s/wreck", s->directory);
	if (mkdir(s->wreck, 0700) != 0)
		abort();
	(void)snprintf(s->path, sizeof(s->path), "%s/t.db", s->directory);
}

void
scenario_clear_directory(const char *directory)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;

	if (dir == NULL)
		return;
	for (entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
		char name[512];

		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(name, sizeof(name), "%s%s", directory,
			       entry->d_name);
		(void)unlink(name);
	}
	(void)closedir(dir);
}

static void
remove_directory(const char *path)
{
	char directory[96];

	(void)snprintf(directory, sizeof(directory), "%s/", path);
	scenario_clear_directory(directory);
	(void)rmdir(path);
}

void
scenario_fini(struct scenario *s)
{
	scenario_close(s);
	shim_reset(s->shim);
	remove_directory(s->wreck);
	remove_directory(s->directory);
}

void
scenario_unsound(struct scenario *s, const char *fmt, ...)
{
	va_list args;

	if (s->ledger.unsound[0] != '\0')
		return;
	va_start(args, fmt);
	(void)vsnprintf(s->ledger.unsound, sizeof(s->ledger.unsound), fmt,
			args);
	va_end(args);
}

enum status
scenario_open(struct scenario *s)
{
	error_init(&s->err);
	return store_open_with(s->path, &s->options, &s->store, &s->err);
}

void
scenario_close(struct scenario *s)
{
	store_close(s->store);
	s->store = NULL;
}

void
scenario_kill(struct scenario *s)
{
	s->store->dead = true;
	scenario_close(s);
}

void
scenario_add_migration(struct scenario *s)
{
	static struct embedded_file steps[16];
	size_t count = 0;

	while (embedded_migrations[count].name != NULL) {
		steps[count] = embedded_migrations[count];
		count++;
	}
	steps[count] = (struct embedded_file){
		"next.sql",
		"CREATE TABLE extra (n INTEGER) STRICT;"
		"INSERT INTO extra SELECT revision FROM change;",
		1
	};
	s->options.migrations = steps;
}

/* The text of the item at `slot` of a change. Sizes vary, so that pages
 * overflow and split. */
static void
make_text(int64_t revision, int attempt, size_t slot, char text[TEXT_MAX])
{
	const int length = snprintf(text, TEXT_MAX, "%lld.%d.%zu.",
				    (long long)revision, attempt, slot);
	const size_t filler =
	    (size_t)(revision * 7919 + attempt * 104729) % 8 == 0
		? 2000
		: (size_t)revision * 31 % 200;

	memset(text + length, 'x', filler);
	text[(size_t)length + filler] = '\0';
}

static size_t
count_items(int64_t revision)
{
	return 1 + (size_t)(revision % 3);
}

static void
make_key(int64_t revision, size_t slot, char key[16])
{
	(void)snprintf(key, 16, "k%02zu",
		       (size_t)(revision * 5 + (int64_t)slot * 3) % 20);
}

static struct string
text_of(const char *s)
{
	return (struct string){ s, strlen(s) };
}

/* One change with all that it borrows. */
struct made {
	struct change change;
	struct change_item items[3];
	struct definition definitions[3];
	char keys[3][16];
	char texts[3][TEXT_MAX];
};

static void
make_change(struct made *made, int64_t revision, int attempt)
{
	memset(made, 0, sizeof(*made));
	made->change.revision = revision;
	made->change.at_ms = revision;
	made->change.environment = text_of("default");
	made->change.actor = text_of("actor");
	made->change.comment = text_of("");
	made->change.items = made->items;
	made->change.count = count_items(revision);
	for (size_t i = 0; i < made->change.count; i++) {
		make_key(revision, i, made->keys[i]);
		make_text(revision, attempt, i, made->texts[i]);
		made->definitions[i].stored = text_of(made->texts[i]);
		made->items[i].kind = KIND_TOGGLE;
		made->items[i].key = text_of(made->keys[i]);
		made->items[i].after = &made->definitions[i];
	}
}

enum status
scenario_commit(struct scenario *s, size_t count)
{
	struct made *made = calloc(GROUP_MAX, sizeof(*made));
	struct store_write writes[GROUP_MAX];
	struct ledger *ledger = &s->ledger;
	const int attempt = ledger->attempt++;
	const int64_t head = store_head(s->store);
	enum status status;

	assert(made != NULL && count <= GROUP_MAX);
	memset(writes, 0, sizeof(writes));
	for (size_t i = 0; i < count; i++) {
		make_change(&made[i], head + 1 + (int64_t)i, attempt);
		writes[i].change = &made[i].change;
	}
	error_init(&s->err);
	status = store_commit(s->store, writes, count, &s->err);
	if (status == STATUS_OK) {
		ledger->head = head + (int64_t)count;
		assert(ledger->head <= LEDGER_MAX);
		for (size_t i = 0; i < count; i++)
			ledger->attempts[head + 1 + (int64_t)i] = attempt;
	}
	if (store_head(s->store) != ledger->head)
		scenario_unsound(s, "head is %lld after acknowledging %lld",
				 (long long)store_head(s->store),
				 (long long)ledger->head);
	free(made);
	return status;
}

static bool
is_text(struct string s, const char *expected)
{
	return s.length == strlen(expected) &&
	       memcmp(s.data, expected, s.length) == 0;
}

static enum status
check_change(const struct stored_change *change, void *ctx, struct error *err)
{
	struct scenario *s = ctx;
	const int64_t revision = change->revision;
	const size_t count = count_items(revision);
	char text[TEXT_MAX];

	(void)err;
	if (revision > s->ledger.head)
		return STATUS_OK; /* stored, but nobody was told */
	if (change->count != count)
		scenario_unsound(s, "revision %lld has %zu items, not %zu",
				 (long long)revision, change->count, count);
	for (size_t i = 0; i < change->count; i++) {
		bool found = false;
		for (size_t slot = 0; slot < count; slot++) {
			make_text(revision, s->ledger.attempts[revision], slot,
				  text);
			found = found || is_text(change->items[i].after, text);
		}
		if (!found)
			scenario_unsound(s, "revision %lld has another text",
					 (long long)revision);
	}
	return STATUS_OK;
}

/* The newest change of a key, by the rule that makes them. */
static enum status
check_item(const struct stored_item *item, void *ctx, struct error *err)
{
	struct scenario *s = ctx;
	const int64_t head = store_head(s->store);
	char key[16];

	(void)err;
	for (int64_t r = head; r > item->revision; r--) {
		for (size_t slot = 0; slot < count_items(r); slot++) {
			make_key(r, slot, key);
			if (is_text(item->key, key))
				scenario_unsound(
				    s, "%s is loaded at %lld, not %lld", key,
				    (long long)item->revision, (long long)r);
		}
	}
	return STATUS_OK;
}

void
scenario_check_reads(struct scenario *s)
{
	const struct history_query all = { .limit = SIZE_MAX };

	error_init(&s->err);
	if (store_history(s->store, &all, check_change, s, &s->err) !=
		STATUS_OK ||
	    store_load(s->store, text_of(""), INT64_MAX, check_item, s,
		       &s->err) != STATUS_OK)
		scenario_unsound(s, "read: %s", s->err.text);
}

static void
check_open_store(struct scenario *s, int64_t head)
{
	int64_t changes = 0;

	if (store_head(s->store) < head)
		scenario_unsound(s, "head is %lld, acknowledged was %lld",
				 (long long)store_head(s->store),
				 (long long)head);
	if (store_verify(s->store, &changes, &s->err) != STATUS_OK)
		scenario_unsound(s, "verify: %s", s->err.text);
	scenario_check_reads(s);
}

void
scenario_check(struct scenario *s, const char *path)
{
	scenario_close(s);
	shim_reset(s->shim);
	s->options.synchronous = "FULL";
	if (path != NULL)
		(void)snprintf(s->path, sizeof(s->path), "%s", path);
	if (scenario_open(s) != STATUS_OK) {
		scenario_unsound(s, "open: %s", s->err.text);
		return;
	}
	check_open_store(s, s->ledger.head);
	if (s->ledger.unsound[0] != '\0')
		return;
	/* What nobody was told of is history from now on. */
	s->ledger.head = store_head(s->store);
	if (scenario_commit(s, 2) != STATUS_OK)
		scenario_unsound(s, "commit afterwards: %s", s->err.text);
}

enum status
scenario_prune(struct scenario *s)
{
	/* A change's time is its revision. */
	const int64_t before = s->ledger.head - CHANGES_KEPT;
	bool done = false;

	error_init(&s->err);
	return store_prune(s->store, before, INT64_MAX, PRUNE_ITEMS, &done,
			   &s->err);
}

enum status
scenario_backup(struct scenario *s, const char *path, int pages)
{
	struct store_backup *backup = NULL;
	bool done = false;
	enum status status;

	error_init(&s->err);
	status = store_backup_begin(s->store, path, &backup, &s->err);
	while (status == STATUS_OK && !done) {
		error_init(&s->err);
		status = store_backup_step(backup, pages, &done, &s->err);
		if (status == STATUS_OK && !done && !store_is_dead(s->store))
			(void)scenario_commit(s, 1);
	}
	store_backup_end(backup);
	return status;
}

void
scenario_check_copy(struct scenario *s, const char *path, int64_t head)
{
	struct scenario copy;

	scenario_close(s);
	shim_reset(s->shim);
	copy = *s;
	copy.ledger.head = head;
	(void)snprintf(copy.path, sizeof(copy.path), "%s", path);
	if (scenario_open(&copy) != STATUS_OK)
		scenario_unsound(&copy, "copy: %s", copy.err.text);
	else
		check_open_store(&copy, head);
	scenario_close(&copy);
	if (copy.ledger.unsound[0] != '\0')
		scenario_unsound(s, "copy: %s", copy.ledger.unsound);
}
