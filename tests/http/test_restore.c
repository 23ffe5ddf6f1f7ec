/* Backups: made, verified, put back; and what clients notice of it. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scene.h"

enum { POLL_MS = 10000 };

static const struct run *
restore(struct toggled *t, const char *backup, const char *option)
{
	const struct run *run = TOGGLED_RUN(t, "restore", backup, "--database",
					    t->database, option);

	ck_assert_msg(run->status == 0, "%s", run->err);
	return run;
}

/* Two changes in the backup, one after it; the cursor of a client that has
 * seen that one. Stopped. */
static const char *
prepare(struct toggled *t)
{
	const struct run *run;
	const char *cursor;

	toggled_start(t, NULL);
	put_toggle(t, "a", "{}");
	put_toggle(t, "b", "{}");
	run = TOGGLED_RUN(t, "backup", "--server", t->url, "copy.db");
	ck_assert_msg(run->status == 0, "%s", run->err);
	put_toggle(t, "after", "{}");
	cursor = toggled_text(
	    t, "%s",
	    json_text_at(ask_json(t, "GET", ENV "/changes", NULL, 200),
			 "/cursor"));
	return cursor;
}

/* One poll with that cursor heals the client: everything, at once. */
static const char *
check_poll(struct toggled *t, const char *cursor)
{
	struct poller *poll = poll_start(
	    t, toggled_text(t, ENV "/changes?since=%s&wait=30s", cursor), NULL);
	json_t *answer = answer_json(poll_finish(poll, POLL_MS));

	ck_assert(json_bool_at(answer, "/full"));
	ck_assert_ptr_nonnull(json_at(answer, "/toggles/b"));
	ck_assert_ptr_null(json_at(answer, "/toggles/after"));
	return toggled_text(t, "%s", json_text_at(answer, "/cursor"));
}

START_TEST(test_restore_when_client_has_old_cursor_then_full_in_one_poll)
{
	struct toggled *t = toggled_new();
	const char *cursor = prepare(t);
	struct poller *poll = poll_start(
	    t, toggled_text(t, ENV "/changes?since=%s&wait=30s", cursor), NULL);
	const struct run *run;
	const char *next;

	wait_for_waiters(t, 1);
	scene_stop(t);
	ck_assert(
	    !json_bool_at(answer_json(poll_finish(poll, POLL_MS)), "/full"));
	run = restore(t, "copy.db", NULL);
	expect_says(run->out, "restored copy.db to ");
	expect_says(run->out, ".before-restore-");
	toggled_start(t, NULL);
	next = check_poll(t, cursor);
	/* The store gets to where the client was before, with other changes. */
	put_toggle(t, "other", "{}");
	check_poll(t, cursor);
	ck_assert(!json_bool_at(
	    ask_json(t, "GET", toggled_text(t, ENV "/changes?since=%s", next),
		     NULL, 200),
	    "/full"));
	scene_close(t);
}
END_TEST

/* A revision alone may be one that was lost, and then it would stay for ever.
 */
START_TEST(test_restore_when_client_has_a_bare_revision_then_told)
{
	struct toggled *t = toggled_new();
	const char *cursor;
	json_t *problem;

	prepare(t);
	ask(t, "GET", ENV "/changes?since=2", NULL, 200);
	ask(t, "GET", ENV "/values?since=2", NULL, 200);
	scene_stop(t);
	restore(t, "copy.db", NULL);
	for (int i = 0; i < 2; i++) {
		toggled_start(t, NULL);
		cursor = toggled_text(
		    t, "%s",
		    json_text_at(ask_json(t, "GET", ENV "/changes", NULL, 200),
				 "/cursor"));
		problem = expect_problem(
		    toggled_get(t, ENV "/changes?since=2&wait=30s"), 400,
		    "invalid");
		ck_assert_ptr_nonnull(
		    strstr(json_text_at(problem, "/detail"), "cursor"));
		expect_problem(toggled_get(t, ENV "/values?since=2&wait=30s"),
			       400, "invalid");
		ask(t, "GET", ENV "/changes?since=0", NULL, 200);
		ask(t, "GET", toggled_text(t, ENV "/changes?since=%s", cursor),
		    NULL, 200);
		ask(t, "GET", ENV "/history?since=2", NULL, 200);
		/* It stays so. */
		put_toggle(t, i == 0 ? "c" : "d", "{}");
		scene_stop(t);
	}
	toggled_free(t);
}
END_TEST

START_TEST(test_restore_when_done_twice_then_two_epochs)
{
	struct toggled *t = toggled_new();
	const char *cursor = prepare(t);

	for (int i = 0; i < 2; i++) {
		toggled_stop(t, i ? SIGTERM : SIGKILL);
		restore(t, "copy.db", "--replace");
		toggled_start(t, NULL);
		cursor = check_poll(t, cursor);
	}
	scene_close(t);
}
END_TEST

