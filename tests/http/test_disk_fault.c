/*
 * Disks that fail under the real program: writes and syncs that fail, files
 * that somebody takes away, and commands that are killed half way.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "faulty_disk.h"
#include "scene.h"
#include "vitals.h"

enum {
	WRITES = 200,
	FAILING_PERMILLE = 20,
	/* A sanitizer takes its own time at the end. */
	EXIT_MS = VITALS_SANITIZED ? 5000 : 1000,
	KILLS_MAX = 1000,
	CASE_S = 300,
};

/* Toggles k0, k1, ... that were acknowledged; each carries its number. */
struct book {
	int count;
	int refused;
	int64_t revision;
};

static const char *
body_of(struct toggled *t, int n)
{
	return toggled_text(t, "{\"description\": \"%0*d\"}", 500 + n % 900, n);
}

static struct answer *
write_next(struct toggled *t, struct book *book)
{
	struct answer *a = toggled_request(
	    t, "PUT", toggled_text(t, ENV "/toggles/k%d", book->count), NULL,
	    body_of(t, book->count));

	if (a->status == 201) {
		book->revision = json_int_at(answer_json(a), "/revision");
		book->count++;
	} else {
		book->refused++;
	}
	return a;
}

static void
write_many(struct toggled *t, struct book *book, int count)
{
	for (int i = 0; i < count; i++)
		ck_assert_int_eq(write_next(t, book)->status, 201);
}

/* All that was acknowledged and nothing else. */
static void
expect_all(struct toggled *t, const struct book *book)
{
	json_t *all =
	    json_at(ask_json(t, "GET", ENV "/toggles", NULL, 200), "/toggles");

	ck_assert_int_eq(head_revision(t), book->revision);
	ck_assert_uint_eq(json_object_size(all), (size_t)book->count);
	for (int i = 0; i < book->count; i++) {
		const char *at = toggled_text(t, "/k%d/description", i);

		ck_assert_int_eq((int)strtol(json_text_at(all, at), NULL, 10),
				 i);
	}
	ask(t, "GET", "/healthz", NULL, 200);
}

/* A program that serves a database with toggles in it. */
static struct toggled *
open_written(struct book *book, struct disk_control **control)
{
	struct toggled *t = toggled_new();

	*control = faulty_disk(t);
	toggled_start(t, NULL);
	write_many(t, book, 20);
	return t;
}

/* It goes on, and leaves a whole database. */
static void
close_whole(struct toggled *t, struct book *book)
{
	write_many(t, book, 3);
	scene_stop(t);
	expect_verified(t, t->database);
	toggled_free(t);
}

/* --- calls that fail ---------------------------------------------------- */

static const struct {
	int error;
	long status;
	const char *slug;
} failing_writes[] = {
	{ EIO, 500, "io" },
	{ EROFS, 500, "io" },
	{ ENOSPC, 507, "storage-full" },
	{ EDQUOT, 507, "storage-full" },
};

START_TEST(test_writes_when_they_fail_at_random_then_refused_and_nothing_lost)
{
	struct toggled *t = toggled_new();
	struct disk_control *control = faulty_disk(t);
	struct book book = { 0 };

	toggled_start(t, NULL);
	faulty_disk_fail_some(control, DISK_WRITE, FAILING_PERMILLE,
			      failing_writes[_i].error);
	for (int i = 0; i < WRITES; i++) {
		struct answer *a = write_next(t, &book);

		if (a->status != 201)
			expect_problem(a, failing_writes[_i].status,
				       failing_writes[_i].slug);
	}
	ck_assert_int_gt(book.refused, 0);
	ck_assert_int_gt(book.count, book.refused);
	expect_all(t, &book);
	toggled_hang_up(t);
	toggled_stop(t, SIGKILL);

	faulty_disk_fail(control, 0, 0, false, 0);
	expect_verified(t, t->database);
	toggled_start(t, NULL);
	expect_all(t, &book);
	close_whole(t, &book);
}
END_TEST

/* Reads that fail are none of a server's business: it has all in memory. */
START_TEST(test_server_when_reads_of_the_disk_fail_then_served_from_memory)
{
	struct book book = { 0 };
	struct disk_control *control;
	struct toggled *t = open_written(&book, &control);

	faulty_disk_fail(control, DISK_READ, 1, true, EIO);
	expect_all(t, &book);
	faulty_disk_fail(control, 0, 0, false, 0);
	close_whole(t, &book);
}
END_TEST

