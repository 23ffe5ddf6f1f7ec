#include "restore_case.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "scenario.h"

enum { COMMITS = 4, ALL_PAGES = 10000, NOW_MS = 1000000 };

const struct restore_case restore_cases[] = {
	{ "over nothing", OLD_NONE, false, false },
	{ "over one that was closed", OLD_CLOSED, false, false },
	{ "over one that was killed", OLD_KILLED, false, false },
	{ "in the place of one that was killed", OLD_KILLED, true, false },
	{ "one that was killed, over another", OLD_KILLED, false, true },
};

static const char *const file_names[LAID_FILES] = { "t.db", "t.db-wal", "b.db",
						    "b.db-wal" };

static void PRINTF_LIKE(2, 3)
    unsound(struct restore_scene *scene, const char *fmt, ...)
{
	va_list args;

	if (scene->unsound[0] != '\0')
		return;
	va_start(args, fmt);
	(void)vsnprintf(scene->unsound, sizeof(scene->unsound), fmt, args);
	va_end(args);
}

static void
name_file(const char *directory, const char *name, char path[256])
{
	(void)snprintf(path, 256, "%s%s", directory, name);
}

static bool
read_all(const char *path, struct bytes *content)
{
	char chunk[4096];
	FILE *file = fopen(path, "rb");
	size_t got;

	bytes_clear(content);
	if (file == NULL)
		return false;
	for (got = fread(chunk, 1, sizeof(chunk), file); got > 0;
	     got = fread(chunk, 1, sizeof(chunk), file))
		bytes_append(content, chunk, got);
	(void)fclose(file);
	return true;
}

static void
write_all(const char *path, const struct bytes *content)
{
	FILE *file = fopen(path, "wb");

	if (file == NULL)
		abort();
	if (content->length > 0)
		(void)fwrite(content->data, 1, content->length, file);
	(void)fclose(file);
}

static void
identify(const struct store *store, struct identity *identity)
{
	memcpy(identity->epoch, store->epoch, EPOCH_BYTES);
	memcpy(identity->hash, store->head_hash, SHA256_BYTES);
}

static void
must(enum status status, const struct scenario *s)
{
	if (status == STATUS_OK)
		return;
	(void)fprintf(stderr, "prepare: %s\n", s->err.text);
	abort();
}

static void
commit(struct scenario *s)
{
	for (size_t i = 0; i < COMMITS; i++)
		must(scenario_commit(s, 1 + i % 3), s);
}

/* A life of a store that is backed up and goes on; its files are taken. */
static void
live(struct restore_scene *scene, struct scenario *s)
{
	char path[256];

	must(scenario_open(s), s);
	commit(s);
	identify(s->store, &scene->backed_up);
	if (scene->of->is_backup_killed) {
		scenario_kill(s);
		(void)read_all(s->path, &scene->laid[2]);
		(void)snprintf(path, sizeof(path), "%s-wal", s->path);
		(void)read_all(path, &scene->laid[3]);
		must(scenario_open(s), s);
	} else {
		(void)snprintf(path, sizeof(path), "%s/b.db", s->directory);
		must(scenario_backup(s, path, ALL_PAGES), s);
		(void)read_all(path, &scene->laid[2]);
	}
	commit(s);
	identify(s->store, &scene->old);
	if (scene->of->old == OLD_KILLED)
		scenario_kill(s);
	else
		scenario_close(s);
	if (scene->of->old != OLD_NONE)
		(void)read_all(s->path, &scene->laid[0]);
	(void)snprintf(path, sizeof(path), "%s-wal", s->path);
	if (scene->of->old == OLD_KILLED)
		(void)read_all(path, &scene->laid[1]);
}