START_TEST(test_restore_when_served_then_refused_and_nothing_happens)
{
	struct toggled *t = toggled_new();
	const struct run *run;

	prepare(t);
	run = TOGGLED_RUN(t, "restore", "copy.db", "--database", t->database);
	ck_assert_int_eq(run->status, 1);
	expect_says(run->err, "another process holds it");
	ck_assert_int_ne(access(toggled_path(t, "toggled.db.restoring"), F_OK),
			 0);
	put_toggle(t, "goes-on", "{}");
	ask(t, "GET", ENV "/toggles/after", NULL, 200);
	scene_close(t);
}
END_TEST

START_TEST(test_restore_when_kept_is_restored_then_as_before)
{
	struct toggled *t = toggled_new();
	const struct run *run;
	const char *kept;

	prepare(t);
	toggled_stop(t, SIGKILL);
	run = restore(t, "copy.db", NULL);
	kept = strstr(run->out, "what was there is ");
	ck_assert_ptr_nonnull(kept);
	kept = strchr(kept, '/');
	kept = toggled_text(t, "%.*s", (int)strcspn(kept, "\n"), kept);
	restore(t, kept, "--replace");
	toggled_start(t, NULL);
	ask(t, "GET", ENV "/toggles/after", NULL, 200);
	scene_close(t);
}
END_TEST

/* The database is behind a symbolic link, in another directory: `data/x.db`.
 */
static const struct {
	const char *link, *target; /* the first is the database */
	const char *second, *to;   /* NULL: none */
} links[] = {
	{ "toggled.db", "data/x.db", NULL, NULL },
	{ "toggled.db", "./data/../data/x.db", NULL, NULL },
	{ "toggled.db", "%s/data/x.db", NULL, NULL },
	{ "toggled.db", "data/link", "data/link", "x.db" },
};

static void
move_behind_links(struct toggled *t, int i)
{
	ck_assert_int_eq(mkdir(toggled_path(t, "data"), 0700), 0);
	ck_assert_int_eq(rename(t->database, toggled_path(t, "data/x.db")), 0);
	ck_assert_int_eq(symlink(strncmp(links[i].target, "%s", 2) == 0
				     ? toggled_path(t, links[i].target + 3)
				     : links[i].target,
				 toggled_path(t, links[i].link)),
			 0);
	if (links[i].second != NULL)
		ck_assert_int_eq(
		    symlink(links[i].to, toggled_path(t, links[i].second)), 0);
}

static void
expect_link(struct toggled *t, const char *name, bool is_link)
{
	struct stat st;

	ck_assert_int_eq(lstat(toggled_path(t, name), &st), 0);
	ck_assert_int_eq(S_ISLNK(st.st_mode), is_link);
}

START_TEST(test_restore_when_through_a_link_then_in_the_place_of_its_target)
{
	struct toggled *t = toggled_new();
	const struct run *run;
	const char *kept;

	prepare(t);
	scene_stop(t);
	move_behind_links(t, _i);
	toggled_start(t, NULL);
	put_toggle(t, "last", "{}");
	/* Its last change is in the log beside the target. */
	toggled_stop(t, SIGKILL);
	ck_assert_int_eq(access(toggled_path(t, "data/x.db-wal"), F_OK), 0);
	run = restore(t, "copy.db", NULL);
	expect_link(t, links[_i].link, true);
	expect_link(t, "data/x.db", false);
	toggled_start(t, NULL);
	ask(t, "GET", ENV "/toggles/b", NULL, 200);
	ask(t, "GET", ENV "/toggles/after", NULL, 404);
	scene_stop(t);
	kept = strchr(strstr(run->out, "what was there is "), '/');
	kept = toggled_text(t, "%.*s", (int)strcspn(kept, "\n"), kept);
	run = TOGGLED_RUN(t, "verify", "--database", kept);
	ck_assert_msg(run->status == 0, "%s", run->err);
	expect_says(run->out, "is whole: 5 changes");
	toggled_free(t);
}
END_TEST

/* Nor is the log of a backup looked for beside a link to it. */
START_TEST(test_restore_when_backup_is_a_link_then_with_its_log)
{
	struct toggled *t = toggled_new();
	const struct run *run;

	prepare(t);
	scene_stop(t);
	move_behind_links(t, 0);
	toggled_start(t, NULL);
	put_toggle(t, "last", "{}");
	toggled_stop(t, SIGKILL);
	run = TOGGLED_RUN(t, "restore", "toggled.db", "--database", "y.db");
	ck_assert_msg(run->status == 0, "%s", run->err);
	run = TOGGLED_RUN(t, "verify", "--database", "y.db");
	expect_says(run->out, "is whole: 5 changes");
	run =
	    TOGGLED_RUN(t, "restore", "data/x.db", "--database", "toggled.db");
	ck_assert_int_eq(run->status, 1);
	expect_says(run->err, "the backup is the database itself");
	toggled_free(t);
}
END_TEST