/* Without an answer: the program may be gone. */
static long
write_last(struct toggled *t, const struct book *book)
{
	struct raw *raw = raw_open(t);
	const char *body = body_of(t, book->count);
	long status;

	(void)raw_send_text(
	    raw,
	    toggled_text(t,
			 "PUT " ENV "/toggles/k%d HTTP/1.1\r\n"
			 "Host: localhost\r\nContent-Type: application/json\r\n"
			 "Content-Length: %zu\r\n\r\n%s",
			 book->count, strlen(body), body));
	status = raw_answer(raw, SOON_MS)->status;
	raw_close(raw);
	return status;
}

START_TEST(test_sync_when_it_fails_then_ends_at_once_and_all_is_there)
{
	struct book book = { 0 };
	struct disk_control *control;
	struct toggled *t = open_written(&book, &control);
	int64_t began;

	faulty_disk_fail(control, DISK_SYNC, 1 + _i % 2, _i / 2 == 1, EIO);
	if (_i % 2 == 1)
		write_many(t, &book, 1);
	began = now_ms();
	ck_assert_int_ne(write_last(t, &book), 201);
	ck_assert_int_eq(toggled_wait(t, SOON_MS), 1);
	ck_assert_int_lt(now_ms() - began, EXIT_MS);
	expect_logged(t, "the database failed, ending");
	expect_logged(t, "fsync failed");
	toggled_hang_up(t);

	faulty_disk_fail(control, 0, 0, false, 0);
	toggled_start(t, NULL);
	/* The one that was not acknowledged may be there. */
	ck_assert_int_ge(head_revision(t), book.revision);
	ck_assert_int_le(head_revision(t), book.revision + 1);
	if (head_revision(t) > book.revision) {
		book.revision++;
		book.count++;
	}
	expect_all(t, &book);
	close_whole(t, &book);
}
END_TEST

/* An fsync of the copy says nothing about the database. */
START_TEST(test_backup_when_sync_of_the_copy_fails_then_error_and_served)
{
	struct book book = { 0 };
	struct disk_control *control;
	struct toggled *t = open_written(&book, &control);

	faulty_disk_fail(control, DISK_SYNC, 1, false, EIO);
	expect_problem(toggled_get(t, "/v1/backup"), 500, "io");
	faulty_disk_fail(control, 0, 0, false, 0);
	write_many(t, &book, 3);
	expect_all(t, &book);
	scene_stop(t);
	toggled_free(t);
}
END_TEST

static const unsigned start_kinds[] = { DISK_OPEN, DISK_READ, DISK_ALL };

START_TEST(test_start_when_disk_fails_then_sentence)
{
	struct book book = { 0 };
	struct disk_control *control;
	struct toggled *t = open_written(&book, &control);

	toggled_hang_up(t);
	toggled_stop(t, SIGKILL);
	faulty_disk_fail(control, start_kinds[_i], 1, true, EIO);
	expect_no_start(t, t->database);
	faulty_disk_fail(control, 0, 0, false, 0);
	toggled_start(t, NULL);
	expect_all(t, &book);
	scene_stop(t);
	toggled_free(t);
}
END_TEST

/* --- files that are not what they were ---------------------------------- */

static const char *const taken[] = { "", "-wal" };

/* Removed, and replaced by a copy of itself: what is written to a file without
 * a name nobody finds again. */
START_TEST(test_server_when_file_is_taken_away_then_refuses_and_can_be_saved)
{
	struct toggled *t = toggled_new();
	struct book book = { 0 };
	const char *name = toggled_text(t, "%s%s", t->database, taken[_i % 2]);
	const char *away = toggled_text(t, "%s.away", name);
	struct answer *a;

	toggled_start(t, NULL);
	write_many(t, &book, 20);
	ck_assert_int_eq(rename(name, away), 0);
	if (_i / 2 == 1)
		toggled_write(t, strrchr(name, '/') + 1, "something else");
	a = write_next(t, &book);
	expect_problem(a, 500, "io");
	expect_says(a->body, "removed or replaced");
	expect_all(t, &book);
	ck_assert_int_eq(
	    TOGGLED_RUN(t, "backup", "--server", t->url, "saved.db")->status,
	    0);
	ck_assert_int_eq(rename(away, name), 0);
	write_many(t, &book, 3);
	expect_all(t, &book);
	scene_stop(t);
	expect_verified(t, t->database);
	expect_verified(t, toggled_path(t, "saved.db"));
	toggled_free(t);
}
END_TEST

