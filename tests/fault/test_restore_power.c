/*
 * The power goes between any two things that a restore does to the disk. What
 * was not synced, content or name, is there or is not. Afterwards there is the
 * old database or the new one, whole, and the backup; and restoring again
 * works.
 *
 * One restore is watched for each case; the cuts are made on paper.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "disk_names.h"
#include "restore_case.h"

enum {
	EVENTS_MAX = 2000,
	ROUNDS = 500, /* cuts in all */
	MUTANT_EACH = 20,
	AGAIN_EVERY = 7,
	TIMEOUT_S = 1800,
};

struct history {
	struct disk_event events[EVENTS_MAX];
	size_t count;
};

static void
see(void *ctx, const struct disk_event *event)
{
	struct history *history = ctx;
	struct disk_event *copy = &history->events[history->count++];

	if (history->count == EVENTS_MAX)
		abort();
	*copy = *event;
	copy->name = mem_strdup(event->name);
	if (event->other != NULL)
		copy->other = mem_strdup(event->other);
	if (event->length > 0)
		copy->data = mem_copy(event->data, event->length);
}

static void
forget(struct history *history)
{
	for (size_t i = 0; i < history->count; i++) {
		free((void *)(uintptr_t)history->events[i].name);
		free((void *)(uintptr_t)history->events[i].other);
		free((void *)(uintptr_t)history->events[i].data);
	}
}

static void
record_restore(struct restore_scene *scene, struct history *history)
{
	struct disk_control *control = disk_calls_control();

	restore_scene_lay(scene);
	(void)snprintf(control->directory, sizeof(control->directory), "%s",
		       scene->directory);
	disk_calls_watch(see, history);
	ck_assert_msg(restore_scene_run(scene) == STATUS_OK, "%s",
		      scene->err.text);
	disk_calls_watch(NULL, NULL);
	control->directory[0] = '\0';
	ck_assert_uint_gt(history->count, 10);
}

/* The power goes before event `at`, `is_done` when the restore has said that it
 * is. False: what is left is unsound. */
static bool
cut(struct restore_scene *scene, const struct disk_names *names, size_t at,
    bool is_done, uint64_t seed)
{
	const bool again = seed % AGAIN_EVERY == 0;
	enum restore_left left;
	bool is_sound;

	restore_scene_clear(scene);
	disk_names_wreck(names, seed, scene->directory);
	left = restore_scene_check(scene, scene->directory, again);
	is_sound = left == LEFT_NEW || (left == LEFT_OLD && !is_done);
	if (left == LEFT_OLD && is_done)
		(void)snprintf(scene->unsound, sizeof(scene->unsound),
			       "it said that it was done");
	if (!is_sound)
		(void)snprintf(scene->err.text, sizeof(scene->err.text),
			       "before event %zu, seed %llu", at,
			       (unsigned long long)seed);
	return is_sound;
}

/* The number of unsound ends, the first one at most. */
static int
cut_everywhere(struct restore_scene *scene, const struct history *history,
	       bool syncs)
{
	const size_t cuts = history->count + 1;
	const size_t rounds = (size_t)power_rounds(ROUNDS) / RESTORE_CASES;
	const size_t each = syncs ? rounds / cuts + 1 : MUTANT_EACH;
	struct disk_names *names;
	bool is_sound = true;

	restore_scene_lay(scene);
	names = disk_names_new(scene->directory);
	for (size_t i = 0; i < cuts && is_sound; i++) {
		for (size_t k = 0; k < each && is_sound; k++)
			is_sound = cut(scene, names, i, i == history->count,
				       power_seed() + i * each + k);
		if (i < history->count &&
		    (syncs || history->events[i].what != DISK_SYNCED))
			disk_names_apply(names, &history->events[i]);
	}
	disk_names_free(names);
	return !is_sound;
}

START_TEST(test_restore_when_power_goes_then_old_or_new)
{
	struct history *history = mem_zalloc(1, sizeof(*history));
	struct restore_scene scene;

	restore_scene_init(&scene, &restore_cases[_i]);
	record_restore(&scene, history);
	ck_assert_msg(cut_everywhere(&scene, history, true) == 0,
		      "restore %s, POWER_SEED=%llu, %s: %s",
		      restore_cases[_i].name, (unsigned long long)power_seed(),
		      scene.err.text, scene.unsound);
	restore_scene_fini(&scene);
	forget(history);
	free(history);
}
END_TEST

/* The test itself: a restore whose syncs do nothing. */
START_TEST(test_restore_when_disk_does_not_sync_then_it_is_noticed)
{
	struct history *history = mem_zalloc(1, sizeof(*history));
	struct restore_scene scene;

	restore_scene_init(&scene, &restore_cases[_i]);
	record_restore(&scene, history);
	ck_assert_int_eq(cut_everywhere(&scene, history, false), 1);
	restore_scene_fini(&scene);
	forget(history);
	free(history);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("restore_power");
	TCase *tcase = tcase_create("power");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, TIMEOUT_S);
	tcase_add_loop_test(tcase, test_restore_when_power_goes_then_old_or_new,
			    0, RESTORE_CASES);
	tcase_add_loop_test(
	    tcase, test_restore_when_disk_does_not_sync_then_it_is_noticed, 0,
	    RESTORE_CASES);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
