/*
 * A database that is gone, empty, or not there yet: nothing empty comes about
 * by itself, and what only reads leaves no trace.
 */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "harness.h"
#include "scene.h"

#define ENV "/v1/envs/default"

/* Every command that takes a database; NULL stands for its name. */
static const char *const commands[][9] = {
	{ "serve", "--listen", "127.0.0.1:0", "--database", NULL },
	{ "check", "--database", NULL },
	{ "verify", "--database", NULL },
	{ "export", "--database", NULL },
	{ "backup", "copy.db", "--database", NULL },
	{ "token", "list", "--database", NULL },
	{ "import", "--dry-run", "in.json", "--database", NULL },
	{ "restore", NULL, "--database", "other.db" },
	/* These make one where there never was any. */
	{ "import", "in.json", "--database", NULL },
	{ "token", "create", "--role", "admin", "--name", "a", "--database",
	  NULL },
};

enum {
	COMMANDS = sizeof(commands) / sizeof(commands[0]),
	READERS_FIRST = 2, /* check says that serving will make it */
	READERS_END = 8,
};

static const struct run *
run_on(struct toggled *t, int command, const char *database)
{
	const char *args[10] = { NULL };
	const char *before = "";

	for (int i = 0; i < 9; i++) {
		const char *arg = commands[command][i];

		if (arg == NULL && (strcmp(before, "--database") == 0 ||
				    strcmp(before, "restore") == 0))
			arg = database;
		if (arg == NULL)
			break;
		args[i] = arg;
		before = arg;
	}
	return toggled_run(t, args);
}