static void
put_bytes(const char *path, off_t at, const char *bytes)
{
	const int fd = open(path, O_WRONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq((int)pwrite(fd, bytes, strlen(bytes), at),
			 (int)strlen(bytes));
	close(fd);
}

static void
spoil_head(struct toggled *t)
{
	put_bytes(t->database, 0, "this is not a database");
}

static void
spoil_schema(struct toggled *t)
{
	sqlite3 *db = NULL;

	ck_assert_int_eq(sqlite3_open(t->database, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db,
				      "PRAGMA user_version = 9999;"
				      "UPDATE meta SET oldest_reader = 9999",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static void
spoil_owner(struct toggled *t)
{
	sqlite3 *db = NULL;

	ck_assert_int_eq(sqlite3_open(t->database, &db), SQLITE_OK);
	ck_assert_int_eq(
	    sqlite3_exec(db, "PRAGMA application_id = 7", NULL, NULL, NULL),
	    SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static void
spoil_kind(struct toggled *t)
{
	ck_assert_int_eq(unlink(t->database), 0);
	ck_assert_int_eq(mkdir(t->database, 0700), 0);
}

static void
spoil_length(struct toggled *t)
{
	ck_assert_int_eq(truncate(t->database, 6000), 0);
}

static const struct {
	void (*spoil)(struct toggled *t);
	const char *says;
} spoiled[] = {
	{ spoil_head, "no database, or its head is damaged" },
	{ spoil_schema, "newer" },
	{ spoil_owner, "not" },
	{ spoil_kind, "no file" },
	{ spoil_length, "damaged" },
};

START_TEST(test_start_when_database_is_spoiled_then_sentence_and_untouched)
{
	struct toggled *t = toggled_new();
	struct book book = { 0 };
	struct stat before;
	struct stat after;

	toggled_start(t, NULL);
	write_many(t, &book, 20);
	scene_stop(t);
	spoiled[_i].spoil(t);
	ck_assert_int_eq(stat(t->database, &before), 0);
	expect_no_start(t, spoiled[_i].says);
	ck_assert_int_eq(stat(t->database, &after), 0);
	ck_assert_int_eq(after.st_size, before.st_size);
	ck_assert_int_eq(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
	toggled_free(t);
}
END_TEST

/* The log of a server that was killed, damaged before it starts again. All in
 * front of the damage is there, and a client that has seen more is told. */
START_TEST(test_start_when_log_is_damaged_then_what_is_in_front_of_it)
{
	struct toggled *t = toggled_new();
	struct book book = { 0 };
	const char *log = toggled_text(t, "%s-wal", t->database);
	const char *cursor;
	struct stat st;
	json_t *delta;
	int64_t head;

	toggled_start(t, NULL);
	write_many(t, &book, 20);
	cursor = toggled_text(
	    t, "%s",
	    json_text_at(ask_json(t, "GET", ENV "/changes", NULL, 200),
			 "/cursor"));
	toggled_hang_up(t);
	toggled_stop(t, SIGKILL);
	ck_assert_int_eq(stat(log, &st), 0);
	if (_i == 0)
		put_bytes(log, st.st_size / 2, "damaged");
	else
		ck_assert_int_eq(truncate(log, st.st_size / 2), 0);

	toggled_start(t, NULL);
	head = head_revision(t);
	ck_assert_int_lt(head, book.revision);
	ck_assert_int_gt(head, 1);
	ask(t, "GET", ENV "/toggles/k0", NULL, 200);
	delta = answer_json(ask(
	    t, "GET", toggled_text(t, ENV "/changes?since=%s&wait=20s", cursor),
	    NULL, 200));
	ck_assert(json_bool_at(delta, "/full"));
	scene_stop(t);
	expect_verified(t, t->database);
	toggled_free(t);
}
END_TEST

/* --- killed half way ----------------------------------------------------- */

static const struct {
	const char *args[6];
	const char *out; /* a database that may be there or not; NULL: none */
} killed[] = {
	{ { "backup", "data/out.db", "--database", "DB" }, "data/out.db" },
	{ { "restore", "copy.db", "--database", "DB" }, NULL },
	{ { "restore", "copy.db", "--database", "data/out.db" },
	  "data/out.db" },
	{ { "import", "new.json", "--database", "DB" }, NULL },
};

static const struct run *
run_killed(struct toggled *t, int row)
{
	const char *args[7] = { NULL };

	for (size_t i = 0; i < 6 && killed[row].args[i] != NULL; i++)
		args[i] = strcmp(killed[row].args[i], "DB") == 0
			      ? t->database
			      : killed[row].args[i];
	return toggled_run(t, args);
}

/* A server that was killed leaves the database; every time the same. */
static struct book
prepare_killed(struct toggled *t)
{
	struct book book = { 0 };

	toggled_start(t, NULL);
	write_many(t, &book, 10);
	ck_assert_int_eq(
	    TOGGLED_RUN(t, "backup", "--server", t->url, "copy.db")->status, 0);
	write_many(t, &book, 5);
	toggled_hang_up(t);
	toggled_stop(t, SIGKILL);
	toggled_write(t, "new.json",
		      "{\"flags\": {\"new\": {\"state\": \"ENABLED\", "
		      "\"variants\": {\"on\": true, \"off\": false}, "
		      "\"defaultVariant\": \"on\"}}}");
	return book;
}

/* The n-th call, then one some way behind it: a few dozen in all. */
START_TEST(test_command_when_killed_then_whole_and_runs_again)
{
	struct toggled *t = toggled_new();
	struct disk_control *control = faulty_disk(t);
	const char *out = killed[_i].out;
	const struct run *run;
	int kills = 0;

	(void)prepare_killed(t);
	for (int64_t n = 1; n < KILLS_MAX; n += 1 + n / 4) {
		faulty_disk_kill(control, n);
		run = run_killed(t, _i);
		faulty_disk_fail(control, 0, 0, false, 0);
		if (run->status == 0)
			break;
		ck_assert_int_eq(run->status, 128 + SIGKILL);
		kills++;
		expect_verified(t, t->database);
		if (out != NULL && access(toggled_path(t, out), F_OK) == 0)
			expect_verified(t, toggled_path(t, out));
	}
	ck_assert_int_gt(kills, 4);
	run = run_killed(t, _i);
	ck_assert_msg(run->status == 0, "%s", run->err);
	expect_verified(t, t->database);
	if (out != NULL)
		expect_verified(t, toggled_path(t, out));
	toggled_start(t, NULL);
	ask(t, "GET", ENV "/toggles/k0", NULL, 200);
	scene_stop(t);
	toggled_free(t);
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_set_timeout(tc, CASE_S);
	tcase_add_loop_test(
	    tc,
	    test_writes_when_they_fail_at_random_then_refused_and_nothing_lost,
	    0, COUNT(failing_writes));
	tcase_add_test(
	    tc,
	    test_server_when_reads_of_the_disk_fail_then_served_from_memory);
	tcase_add_loop_test(
	    tc, test_sync_when_it_fails_then_ends_at_once_and_all_is_there, 0,
	    4);
	tcase_add_test(
	    tc, test_backup_when_sync_of_the_copy_fails_then_error_and_served);
	tcase_add_loop_test(tc, test_start_when_disk_fails_then_sentence, 0,
			    COUNT(start_kinds));
	tcase_add_loop_test(
	    tc,
	    test_server_when_file_is_taken_away_then_refuses_and_can_be_saved,
	    0, 2 * COUNT(taken));
	tcase_add_loop_test(
	    tc, test_start_when_database_is_spoiled_then_sentence_and_untouched,
	    0, COUNT(spoiled));
	tcase_add_loop_test(
	    tc, test_start_when_log_is_damaged_then_what_is_in_front_of_it, 0,
	    2);
	tcase_add_loop_test(tc,
			    test_command_when_killed_then_whole_and_runs_again,
			    0, COUNT(killed));
}

int
main(void)
{
	return scene_main("disk_fault", add_tests);
}
