#include "release.h"

#include <check.h>
#include <glob.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doc.h"

#define FOLDER "tests/compat/"

const char *const releases[RELEASES] = { "0.1", "0.2", "0.3" };

void
release_load_store(struct toggled *t, const char *release)
{
	const char *sql =
	    doc_read(t, toggled_text(t, FOLDER "%s/store.sql", release));
	char *message = NULL;
	sqlite3 *db = NULL;

	ck_assert_int_eq(sqlite3_open(t->database, &db), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &message) == SQLITE_OK,
		      "%s", message);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

/* Without the lists of allowed differences. It is asked before any test runs,
 * so it asserts nothing. */
static void
find_recordings(glob_t *found)
{
	size_t kept = 0;

	(void)glob(FOLDER "[0-9]*/*.http", 0, NULL, found);
	for (size_t i = 0; i < found->gl_pathc; i++) {
		char *path = found->gl_pathv[i];

		if (strstr(path, "/allowed.http") == NULL)
			found->gl_pathv[kept++] = path;
		else
			free(path);
	}
	if (found->gl_pathc > 0)
		found->gl_pathv[kept] = NULL;
	found->gl_pathc = kept;
}

int
release_recordings(void)
{
	glob_t found;
	int count;

	find_recordings(&found);
	count = (int)found.gl_pathc;
	globfree(&found);
	return count;
}

const char *
release_recording(struct toggled *t, int i)
{
	glob_t found;
	const char *name;

	find_recordings(&found);
	ck_assert_uint_lt((size_t)i, found.gl_pathc);
	name = toggled_text(t, "%s", found.gl_pathv[i] + strlen(FOLDER));
	globfree(&found);
	return name;
}

void
release_serve(struct toggled *t, const char *recording)
{
	const char *slash = strchr(recording, '/');

	if (strcmp(slash, "/answers.http") == 0)
		release_load_store(t, toggled_text(t, "%.*s",
						   (int)(slash - recording),
						   recording));
	toggled_start(t, NULL);
}

const char *
release_of_previous(struct toggled *t)
{
	const char *previous = getenv("TOGGLED_PREVIOUS");
	char *newer = toggled_text(t, "%s", t->binary);
	int major;
	int minor;

	if (previous == NULL)
		return NULL;
	ck_assert_msg(realpath(previous, t->binary) != NULL, "no %s", previous);
	ck_assert_int_eq(sscanf(TOGGLED_RUN(t, "version")->out,
				"toggled %d.%d.", &major, &minor),
			 2);
	snprintf(t->binary, sizeof(t->binary), "%s", newer);
	return toggled_text(t, "%d.%d", major, minor);
}