/* The names in its directory, but for what the harness keeps there. */
static char *
listing(struct toggled *t)
{
	struct dirent **entries = NULL;
	struct bytes all;
	const int n = scandir(t->dir, &entries, NULL, alphasort);

	bytes_init(&all);
	bytes_append_str(&all, "");
	for (int i = 0; i < n; i++) {
		if (strncmp(entries[i]->d_name, "std", 3) != 0)
			bytes_printf(&all, "%s ", entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return bytes_take(&all);
}

static struct toggled *
begin(void)
{
	struct toggled *t = toggled_new();

	toggled_write(t, "in.json",
		      "{\"flags\":{\"a\":{\"state\":\"ENABLED\","
		      "\"variants\":{\"on\":true},"
		      "\"defaultVariant\":\"on\"}}}");
	return t;
}

START_TEST(test_command_when_database_is_empty_then_damage_and_stays)
{
	struct toggled *t = begin();
	const struct run *run;
	struct stat st;

	toggled_write(t, "toggled.db", "");
	run = run_on(t, _i, t->database);
	ck_assert_msg(run->status == 1, "%d: %s", run->status, run->err);
	expect_says(run->err, "the file is empty");
	ck_assert_int_eq(stat(t->database, &st), 0);
	ck_assert_int_eq((int)st.st_size, 0);
	toggled_free(t);
}
END_TEST

START_TEST(test_reader_when_nothing_is_there_then_makes_nothing)
{
	struct toggled *t = begin();
	char *before = listing(t);
	char *after;
	const struct run *run = run_on(t, _i, t->database);

	ck_assert_msg(run->status == 1, "%d: %s", run->status, run->err);
	expect_says(run->err, t->database);
	after = listing(t);
	ck_assert_str_eq(after, before);
	free(before);
	free(after);
	toggled_free(t);
}
END_TEST

static struct bytes
content(const char *path)
{
	struct bytes all;
	FILE *file = fopen(path, "rbe");
	int c;

	bytes_init(&all);
	bytes_append_str(&all, file == NULL ? "-" : "+");
	while (file != NULL && (c = fgetc(file)) != EOF)
		bytes_append_char(&all, (char)c);
	if (file != NULL)
		(void)fclose(file);
	return all;
}

static void
expect_same(const char *path, const struct bytes *before)
{
	struct bytes now = content(path);

	ck_assert_msg(now.length == before->length &&
			  memcmp(now.data, before->data, now.length) == 0,
		      "%s has changed", path);
	bytes_fini(&now);
}

/* A database whose server was killed has a log beside it. */
START_TEST(test_reader_when_there_is_one_then_not_a_byte_changes)
{
	const int command = READERS_FIRST - 1 + _i / 2;
	const bool was_killed = _i % 2 == 1;
	struct toggled *t = begin();
	const struct run *run;
	struct bytes file;
	struct bytes log;
	char *before;
	char *after;

	toggled_start(t, NULL);
	put_toggle(t, "b", "{}");
	toggled_stop(t, was_killed ? SIGKILL : SIGTERM);
	file = content(t->database);
	log = content(toggled_path(t, "toggled.db-wal"));
	ck_assert_int_eq(log.data[0], was_killed ? '+' : '-');
	before = listing(t);
	run = run_on(t, command, t->database);
	ck_assert_msg(run->status == 0, "%d: %s", run->status, run->err);
	expect_same(t->database, &file);
	expect_same(toggled_path(t, "toggled.db-wal"), &log);
	(void)unlink(toggled_path(t, "copy.db"));
	(void)unlink(toggled_path(t, "other.db"));
	after = listing(t);
	ck_assert_str_eq(after, before);
	free(before);
	free(after);
	bytes_fini(&file);
	bytes_fini(&log);
	toggled_free(t);
}
END_TEST

static const struct {
	const char *beside;
	bool may_be_overruled;
} leftovers[] = {
	{ "toggled.db-wal", false },
	{ "toggled.db-shm", false },
	{ "toggled.db-journal", false },
	{ "toggled.db.bak", true },
	{ "toggled.db~", true },
	{ "toggled.db.restoring", true },
	{ "toggled.db.before-restore-20261122T140300.123Z", true },
};

enum { LEFTOVERS = sizeof(leftovers) / sizeof(leftovers[0]) };

START_TEST(test_start_when_something_of_it_lies_there_then_refused_by_name)
{
	static const int makers[] = { 0, 8, 9 };
	struct toggled *t = begin();
	const char *beside = leftovers[_i].beside;
	struct bytes before;
	const struct run *run;

	toggled_write(t, beside, "what was acknowledged");
	before = content(toggled_path(t, beside));
	for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
		run = run_on(t, makers[i], t->database);
		ck_assert_msg(run->status == 1, "%d: %s", run->status,
			      run->err);
		expect_says(run->err, beside);
		ck_assert_int_ne(access(t->database, F_OK), 0);
		expect_same(toggled_path(t, beside), &before);
	}
	if (leftovers[_i].may_be_overruled) {
		TOGGLED_START(t, "--create");
		scene_stop(t);
	} else {
		run = TOGGLED_RUN(t, "serve", "--listen", "127.0.0.1:0",
				  "--create", "--database", t->database);
		ck_assert_int_eq(run->status, 1);
		expect_says(run->err, beside);
	}
	expect_same(toggled_path(t, beside), &before);
	bytes_fini(&before);
	toggled_free(t);
}
END_TEST

static void
lose_database(struct toggled *t)
{
	ck_assert_int_eq(unlink(t->database), 0);
	(void)unlink(toggled_path(t, "toggled.db-wal"));
}

static void
expect_no_database_made(struct toggled *t, int command)
{
	const struct run *run = run_on(t, command, t->database);

	ck_assert_msg(run->status == 1, "%d: %s", run->status, run->err);
	expect_says(run->err, "there was one");
	expect_says(run->err, "--create");
	ck_assert_int_ne(access(t->database, F_OK), 0);
}

START_TEST(test_start_when_served_before_and_gone_then_refused_until_told)
{
	struct toggled *t = begin();

	toggled_start(t, NULL);
	put_toggle(t, "b", "{}");
	scene_stop(t);
	lose_database(t);
	expect_no_database_made(t, 0);
	expect_no_database_made(t, 1);
	expect_no_database_made(t, 8);
	expect_no_database_made(t, 9);
	TOGGLED_START(t, "--create");
	ask(t, "GET", ENV "/toggles/b", NULL, 404);
	scene_stop(t);
	/* Once is enough. */
	toggled_start(t, NULL);
	scene_close(t);
}
END_TEST

static char *
marker_of(struct toggled *t, const char *directory)
{
	char *pattern = NULL;
	char *found = NULL;
	glob_t hits;

	(void)t;
	ck_assert_int_gt(
	    asprintf(&pattern, "%s/toggled.db.served-*", directory), 0);
	if (glob(pattern, 0, NULL, &hits) == 0) {
		ck_assert_uint_eq(hits.gl_pathc, 1);
		found = strdup(hits.gl_pathv[0]);
		globfree(&hits);
	}
	free(pattern);
	return found;
}

/* The directory of the database is what is gone, with all in it. */
START_TEST(test_start_when_disk_is_gone_then_state_directory_knows)
{
	struct toggled *t = toggled_new();
	const char *state = toggled_path(t, "state");
	char *marker;

	ck_assert_int_eq(mkdir(state, 0700), 0);
	if (_i == 1)
		setenv("STATE_DIRECTORY",
		       toggled_text(t, "%s:/elsewhere", state), 1);
	if (_i == 1)
		toggled_start(t, NULL);
	else
		TOGGLED_START(t, "--state-dir", state);
	marker = marker_of(t, t->dir);
	ck_assert_ptr_null(marker);
	marker = marker_of(t, state);
	ck_assert_ptr_nonnull(marker);
	free(marker);
	scene_stop(t);
	lose_database(t);
	if (_i == 1)
		expect_no_start(t, "there was one");
	else
		expect_says(TOGGLED_RUN(t, "serve", "--listen", "127.0.0.1:0",
					"--database", t->database,
					"--state-dir", state)
				->err,
			    "there was one");
	toggled_free(t);
}
END_TEST

START_TEST(test_start_when_state_directory_is_missing_then_never_guesses)
{
	struct toggled *t = toggled_new();
	const struct run *run =
	    TOGGLED_RUN(t, "serve", "--listen", "127.0.0.1:0", "--database",
			t->database, "--state-dir", "no/such");

	ck_assert_int_eq(run->status, 1);
	expect_says(run->err, "cannot be known");
	toggled_start(t, NULL);
	scene_stop(t);
	/* With the database there it serves, and says what is not kept. */
	TOGGLED_START(t, "--state-dir", "no/such");
	expect_logged(t, "it is not kept that this database is");
	scene_close(t);
}
END_TEST

/* As an earlier release leaves it. */
START_TEST(test_start_when_no_word_was_left_then_left_now)
{
	struct toggled *t = scene_open();
	char *marker;

	scene_stop(t);
	marker = marker_of(t, t->dir);
	ck_assert_ptr_nonnull(marker);
	ck_assert_int_eq(unlink(marker), 0);
	toggled_start(t, NULL);
	ck_assert_int_eq(access(marker, F_OK), 0);
	free(marker);
	scene_close(t);
}
END_TEST

/* A token of the life before, or none. */
START_TEST(test_start_when_there_were_tokens_then_an_empty_store_is_closed)
{
	struct toggled *t = begin();
	const bool was_made_while_served = _i == 1;
	const struct run *run;
	struct answer *answer;
	char *secret;

	if (was_made_while_served) {
		toggled_start(t, NULL);
		ask(t, "POST", "/v1/tokens",
		    "{\"name\":\"a\",\"role\":\"admin\"}", 201);
	} else {
		(void)run_on(t, 9, t->database);
		toggled_start(t, NULL);
	}
	scene_stop(t);
	lose_database(t);
	TOGGLED_START(t, "--create");
	ask(t, "GET", ENV "/toggles", NULL, 401);
	ask(t, "PUT", ENV "/toggles/x", "{}", 401);
	ask(t, "POST", "/v1/tokens", "{\"name\":\"a\",\"role\":\"admin\"}",
	    401);
	expect_logged(t, "NOBODY GETS IN");
	scene_stop(t);
	run = run_on(t, 9, t->database);
	ck_assert_msg(run->status == 0, "%s", run->err);
	secret = strdup(run->out);
	secret[strcspn(secret, "\n")] = '\0';
	toggled_start(t, NULL);
	ask(t, "GET", ENV "/toggles", NULL, 401);
	answer = ask_with(
	    t,
	    (const char *const[]){
		toggled_text(t, "Authorization: Bearer %s", secret), NULL },
	    "GET", ENV "/toggles", NULL, 200);
	(void)answer;
	free(secret);
	scene_close(t);
}
END_TEST

/* What a first start that was killed leaves. */
START_TEST(test_start_when_first_one_was_cut_off_then_begins_anew)
{
	struct toggled *t = toggled_new();

	toggled_write(t, "toggled.db.new", "SQLite for");
	toggled_start(t, NULL);
	put_toggle(t, "a", "{}");
	ck_assert_int_ne(access(toggled_path(t, "toggled.db.new"), F_OK), 0);
	scene_close(t);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_loop_test(
	    tc, test_command_when_database_is_empty_then_damage_and_stays, 0,
	    COMMANDS);
	tcase_add_loop_test(
	    tc, test_reader_when_nothing_is_there_then_makes_nothing,
	    READERS_FIRST, READERS_END - 1);
	tcase_add_loop_test(
	    tc, test_reader_when_there_is_one_then_not_a_byte_changes, 0,
	    2 * (READERS_END - READERS_FIRST + 1));
	tcase_add_loop_test(
	    tc, test_start_when_something_of_it_lies_there_then_refused_by_name,
	    0, LEFTOVERS);
	tcase_add_test(
	    tc, test_start_when_served_before_and_gone_then_refused_until_told);
	tcase_add_loop_test(
	    tc, test_start_when_disk_is_gone_then_state_directory_knows, 0, 2);
	tcase_add_test(
	    tc, test_start_when_state_directory_is_missing_then_never_guesses);
	tcase_add_test(tc, test_start_when_no_word_was_left_then_left_now);
	tcase_add_loop_test(
	    tc, test_start_when_there_were_tokens_then_an_empty_store_is_closed,
	    0, 2);
	tcase_add_test(tc,
		       test_start_when_first_one_was_cut_off_then_begins_anew);
}

int
main(void)
{
	return scene_main("gone", add);
}
