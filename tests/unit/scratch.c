#include "scratch.h"

#include <check.h>
#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void
scratch_open(char directory[64], char database[96])
{
	strcpy(directory, "/tmp/toggled-unit-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	(void)snprintf(database, 96, "%s/t.db", directory);
}

void
scratch_close(const char *directory)
{
	DIR *open = opendir(directory);
	struct dirent *entry;

	ck_assert_ptr_nonnull(open);
	for (entry = readdir(open); entry != NULL; entry = readdir(open)) {
		char name[512];

		(void)snprintf(name, sizeof(name), "%s/%s", directory,
			       entry->d_name);
		(void)unlink(name);
	}
	(void)closedir(open);
	(void)rmdir(directory);
}

void
scratch_tamper(const char *database, const char *sql)
{
	sqlite3 *db = NULL;
	char *message = NULL;

	ck_assert_int_eq(sqlite3_open(database, &db), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &message) == SQLITE_OK,
		      "%s", message);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}
