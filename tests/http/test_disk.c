/*
 * Disks that are full, in earnest: a file system of a few megabytes and the
 * real program on it.
 */
#include <check.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scene.h"
#include "small_disk.h"

enum {
	TEXT_BYTES = 1900,
	WRITES_MAX = 4000,
	REFUSED_TWICE = 2,
	CASE_S = 300,
};

/* Toggles whose writes were acknowledged: k0, k1, ... */
struct book {
	int count;
	int64_t revision;
};

static const char *
body_of(struct toggled *t, int n)
{
	char filler[TEXT_BYTES + 1];

	memset(filler, 'a' + n % 26, TEXT_BYTES);
	filler[TEXT_BYTES] = '\0';
	return toggled_text(t, "{\"description\": \"%d %s\"}", n, filler);
}

/* The next toggle. False: there was no room for it. */
static bool
write_next(struct toggled *t, struct book *book)
{
	struct answer *a = toggled_request(
	    t, "PUT", toggled_text(t, ENV "/toggles/k%d", book->count), NULL,
	    body_of(t, book->count));

	if (a->status == 507) {
		expect_problem(a, 507, "storage-full");
		return false;
	}
	ck_assert_msg(a->status == 201, "%ld %s", a->status, a->body);
	book->revision = json_int_at(answer_json(a), "/revision");
	book->count++;
	return true;
}

/* Until the disk is full. */
static void
write_until_full(struct toggled *t, struct book *book)
{
	int refused = 0;

	while (refused < REFUSED_TWICE) {
		refused = write_next(t, book) ? 0 : refused + 1;
		ck_assert_int_lt(book->count, WRITES_MAX);
	}
}

static void
expect_all(struct toggled *t, const struct book *book)
{
	json_t *all =
	    json_at(ask_json(t, "GET", ENV "/toggles", NULL, 200), "/toggles");

	ck_assert_int_eq(head_revision(t), book->revision);
	ck_assert_uint_eq(json_object_size(all), (size_t)book->count);
	for (int i = 0; i < book->count; i++) {
		const char *at = toggled_text(t, "/k%d/description", i);
		json_t *expected =
		    json_loads(body_of(t, i), JSON_REJECT_DUPLICATES, NULL);

		ck_assert_str_eq(json_text_at(all, at),
				 json_text_at(expected, "/description"));
		json_decref(expected);
	}
}

/* What needs no disk goes on. */
static void
expect_served(struct toggled *t, const struct book *book)
{
	struct poller *poll =
	    poll_start(t,
		       toggled_text(t, ENV "/changes?since=%lld&wait=20ms",
				    (long long)book->revision),
		       NULL);

	ask(t, "GET", "/healthz", NULL, 200);
	ask(t, "GET", "/readyz", NULL, 200);
	ask(t, "GET", "/metrics", NULL, 200);
	ask(t, "GET", ENV "/toggles/k0", NULL, 200);
	ck_assert_int_eq(poll_finish(poll, SOON_MS)->status, 200);
	expect_all(t, book);
}

static int
count_files(struct toggled *t, const char *name)
{
	DIR *directory = opendir(toggled_path(t, name));
	struct dirent *entry;
	int count = 0;

	ck_assert_ptr_nonnull(directory);
	for (entry = readdir(directory); entry != NULL;
	     entry = readdir(directory))
		count += strstr(entry->d_name, "toggled.db") != NULL;
	closedir(directory);
	return count;
}

START_TEST(test_disk_when_full_then_507_and_it_heals)
{
	struct toggled *t = small_disk_open(_i);
	struct book book = { 0 };

	if (t == NULL)
		return;
	toggled_start(t, NULL);
	ck_assert(write_next(t, &book));
	small_disk_fill(t, 400 * 1024L);
	write_until_full(t, &book);
	small_disk_fill(t, 0);
	ck_assert(!write_next(t, &book));
	expect_served(t, &book);
	small_disk_clear(t);
	ck_assert(write_next(t, &book));
	small_disk_fill(t, 0);
	write_until_full(t, &book);
	toggled_hang_up(t);
	toggled_stop(t, SIGKILL);

	toggled_start(t, NULL);
	ck_assert(wait_until_logged(t, "is full", SOON_MS));
	expect_served(t, &book);
	write_until_full(t, &book);
	scene_stop(t);
	expect_verified(t, t->database);

	toggled_start(t, NULL);
	expect_served(t, &book);
	small_disk_clear(t);
	for (int i = 0; i < 10; i++)
		ck_assert(write_next(t, &book));
	expect_served(t, &book);
	scene_stop(t);
	expect_verified(t, t->database);
	small_disk_close(t);
}
END_TEST

