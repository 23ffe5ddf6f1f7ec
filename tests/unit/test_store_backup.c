#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store_fixture.h"
#include "suite.h"

static void
copy_name(const struct store_fixture *f, char name[128])
{
	(void)snprintf(name, 128, "%s/copy.db", f->directory);
}

/* Copy page by page with a commit between the steps. Returns the steps. */
static int
copy_while_writing(struct store_fixture *f, const char *path)
{
	struct store_backup *backup = NULL;
	bool done = false;
	int steps = 0;

	ck_assert_msg(store_backup_begin(f->store, path, &backup, &f->err) ==
			  STATUS_OK,
		      "%s", f->err.text);
	while (!done) {
		ck_assert_int_ne(access(path, F_OK), 0);
		ck_assert_msg(store_backup_step(backup, 1, &done, &f->err) ==
				  STATUS_OK,
			      "%s", f->err.text);
		if (!done)
			store_fixture_put(f, "during", "x");
		steps++;
	}
	store_backup_end(backup);
	return steps;
}

START_TEST(test_backup_when_writes_go_on_then_copy_is_whole)
{
	struct store_fixture f;
	char name[128];
	char epoch[EPOCH_BYTES];
	struct store *copy = NULL;
	int64_t changes = 0;
	struct stat st;

	store_fixture_init(&f);
	copy_name(&f, name);
	for (int i = 0; i < 50; i++)
		store_fixture_put(&f, "before", "x");
	ck_assert_int_gt(copy_while_writing(&f, name), 5);
	memcpy(epoch, store_epoch(f.store), EPOCH_BYTES);
	ck_assert_int_eq(stat(name, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_msg(store_open(name, STORE_CREATE, 5, &copy, &f.err) ==
			  STATUS_OK,
		      "%s", f.err.text);
	ck_assert_int_eq(store_head(copy), store_head(f.store));
	ck_assert_int_eq(store_verify(copy, &changes, &f.err), STATUS_OK);
	ck_assert_int_eq(changes, store_head(f.store));
	ck_assert_str_ne(store_epoch(copy), epoch);
	store_close(copy);
	store_fixture_put(&f, "after", "x");
	store_fixture_reopen(&f);
	ck_assert_str_eq(store_epoch(f.store), epoch);
	store_fixture_fini(&f);
}
END_TEST

START_TEST(test_backup_when_opened_again_then_identity_stays)
{
	struct store_fixture f;
	char name[128];
	char epoch[EPOCH_BYTES];
	struct store *copy = NULL;

	store_fixture_init(&f);
	copy_name(&f, name);
	(void)copy_while_writing(&f, name);
	ck_assert_int_eq(store_open(name, STORE_CREATE, 5, &copy, &f.err),
			 STATUS_OK);
	memcpy(epoch, store_epoch(copy), EPOCH_BYTES);
	store_close(copy);
	ck_assert_int_eq(store_open(name, STORE_CREATE, 5, &copy, &f.err),
			 STATUS_OK);
	ck_assert_str_eq(store_epoch(copy), epoch);
	store_close(copy);
	store_fixture_fini(&f);
}
END_TEST

START_TEST(test_backup_when_file_exists_then_refused)
{
	struct store_fixture f;
	struct store_backup *backup = NULL;

	store_fixture_init(&f);
	ck_assert_int_eq(store_backup_begin(f.store, f.path, &backup, &f.err),
			 STATUS_CONFLICT);
	ck_assert_ptr_null(backup);
	store_fixture_put(&f, "goes", "on");
	store_fixture_fini(&f);
}
END_TEST

START_TEST(test_backup_when_directory_is_missing_then_error)
{
	struct store_fixture f;
	struct store_backup *backup = NULL;

	store_fixture_init(&f);
	ck_assert_int_eq(
	    store_backup_begin(f.store, "/nonexistent/b.db", &backup, &f.err),
	    STATUS_IO);
	ck_assert_ptr_nonnull(strstr(f.err.text, "/nonexistent/b.db"));
	ck_assert(!store_is_dead(f.store));
	store_fixture_fini(&f);
}
END_TEST

/* A copy that was begun, and the name it has until it is done. */
static struct store_backup *
begin(struct store_fixture *f, const char *name, char partial[160])
{
	struct store_backup *backup = NULL;

	(void)snprintf(partial, 160, "%s.partial", name);
	ck_assert_int_eq(store_backup_begin(f->store, name, &backup, &f->err),
			 STATUS_OK);
	return backup;
}

START_TEST(test_backup_when_given_up_then_no_file_stays)
{
	struct store_fixture f;
	char name[128];
	char partial[160];
	struct store_backup *backup;
	bool done = false;

	store_fixture_init(&f);
	copy_name(&f, name);
	backup = begin(&f, name, partial);
	ck_assert_int_eq(store_backup_step(backup, 1, &done, &f.err),
			 STATUS_OK);
	ck_assert(!done);
	ck_assert_int_eq(access(partial, F_OK), 0);
	store_backup_end(backup);
	ck_assert_int_ne(access(partial, F_OK), 0);
	ck_assert_int_ne(access(name, F_OK), 0);
	store_backup_end(NULL);
	(void)copy_while_writing(&f, name);
	store_fixture_fini(&f);
}
END_TEST

/* Somebody takes the name while the copy grows. */
START_TEST(test_backup_when_name_is_taken_meanwhile_then_error_and_no_trace)
{
	struct store_fixture f;
	char name[128];
	char partial[160];
	struct store_backup *backup;
	bool done = false;

	store_fixture_init(&f);
	copy_name(&f, name);
	backup = begin(&f, name, partial);
	ck_assert_int_eq(mkdir(name, 0700), 0);
	ck_assert_int_eq(store_backup_step(backup, 1000, &done, &f.err),
			 STATUS_IO);
	ck_assert(!done);
	ck_assert_msg(strstr(f.err.text, "rename: ") != NULL, "%s", f.err.text);
	store_backup_end(backup);
	ck_assert_int_ne(access(partial, F_OK), 0);
	ck_assert_int_eq(rmdir(name), 0);
	ck_assert(!store_is_dead(f.store));
	store_fixture_put(&f, "goes", "on");
	store_fixture_fini(&f);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_test(tc, test_backup_when_writes_go_on_then_copy_is_whole);
	tcase_add_test(tc, test_backup_when_opened_again_then_identity_stays);
	tcase_add_test(tc, test_backup_when_file_exists_then_refused);
	tcase_add_test(tc, test_backup_when_directory_is_missing_then_error);
	tcase_add_test(tc, test_backup_when_given_up_then_no_file_stays);
	tcase_add_test(
	    tc,
	    test_backup_when_name_is_taken_meanwhile_then_error_and_no_trace);
}

int
main(void)
{
	return suite_main("store_backup", add);
}