START_TEST(test_restore_when_link_leads_nowhere_yet_then_there)
{
	struct toggled *t = toggled_new();

	prepare(t);
	scene_stop(t);
	move_behind_links(t, _i);
	ck_assert_int_eq(unlink(toggled_path(t, "data/x.db")), 0);
	/* Nobody begins an empty one there unasked. */
	expect_no_start(t, "where nothing is");
	restore(t, "copy.db", NULL);
	expect_link(t, links[_i].link, true);
	expect_link(t, "data/x.db", false);
	toggled_start(t, NULL);
	ask(t, "GET", ENV "/toggles/b", NULL, 200);
	scene_close(t);
}
END_TEST

static const struct {
	const char *args[6];
	int status;
	const char *says;
} faults[] = {
	{ { "restore" }, 2, "restore wants BACKUP" },
	{ { "restore", "copy.db" }, 2, "say with --database FILE" },
	{ { "restore", "none.db", "--database", "x.db" },
	  1,
	  "none.db: it cannot be opened: No such file" },
	{ { "restore", "empty.db", "--database", "x.db" },
	  1,
	  "empty.db: the file is empty" },
	{ { "restore", "junk.db", "--database", "x.db" },
	  1,
	  "junk.db: the file is no database" },
	{ { "restore", "copy.db", "--database", "copy.db" },
	  1,
	  "the backup is the database itself" },
	{ { "restore", "copy.db", "--database", "no/such/x.db" }, 1, "copy" },
	{ { "verify", "--database", "empty.db" }, 1, "the file is empty" },
	{ { "verify", "--database", "junk.db" }, 1, "no database" },
	{ { "verify", "--database", "." }, 1, "it is no file" },
};

START_TEST(test_command_when_file_is_wrong_then_sentence)
{
	struct toggled *t = toggled_new();
	const struct run *run;

	prepare(t);
	scene_stop(t);
	toggled_write(t, "empty.db", "");
	toggled_write(t, "junk.db", "this is a text and no database at all");
	run = toggled_run(t, faults[_i].args);
	ck_assert_int_eq(run->status, faults[_i].status);
	expect_says(run->err, faults[_i].says);
	ck_assert_int_ne(access(toggled_path(t, "x.db"), F_OK), 0);
	toggled_free(t);
}
END_TEST

START_TEST(test_verify_when_served_then_says_to_use_a_backup)
{
	struct toggled *t = toggled_new();
	const struct run *run;

	prepare(t);
	run = TOGGLED_RUN(t, "verify", "--database", t->database);
	ck_assert_int_eq(run->status, 1);
	expect_says(run->err, "toggled backup FILE");
	run = TOGGLED_RUN(t, "verify", "--database", "copy.db");
	ck_assert_msg(run->status == 0, "%s", run->err);
	expect_says(run->out, "is whole: 3 changes");
	scene_close(t);
}
END_TEST

/* A server that was killed leaves its last changes in a log. */
START_TEST(test_verify_when_killed_then_whole_and_untouched)
{
	struct toggled *t = toggled_new();
	const struct run *run;

	prepare(t);
	toggled_stop(t, SIGKILL);
	run = TOGGLED_RUN(t, "verify", "--database", t->database);
	ck_assert_msg(run->status == 0, "%s", run->err);
	expect_says(run->out, "is whole: 4 changes");
	ck_assert_int_eq(access(toggled_path(t, "toggled.db-wal"), F_OK), 0);
	toggled_start(t, NULL);
	ask(t, "GET", ENV "/toggles/after", NULL, 200);
	scene_close(t);
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_test(
	    tc, test_restore_when_client_has_old_cursor_then_full_in_one_poll);
	tcase_add_test(tc,
		       test_restore_when_client_has_a_bare_revision_then_told);
	tcase_add_test(tc, test_restore_when_done_twice_then_two_epochs);
	tcase_add_test(
	    tc, test_restore_when_served_then_refused_and_nothing_happens);
	tcase_add_test(tc, test_restore_when_kept_is_restored_then_as_before);
	tcase_add_loop_test(
	    tc,
	    test_restore_when_through_a_link_then_in_the_place_of_its_target, 0,
	    COUNT(links));
	tcase_add_test(tc,
		       test_restore_when_backup_is_a_link_then_with_its_log);
	tcase_add_loop_test(tc,
			    test_restore_when_link_leads_nowhere_yet_then_there,
			    0, COUNT(links));
	tcase_add_loop_test(tc, test_command_when_file_is_wrong_then_sentence,
			    0, COUNT(faults));
	tcase_add_test(tc, test_verify_when_served_then_says_to_use_a_backup);
	tcase_add_test(tc, test_verify_when_killed_then_whole_and_untouched);
}

int
main(void)
{
	return scene_main("restore", add_tests);
}