/* SQLite's log is taken over when it is 8 MB: these disks are full by then. */
START_TEST(test_disk_when_log_has_filled_it_then_it_is_taken_over)
{
	struct toggled *t = small_disk_open(_i);
	struct book book = { 0 };
	struct stat st;

	if (t == NULL)
		return;
	toggled_start(t, NULL);
	small_disk_fill(t, 1500 * 1024L);
	write_until_full(t, &book);
	ck_assert_int_eq(stat(t->database, &st), 0);
	ck_assert_int_gt(st.st_size, 300 * 1024);
	expect_served(t, &book);
	scene_stop(t);
	expect_verified(t, t->database);
	small_disk_close(t);
}
END_TEST

/* Commands that write: where they write to is full. */
static const struct {
	const char *args[7];
	const char *says;
} commands[] = {
	{ { "backup", "disk/out", "--database", "full" }, "space" },
	{ { "backup", "disk/out", "--server", "URL" }, "o space" },
	{ { "export", "disk/out", "--server", "URL" }, "o space" },
	{ { "restore", "copy.db", "--database", "disk/out" }, "o space" },
	{ { "restore", "copy.db", "--database", "full" }, "o space" },
	{ { "import", "toggles.json", "--database", "full" }, "no space" },
	{ { "token", "create", "--role", "admin", "--name", "n" }, "space" },
};

/* "full" is the database on the disk, "URL" the server. */
static const char *const *
arguments(struct toggled *t, const char *const *args)
{
	const char **full = toggled_own(t, calloc(10, sizeof(*full)), free);
	size_t n = 0;

	for (; n < 7 && args[n] != NULL; n++) {
		full[n] = args[n];
		if (strcmp(args[n], "full") == 0)
			full[n] = t->database;
		if (strcmp(args[n], "URL") == 0)
			full[n] = t->url;
	}
	if (strcmp(args[0], "token") == 0) {
		full[n++] = "--database";
		full[n] = t->database;
	}
	return full;
}

static bool
is_served_one(const char *const *args)
{
	return args[2] != NULL && strcmp(args[2], "--server") == 0;
}

START_TEST(test_command_when_disk_is_full_then_error_and_nothing_half_done)
{
	struct toggled *t = small_disk_open(2);
	struct book book = { 0 };
	const char *const *args = commands[_i].args;
	const struct run *run;

	if (t == NULL)
		return;
	toggled_start(t, NULL);
	for (int i = 0; i < 40; i++)
		ck_assert(write_next(t, &book));
	ck_assert_int_eq(
	    TOGGLED_RUN(t, "backup", "--server", t->url, "copy.db")->status, 0);
	toggled_write(t, "toggles.json",
		      "{\"flags\": {\"new\": {\"state\": \"ENABLED\", "
		      "\"variants\": {\"on\": true, \"off\": false}, "
		      "\"defaultVariant\": \"on\"}}}");
	if (!is_served_one(args))
		scene_stop(t);
	small_disk_fill(t, 0);
	run = toggled_run(t, arguments(t, args));
	ck_assert_msg(run->status == 1, "%d %s", run->status, run->err);
	expect_says(run->err, commands[_i].says);
	ck_assert_int_ne(access(toggled_path(t, "disk/out.part"), F_OK), 0);
	ck_assert_int_ne(access(toggled_path(t, "disk/out.restoring"), F_OK),
			 0);
	if (is_served_one(args)) {
		expect_served(t, &book);
		scene_stop(t);
	}
	ck_assert_int_ne(access(toggled_path(t, "disk/out"), F_OK), 0);
	expect_verified(t, t->database);
	toggled_start(t, NULL);
	expect_served(t, &book);
	scene_stop(t);
	small_disk_close(t);
}
END_TEST

START_TEST(
    test_serve_when_disk_is_full_before_there_is_a_database_then_sentence)
{
	struct toggled *t = small_disk_open(_i);
	struct book book = { 0 };

	if (t == NULL)
		return;
	small_disk_fill(t, 0);
	expect_no_start(t, "o space");
	small_disk_clear(t);
	toggled_start(t, NULL);
	ck_assert(write_next(t, &book));
	expect_served(t, &book);
	scene_stop(t);
	small_disk_close(t);
}
END_TEST

