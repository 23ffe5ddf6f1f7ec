/*
 * A restore with the n-th call to the kernel failing, for n = 1, 2, ... until
 * none fails any more: alone, with all that follow, with the disk full from
 * there on, and killed there. Afterwards there is the old database or the new
 * one, and the error says which file and why.
 */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "restore_case.h"

enum { CALLS_MAX = 5000, AGAIN_EVERY = 5, TIMEOUT_S = 600 };

struct manner {
	const char *name;
	unsigned kinds;
	int error;
	bool is_lasting;
	bool is_kill;
};

static const struct manner manners[] = {
	{ "one fails", DISK_ALL, EIO, false, false },
	{ "all fail from there on", DISK_ALL, EIO, true, false },
	{ "full from there on", DISK_WRITE, ENOSPC, true, false },
	{ "killed", DISK_CHANGES, 0, false, true },
};

enum { MANNERS = sizeof(manners) / sizeof(manners[0]) };

static void
arm(const struct restore_scene *scene, const struct manner *manner, int64_t n)
{
	struct disk_control *control = disk_calls_control();

	(void)snprintf(control->directory, sizeof(control->directory), "%s",
		       scene->directory);
	atomic_store(&control->kinds, manner->kinds);
	atomic_store(&control->calls, 0);
	atomic_store(&control->failed, 0);
	atomic_store(&control->error, manner->error);
	atomic_store(&control->is_lasting, manner->is_lasting);
	atomic_store(&control->fail_at, manner->is_kill ? 0 : n);
	atomic_store(&control->kill_at, manner->is_kill ? n : 0);
}

static void
disarm(void)
{
	atomic_store(&disk_calls_control()->kinds, 0);
}

/* The restore in a process that is killed. False: it was not. */
static bool
run_killed(struct restore_scene *scene)
{
	const pid_t pid = fork();
	int status = 0;

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		(void)restore_scene_run(scene);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

/* What an error may give as the reason, besides the kernel's own words. SQLite
 * makes other things of some failures: what cannot be opened for writing is
 * only read, what cannot be read is damaged. */
static const char *const reasons[] = {
	"the disk ",
	"no space is left",
	"is not writable",
	"it cannot be opened",
};

static bool
has_reason(const char *text, int error)
{
	bool found = strstr(text, strerror(error)) != NULL;

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		found = found || strstr(text, reasons[i]) != NULL;
	return found;
}

/* Which file, and why; the old one stands unless the error says that the new
 * one does. */
static void
check_error(struct restore_scene *scene, const struct manner *manner,
	    enum restore_left left, bool has_leftovers)
{
	const char *text = scene->err.text;

	if (strstr(text, scene->directory) == NULL ||
	    !has_reason(text, manner->error))
		(void)snprintf(scene->unsound, sizeof(scene->unsound),
			       "the error does not say what and where: %s",
			       text);
	else if (left == LEFT_OLD && !manner->is_lasting && has_leftovers)
		(void)snprintf(scene->unsound, sizeof(scene->unsound),
			       "it left files behind: %s", text);
	else if (left == LEFT_NEW && strstr(text, "in its place") == NULL)
		(void)snprintf(scene->unsound, sizeof(scene->unsound),
			       "an error, but the new one is there: %s", text);
}

/* False: the n-th call never came. */
static bool
round_of(struct restore_scene *scene, const struct manner *manner, int64_t n)
{
	enum status status = STATUS_OK;
	struct error err;
	enum restore_left left;
	bool has_failed;
	bool has_leftovers;

	restore_scene_lay(scene);
	arm(scene, manner, n);
	if (manner->is_kill) {
		has_failed = run_killed(scene);
	} else {
		status = restore_scene_run(scene);
		has_failed = atomic_load(&disk_calls_control()->failed) > 0;
	}
	disarm();
	has_leftovers = restore_scene_has_leftovers(scene);
	err = scene->err;
	left =
	    restore_scene_check(scene, scene->directory, n % AGAIN_EVERY == 0);
	scene->err = err;
	if (left == LEFT_UNSOUND)
		return has_failed;
	if (status != STATUS_OK)
		check_error(scene, manner, left, has_leftovers);
	else if (left == LEFT_OLD && !manner->is_kill)
		(void)snprintf(scene->unsound, sizeof(scene->unsound),
			       "it says that it is done, and is not");
	return has_failed;
}

START_TEST(test_restore_when_nth_call_fails_then_old_or_new)
{
	const struct restore_case *of = &restore_cases[_i / MANNERS];
	const struct manner *manner = &manners[_i % MANNERS];
	struct restore_scene scene;
	int64_t n = 1;
	bool more = true;

	restore_scene_init(&scene, of);
	while (more) {
		more = round_of(&scene, manner, n);
		ck_assert_msg(scene.unsound[0] == '\0',
			      "restore %s, %s, call %lld: %s", of->name,
			      manner->name, (long long)n, scene.unsound);
		ck_assert_int_lt(++n, CALLS_MAX);
	}
	ck_assert_int_gt(n, 5);
	restore_scene_fini(&scene);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("restore_sweep");
	TCase *tcase = tcase_create("sweep");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, TIMEOUT_S);
	tcase_add_loop_test(tcase,
			    test_restore_when_nth_call_fails_then_old_or_new, 0,
			    RESTORE_CASES * MANNERS);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