void
restore_scene_init(struct restore_scene *scene, const struct restore_case *of)
{
	struct shim *shim = shim_new();
	struct scenario s;

	*scene = (struct restore_scene){ .of = of };
	error_init(&scene->err);
	for (size_t i = 0; i < LAID_FILES; i++)
		bytes_init(&scene->laid[i]);
	scenario_init(&s, shim);
	s.options.vfs = NULL;
	live(scene, &s);
	scenario_fini(&s);
	shim_free(shim);
	(void)snprintf(scene->directory, sizeof(scene->directory),
		       "%s/toggled-fault-XXXXXX",
		       access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (mkdtemp(scene->directory) == NULL)
		abort();
	(void)strncat(scene->directory, "/", 2);
	(void)snprintf(scene->database, sizeof(scene->database), "%st.db",
		       scene->directory);
	(void)snprintf(scene->backup, sizeof(scene->backup), "%sb.db",
		       scene->directory);
}

void
restore_scene_fini(struct restore_scene *scene)
{
	scenario_clear_directory(scene->directory);
	(void)rmdir(scene->directory);
	for (size_t i = 0; i < LAID_FILES; i++)
		bytes_fini(&scene->laid[i]);
}

void
restore_scene_clear(struct restore_scene *scene)
{
	scenario_clear_directory(scene->directory);
	scene->unsound[0] = '\0';
	scene->runs++;
}

void
restore_scene_lay(struct restore_scene *scene)
{
	restore_scene_clear(scene);
	for (size_t i = 0; i < LAID_FILES; i++) {
		char path[256];

		name_file(scene->directory, file_names[i], path);
		if (scene->laid[i].length > 0)
			write_all(path, &scene->laid[i]);
	}
}

static enum status
restore(struct restore_scene *scene, const char *backup, const char *database)
{
	const struct restore_order order = { .backup = backup,
					     .database = database,
					     .replace = scene->of->replace,
					     .now_ms = NOW_MS + scene->runs };
	struct restored restored = { .kept = NULL };
	enum status status;

	error_init(&scene->err);
	status = database_restore(&order, &restored, &scene->err);
	free(restored.kept);
	return status;
}

enum status
restore_scene_run(struct restore_scene *scene)
{
	return restore(scene, scene->backup, scene->database);
}

/* Whole, and whose it is. */
static bool
look(struct restore_scene *scene, const char *path, struct identity *identity)
{
	struct database_facts facts;
	struct store *store = NULL;
	struct error err;
	enum status status;

	error_init(&err);
	status = database_verify(path, &facts, &err);
	if (status == STATUS_OK)
		status = store_open(path, STORE_CREATE, NOW_MS, &store, &err);
	if (status != STATUS_OK)
		unsound(scene, "%s", err.text);
	else
		identify(store, identity);
	store_close(store);
	return status == STATUS_OK;
}

static bool
is_same(const struct identity *a, const struct identity *b)
{
	return strcmp(a->epoch, b->epoch) == 0 &&
	       memcmp(a->hash, b->hash, SHA256_BYTES) == 0;
}

/* The file is, to the byte, the one that was laid there. */
static bool
is_laid(const char *path, const struct bytes *laid)
{
	struct bytes content;
	bool is_same_bytes;

	bytes_init(&content);
	(void)read_all(path, &content);
	is_same_bytes = content.length == laid->length &&
			(laid->length == 0 ||
			 memcmp(content.data, laid->data, laid->length) == 0);
	bytes_fini(&content);
	return is_same_bytes;
}

static bool
is_old(struct restore_scene *scene, const char *path)
{
	struct identity found;

	return look(scene, path, &found) && is_same(&found, &scene->old);
}

/* The old database has its second name. */
static void
check_kept(struct restore_scene *scene, const char *directory)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	bool found = false;
	char path[256];

	for (entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
		if (strstr(entry->d_name, ".before-restore-") == NULL ||
		    strchr(entry->d_name, 'Z')[1] != '\0')
			continue;
		name_file(directory, entry->d_name, path);
		found = found || is_old(scene, path);
	}
	(void)closedir(dir);
	if (!found)
		unsound(scene, "the old database is not kept");
}

bool
restore_scene_has_leftovers(const struct restore_scene *scene)
{
	DIR *dir = opendir(scene->directory);
	struct dirent *entry;
	bool found = false;

	for (entry = readdir(dir); entry != NULL; entry = readdir(dir))
		found = found || strstr(entry->d_name, "restor") != NULL;
	(void)closedir(dir);
	return found;
}

static void
check_backup(struct restore_scene *scene, const char *directory)
{
	char path[256];

	for (size_t i = 2; i < LAID_FILES; i++) {
		name_file(directory, file_names[i], path);
		if (!is_laid(path, &scene->laid[i]))
			unsound(scene, "%s is not as it was", file_names[i]);
	}
}

static enum restore_left
check_database(struct restore_scene *scene, const char *directory)
{
	struct identity found;
	char path[256];

	name_file(directory, file_names[0], path);
	if (scene->of->old == OLD_NONE && access(path, F_OK) != 0)
		return LEFT_OLD;
	if (!look(scene, path, &found))
		return LEFT_UNSOUND;
	if (scene->of->old != OLD_NONE && is_same(&found, &scene->old))
		return LEFT_OLD;
	if (strcmp(found.epoch, scene->old.epoch) == 0)
		unsound(scene, "it has the identity of the old one");
	if (memcmp(found.hash, scene->backed_up.hash, SHA256_BYTES) != 0)
		unsound(scene, "it is neither the old one nor the backup");
	if (scene->of->old != OLD_NONE && !scene->of->replace)
		check_kept(scene, directory);
	return LEFT_NEW;
}

enum restore_left
restore_scene_check(struct restore_scene *scene, const char *directory,
		    bool again)
{
	enum restore_left left = check_database(scene, directory);
	char backup[256];
	char database[256];

	check_backup(scene, directory);
	name_file(directory, file_names[2], backup);
	name_file(directory, file_names[0], database);
	if (again && scene->unsound[0] == '\0') {
		scene->runs++;
		if (restore(scene, backup, database) != STATUS_OK)
			unsound(scene, "again: %s", scene->err.text);
		else if (check_database(scene, directory) != LEFT_NEW)
			unsound(scene, "again: it is still the old one");
	}
	return scene->unsound[0] == '\0' ? left : LEFT_UNSOUND;
}