/* A file system with errors is mounted like that by the kernel. */
START_TEST(test_serve_when_disk_is_read_only_then_sentence_and_verify_works)
{
	struct toggled *t = small_disk_open(_i);
	struct book book = { 0 };

	if (t == NULL)
		return;
	toggled_start(t, NULL);
	ck_assert(write_next(t, &book));
	ck_assert(!small_disk_set_writable(t, false)); /* it is in use */
	scene_stop(t);
	ck_assert(small_disk_set_writable(t, false));
	expect_no_start(t, "not writable");
	expect_verified(t, t->database);
	ck_assert(small_disk_set_writable(t, true));
	toggled_start(t, NULL);
	ck_assert(write_next(t, &book));
	expect_served(t, &book);
	scene_stop(t);
	small_disk_close(t);
}
END_TEST

/* GET /v1/backup makes its copy beside the database, and leaves there what
 * there was: the database, its log, the key of tickets. */
START_TEST(test_backup_when_disk_of_database_is_full_then_507)
{
	struct toggled *t = small_disk_open(_i);
	struct book book = { 0 };
	int before;

	if (t == NULL)
		return;
	toggled_start(t, NULL);
	for (int i = 0; i < 40; i++)
		ck_assert(write_next(t, &book));
	before = count_files(t, "disk");
	small_disk_fill(t, 32 * 1024L);
	expect_problem(toggled_get(t, "/v1/backup"), 507, "storage-full");
	small_disk_clear(t);
	small_disk_fill(t, 0);
	expect_problem(toggled_get(t, "/v1/backup"), 507, "storage-full");
	expect_served(t, &book);
	small_disk_clear(t);
	ask(t, "GET", "/v1/backup", NULL, 200);
	ck_assert_int_eq(count_files(t, "disk"), before);
	ck_assert(write_next(t, &book));
	scene_stop(t);
	small_disk_close(t);
}
END_TEST

/* What is logged to a full disk is lost, and nothing else. */
START_TEST(test_log_when_its_disk_is_full_then_served)
{
	struct toggled *t = small_disk_open(_i);
	struct book book = { 0 };
	const char *script;

	if (t == NULL)
		return;
	snprintf(t->database, sizeof(t->database), "%s/here.db", t->dir);
	script = toggled_write(
	    t, "logging",
	    toggled_text(t, "#!/bin/sh\nexec '%s' \"$@\" 2>>'%s/disk/log'\n",
			 t->binary, t->dir));
	ck_assert_int_eq(chmod(script, 0700), 0);
	snprintf(t->binary, sizeof(t->binary), "%s", script);
	TOGGLED_START(t, "--access-log");
	ck_assert(write_next(t, &book));
	small_disk_fill(t, 0);
	for (int i = 0; i < 100; i++)
		ck_assert(write_next(t, &book));
	expect_served(t, &book);
	scene_stop(t);
	toggled_start(t, NULL);
	expect_served(t, &book);
	scene_stop(t);
	small_disk_close(t);
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_set_timeout(tc, CASE_S);
	tcase_add_loop_test(tc, test_disk_when_full_then_507_and_it_heals, 0,
			    SMALL_DISKS);
	tcase_add_loop_test(
	    tc, test_disk_when_log_has_filled_it_then_it_is_taken_over, 0,
	    SMALL_DISKS);
	tcase_add_loop_test(
	    tc, test_command_when_disk_is_full_then_error_and_nothing_half_done,
	    0, COUNT(commands));
	tcase_add_loop_test(
	    tc,
	    test_serve_when_disk_is_full_before_there_is_a_database_then_sentence,
	    0, SMALL_DISKS);
	tcase_add_loop_test(
	    tc,
	    test_serve_when_disk_is_read_only_then_sentence_and_verify_works, 0,
	    SMALL_DISKS);
	tcase_add_loop_test(tc,
			    test_backup_when_disk_of_database_is_full_then_507,
			    0, SMALL_DISKS);
	tcase_add_loop_test(tc, test_log_when_its_disk_is_full_then_served, 0,
			    1);
}

int
main(void)
{
	return scene_main("disk", add_tests);
}
