#include "disk_names.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "disk_record.h"

enum { FILES_MAX = 64, NAMES_MAX = 64, PENDING_MAX = 64, NAME_BYTES = 128 };

struct entry {
	char name[NAME_BYTES];
	size_t file; /* index */
};

struct table {
	struct entry entries[NAMES_MAX];
	size_t count;
};

/* Something that happened to names since the directory was synced. */
struct move {
	int what;
	char name[NAME_BYTES];
	char other[NAME_BYTES];
	size_t file;
};

struct disk_names {
	struct record *files[FILES_MAX];
	size_t file_count;
	struct table now;
	struct table synced;
	struct move pending[PENDING_MAX];
	size_t pending_count;
};

static struct entry *
find(struct table *table, const char *name)
{
	for (size_t i = 0; i < table->count; i++) {
		if (strcmp(table->entries[i].name, name) == 0)
			return &table->entries[i];
	}
	return NULL;
}

static void
put(struct table *table, const char *name, size_t file)
{
	struct entry *entry = find(table, name);

	if (entry == NULL) {
		if (table->count == NAMES_MAX)
			abort();
		entry = &table->entries[table->count++];
	}
	(void)snprintf(entry->name, NAME_BYTES, "%s", name);
	entry->file = file;
}

/* Unless another file has that name by now. */
static void
take(struct table *table, const char *name, size_t file)
{
	struct entry *entry = find(table, name);

	if (entry != NULL && entry->file == file)
		*entry = table->entries[--table->count];
}

static size_t
add_file(struct disk_names *names, const char *path)
{
	if (names->file_count == FILES_MAX)
		abort();
	names->files[names->file_count] = record_new(path);
	return names->file_count++;
}

struct disk_names *
disk_names_new(const char *directory)
{
	struct disk_names *names = mem_zalloc(1, sizeof(*names));
	DIR *dir = opendir(directory);
	struct dirent *entry;

	if (dir == NULL)
		abort();
	for (entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
		char path[512];

		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s%s", directory,
			       entry->d_name);
		put(&names->now, entry->d_name, add_file(names, path));
	}
	(void)closedir(dir);
	names->synced = names->now;
	return names;
}

void
disk_names_free(struct disk_names *names)
{
	while (names->file_count > 0)
		record_free(names->files[--names->file_count]);
	free(names);
}

static void
make_move(struct table *table, const struct move *move)
{
	switch (move->what) {
	case DISK_MADE:
		put(table, move->name, move->file);
		break;
	case DISK_RENAMED:
		take(table, move->name, move->file);
		put(table, move->other, move->file);
		break;
	case DISK_LINKED:
		put(table, move->other, move->file);
		break;
	default:
		take(table, move->name, move->file);
		break;
	}
}

static void
apply_to_names(struct disk_names *names, const struct disk_event *event)
{
	struct move *move = &names->pending[names->pending_count++];
	const struct entry *entry = find(&names->now, event->name);

	if (names->pending_count == PENDING_MAX)
		abort();
	move->what = (int)event->what;
	(void)snprintf(move->name, NAME_BYTES, "%s", event->name);
	(void)snprintf(move->other, NAME_BYTES, "%s",
		       event->other != NULL ? event->other : "");
	move->file = event->what == DISK_MADE ? add_file(names, "/nowhere/new")
					      : entry->file;
	make_move(&names->now, move);
}

static void
apply_to_file(struct record *file, const struct disk_event *event)
{
	if (event->what == DISK_WRITTEN)
		record_write(file, event->offset, event->data, event->length);
	else if (event->what == DISK_CUT)
		record_truncate(file, event->offset);
	else
		record_sync(file);
}

void
disk_names_apply(struct disk_names *names, const struct disk_event *event)
{
	const struct entry *entry = find(&names->now, event->name);

	switch (event->what) {
	case DISK_WRITTEN:
	case DISK_CUT:
	case DISK_SYNCED:
		if (event->name[0] == '\0') {
			names->synced = names->now;
			names->pending_count = 0;
		} else if (entry != NULL) {
			apply_to_file(names->files[entry->file], event);
		}
		break;
	case DISK_MADE:
	case DISK_RENAMED:
	case DISK_LINKED:
	case DISK_UNLINKED:
		apply_to_names(names, event);
		break;
	}
}

static void
write_file(const char *directory, const char *name, const struct bytes *content)
{
	char path[512];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s%s", directory, name);
	file = fopen(path, "wb");
	if (file == NULL)
		abort();
	if (content->length > 0)
		(void)fwrite(content->data, 1, content->length, file);
	(void)fclose(file);
}

/* Of the moves that were not synced none, all, or any. */
void
disk_names_wreck(const struct disk_names *names, uint64_t seed,
		 const char *directory)
{
	struct table left = names->synced;
	struct bytes contents[FILES_MAX];
	struct random random;
	uint64_t manner;

	random_seed(&random, seed);
	manner = random_below(&random, 3);
	for (size_t i = 0; i < names->pending_count; i++) {
		if (manner == 1 ||
		    (manner == 2 && random_below(&random, 2) == 0))
			make_move(&left, &names->pending[i]);
	}
	for (size_t i = 0; i < names->file_count; i++) {
		bytes_init(&contents[i]);
		record_wreck(names->files[i], &random, &contents[i]);
	}
	for (size_t i = 0; i < left.count; i++)
		write_file(directory, left.entries[i].name,
			   &contents[left.entries[i].file]);
	for (size_t i = 0; i < names->file_count; i++)
		bytes_fini(&contents[i]);
}

static uint64_t
number_of(const char *name, uint64_t usual)
{
	const char *text = getenv(name);

	return text != NULL ? strtoull(text, NULL, 10) : usual;
}

int
power_rounds(int usual)
{
	return (int)number_of("POWER_ROUNDS", (uint64_t)usual);
}

uint64_t
power_seed(void)
{
	return number_of("POWER_SEED", 1);
}
