/* Usage: counts by variant, times, what is forgotten, and readers meanwhile. */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feed/usage.h"
#include "unit/fixture_model.h"

enum { SINCE = 1000, MANY = 3000 };

struct world {
	struct usage *usage;
	struct snapshot *snapshot;
	struct catalog *catalog;
};

static void
open_world(struct world *w)
{
	w->usage = usage_new(SINCE);
	w->snapshot = fixture_environment("default", 1);
	w->catalog = catalog_new("0123456789abcdef", 1);
	fixture_publish(&w->catalog, w->snapshot);
}

static void
close_world(struct world *w)
{
	usage_free(w->usage);
	snapshot_unref(w->snapshot);
	catalog_unref(w->catalog);
}

static void
change(struct world *w, const char *key, int64_t revision, bool removed)
{
	fixture_change(&w->snapshot, key, revision, removed);
	fixture_publish(&w->catalog, w->snapshot);
	usage_publish(w->usage, w->catalog);
}

static const struct definition *
toggle(const struct world *w, const char *key)
{
	const struct definition *d =
	    snapshot_find(w->snapshot, KIND_TOGGLE, key, strlen(key));

	ck_assert_ptr_nonnull(d);
	return d;
}

static void
count(struct world *w, const struct definition *d, int variant, int64_t now_ms)
{
	const struct evaluation e = {
		.reason = variant >= 0 ? REASON_STATIC : REASON_DISABLED,
		.variant = variant,
	};

	usage_begin(w->usage, w->snapshot, now_ms);
	usage_count(d, &e, w->usage);
}

static void
count_failure(struct world *w, const struct definition *d, int64_t now_ms)
{
	const struct evaluation e = { .reason = REASON_ERROR, .variant = -1 };

	usage_begin(w->usage, w->snapshot, now_ms);
	usage_count(d, &e, w->usage);
}

static void
confirm(struct world *w, const char *prefix, int64_t now_ms)
{
	usage_confirm(w->usage, w->snapshot, fixture_string(prefix), now_ms);
}

static struct usage_sum
sum_of(const struct world *w, const struct definition *d)
{
	struct usage_sum sum;

	memset(&sum, 0, sizeof(sum));
	usage_gather(w->usage, w->snapshot->environment, d, &sum);
	return sum;
}

static int64_t
last(const struct world *w, const char *key)
{
	return sum_of(w, toggle(w, key)).last_ms;
}

START_TEST(test_count_when_evaluated_then_by_variant_reason_and_time)
{
	struct world w;
	uint64_t reasons[REASON_COUNT] = { 0 };
	struct usage_sum sum;

	open_world(&w);
	change(&w, "a", 2, false);
	change(&w, "b", 3, false);
	count(&w, toggle(&w, "a"), 0, 2000);
	count(&w, toggle(&w, "a"), 1, 2001);
	count(&w, toggle(&w, "a"), 1, 2002);
	count(&w, toggle(&w, "a"), -1, 2003);
	count_failure(&w, toggle(&w, "a"), 2004);
	count_failure(&w, NULL, 2005);
	sum = sum_of(&w, toggle(&w, "a"));
	ck_assert_uint_eq(sum.evaluations, 5);
	ck_assert_uint_eq(sum.variants[0], 1);
	ck_assert_uint_eq(sum.variants[1], 2);
	ck_assert_uint_eq(sum.none, 2);
	ck_assert_uint_eq(sum.errors, 1);
	ck_assert_int_eq(sum.last_ms, 2004);
	sum = sum_of(&w, toggle(&w, "b"));
	ck_assert_uint_eq(sum.evaluations, 0);
	ck_assert_int_eq(sum.last_ms, 0);
	usage_gather_reasons(w.usage, w.snapshot->environment, reasons);
	ck_assert_uint_eq(reasons[REASON_STATIC], 3);
	ck_assert_uint_eq(reasons[REASON_DISABLED], 1);
	ck_assert_uint_eq(reasons[REASON_ERROR], 2);
	ck_assert_int_eq(usage_since_ms(w.usage), SINCE);
	close_world(&w);
}
END_TEST

/* The same toggle with other variants. */
static struct definition *
with_variants(const char *key, const char *first, const char *second)
{
	struct variant variants[] = {
		{ fixture_string(first), fixture_string("1") },
		{ fixture_string(second), fixture_string("2") },
	};
	const struct definition parts = {
		.kind = KIND_TOGGLE,
		.revision = 9,
		.key = fixture_string(key),
		.variants = variants,
		.variant_count = 2,
	};

	return definition_new(&parts);
}

START_TEST(test_count_when_variants_change_then_counts_stay_with_names)
{
	struct world w;
	struct definition *other = with_variants("a", "new", "on");
	struct usage_sum sum;

	open_world(&w);
	change(&w, "a", 2, false);
	count(&w, toggle(&w, "a"), 0, 2000); /* on */
	count(&w, toggle(&w, "a"), 1, 2001); /* off */
	count(&w, toggle(&w, "a"), 1, 2002);
	/* A reader that knows the new variants before the loop does. */
	sum = sum_of(&w, other);
	ck_assert_uint_eq(sum.variants[0], 0);
	ck_assert_uint_eq(sum.variants[1], 1);
	count(&w, other, 0, 2003);
	sum = sum_of(&w, other);
	ck_assert_uint_eq(sum.evaluations, 4);
	ck_assert_uint_eq(sum.variants[0], 1);
	ck_assert_uint_eq(sum.variants[1], 1);
	ck_assert_uint_eq(sum.none, 0);
	ck_assert_int_eq(sum.last_ms, 2003);
	definition_unref(other);
	close_world(&w);
}
END_TEST

START_TEST(test_publish_when_removed_then_forgotten)
{
	struct world w;
	const struct evaluation once = { .reason = REASON_STATIC };
	const struct definition *old;
	struct snapshot *before;

	open_world(&w);
	change(&w, "a", 2, false);
	change(&w, "b", 3, false);
	count(&w, toggle(&w, "a"), 0, 2000);
	count(&w, toggle(&w, "b"), 0, 2000);
	before = snapshot_ref(w.snapshot);
	old = toggle(&w, "a");
	change(&w, "a", 4, true);
	ck_assert_uint_eq(sum_of(&w, old).evaluations, 0);
	ck_assert_uint_eq(sum_of(&w, toggle(&w, "b")).evaluations, 1);
	/* A request that began before does not bring it back. */
	usage_begin(w.usage, before, 2001);
	usage_count(old, &once, w.usage);
	ck_assert_uint_eq(sum_of(&w, old).evaluations, 0);
	change(&w, "a", 5, false);
	ck_assert_int_eq(last(&w, "a"), 0);
	snapshot_unref(before);
	close_world(&w);
}
END_TEST

START_TEST(test_publish_when_environment_removed_then_forgotten)
{
	struct world w;
	struct catalog *empty = catalog_new("0123456789abcdef", 9);

	open_world(&w);
	change(&w, "a", 2, false);
	count(&w, toggle(&w, "a"), 0, 2000);
	usage_publish(w.usage, empty);
	ck_assert_int_eq(last(&w, "a"), 0);
	count(&w, toggle(&w, "a"), 0, 2001);
	ck_assert_uint_eq(sum_of(&w, toggle(&w, "a")).evaluations, 1);
	catalog_unref(empty);
	close_world(&w);
}
END_TEST

/* The loop has seen neither the removal nor the making. */
static void
make_again(struct world *w, int64_t revision)
{
	snapshot_unref(w->snapshot);
	w->snapshot = fixture_environment("default", revision);
	fixture_change(&w->snapshot, "a", revision + 1, false);
	fixture_publish(&w->catalog, w->snapshot);
}

START_TEST(test_environment_when_made_again_then_counted_anew)
{
	static const uint64_t none[REASON_COUNT];
	uint64_t reasons[REASON_COUNT] = { 0 };
	struct world w;

	open_world(&w);
	ck_assert_int_eq(w.snapshot->born, 1);
	change(&w, "a", 2, false);
	count(&w, toggle(&w, "a"), 0, 2000);
	make_again(&w, 5);
	ck_assert_int_eq(w.snapshot->born, 5);
	usage_publish(w.usage, w.catalog);
	ck_assert_uint_eq(sum_of(&w, toggle(&w, "a")).evaluations, 0);
	usage_gather_reasons(w.usage, w.snapshot->environment, reasons);
	ck_assert_mem_eq(reasons, none, sizeof(none));
	/* Or a request is the first to see it. */
	count(&w, toggle(&w, "a"), 0, 2000);
	make_again(&w, 9);
	count(&w, toggle(&w, "a"), 0, 3000);
	ck_assert_uint_eq(sum_of(&w, toggle(&w, "a")).evaluations, 1);
	close_world(&w);
}
END_TEST

START_TEST(test_confirm_when_unchanged_then_only_time_of_prefix_moves)
{
	struct world w;

	open_world(&w);
	change(&w, "app.a", 2, false);
	change(&w, "app.b", 3, false);
	change(&w, "web.c", 4, false);
	count(&w, toggle(&w, "app.a"), 0, 2000);
	confirm(&w, "app.", 3000);
	confirm(&w, "app.", 3001);
	ck_assert_int_eq(last(&w, "app.a"), 3001);
	ck_assert_int_eq(last(&w, "app.b"), 3001);
	ck_assert_int_eq(last(&w, "web.c"), 0);
	ck_assert_uint_eq(sum_of(&w, toggle(&w, "app.a")).evaluations, 1);
	/* A toggle that came later was not among them. */
	change(&w, "app.d", 5, false);
	ck_assert_int_eq(last(&w, "app.d"), 0);
	ck_assert_int_eq(last(&w, "app.a"), 3001);
	confirm(&w, "", 4000);
	ck_assert_int_eq(last(&w, "app.d"), 4000);
	ck_assert_int_eq(last(&w, "web.c"), 4000);
	close_world(&w);
}
END_TEST

START_TEST(test_confirm_when_many_prefixes_then_no_time_is_lost)
{
	struct world w;
	char prefix[32];

	open_world(&w);
	change(&w, "app.a", 2, false);
	change(&w, "p7.x", 3, false);
	confirm(&w, "app.", 2000);
	confirm(&w, "app.", 2500);
	for (int i = 0; i < 3 * USAGE_PREFIXES_MAX; i++) {
		(void)snprintf(prefix, sizeof(prefix), "p%d.", i);
		confirm(&w, prefix, 3000 + i);
	}
	ck_assert_int_eq(last(&w, "app.a"), 2500);
	ck_assert_int_eq(last(&w, "p7.x"), 3007);
	close_world(&w);
}
END_TEST

START_TEST(test_hand_out_when_definitions_given_then_time_is_kept)
{
	struct world w;

	open_world(&w);
	ck_assert_int_eq(usage_handed_out_ms(w.usage, w.snapshot->environment),
			 0);
	usage_hand_out(w.usage, w.snapshot, 2000);
	ck_assert_int_eq(usage_handed_out_ms(w.usage, w.snapshot->environment),
			 2000);
	close_world(&w);
}
END_TEST

static const char *
name_of(int i, char name[32])
{
	(void)snprintf(name, 32, "toggle-%d", i);
	return name;
}

/* An environment of many toggles, built at once. */
static struct snapshot *
many_toggles(size_t many)
{
	struct definition **all = calloc(many, sizeof(*all));
	struct snapshot *snapshot;
	char name[32];

	for (size_t i = 0; i < many; i++)
		all[i] =
		    fixture_definition(KIND_TOGGLE, name_of((int)i, name), 2);
	snapshot = snapshot_load(fixture_string("default"), 2, 0, all, many);
	for (size_t i = 0; i < many; i++)
		definition_unref(all[i]);
	free(all);
	return snapshot;
}

static void
count_visit(struct string key, uint64_t evaluations, void *ctx)
{
	uint64_t *sum = ctx;

	ck_assert_uint_gt(key.length, 0);
	*sum += evaluations;
}

static void
count_all(struct world *w, int64_t now_ms)
{
	const struct definition *d;
	struct snapshot_walk walk;

	snapshot_walk_from(&walk, w->snapshot, KIND_TOGGLE,
			   (struct string){ "", 0 });
	while ((d = snapshot_walk_next(&walk)) != NULL)
		count(w, d, 1, now_ms);
}

START_TEST(test_count_when_many_then_each_has_its_own)
{
	struct world w = { .usage = usage_new(SINCE),
			   .snapshot = many_toggles(MANY) };
	char name[32];
	uint64_t visited = 0;

	count_all(&w, 2000);
	count_all(&w, 2001);
	for (int i = 0; i < MANY; i++) {
		struct usage_sum sum = sum_of(&w, toggle(&w, name_of(i, name)));

		ck_assert_uint_eq(sum.evaluations, 2);
		ck_assert_int_eq(sum.last_ms, 2001);
	}
	usage_each(w.usage, w.snapshot->environment, count_visit, &visited);
	ck_assert_uint_eq(visited, 2 * MANY);
	close_world(&w);
}
END_TEST

START_TEST(test_count_when_too_many_then_overflow_says_so)
{
	struct world w = { .usage = usage_new(SINCE),
			   .snapshot = many_toggles(USAGE_TOGGLES_MAX + 3) };
	uint64_t visited = 0;

	count_all(&w, 2000);
	ck_assert_uint_eq(usage_overflow(w.usage), 3);
	usage_each(w.usage, w.snapshot->environment, count_visit, &visited);
	ck_assert_uint_eq(visited, USAGE_TOGGLES_MAX);
	close_world(&w);
}
END_TEST

/* Removed and new ones by turns, in a random order: as a plain array has it. */
START_TEST(test_count_when_toggles_come_and_go_then_as_in_a_model)
{
	enum { KEYS = 61, STEPS = 20000 };
	uint64_t expected[KEYS] = { 0 };
	bool there[KEYS] = { false };
	uint32_t random = 7;
	struct world w;
	char name[32];

	open_world(&w);
	for (int step = 0; step < STEPS; step++) {
		int i;

		random = random * 1664525 + 1013904223;
		i = (int)((random >> 8) % KEYS);
		name_of(i, name);
		if (!there[i] || random >> 28 == 0) {
			there[i] = !there[i];
			expected[i] = 0;
			change(&w, name, step + 2, !there[i]);
		} else if (random >> 28 == 1) {
			change(&w, name, step + 2, false);
		} else {
			count(&w, toggle(&w, name), 0, step);
			expected[i]++;
		}
	}
	for (int i = 0; i < KEYS; i++) {
		if (there[i])
			ck_assert_uint_eq(
			    sum_of(&w, toggle(&w, name_of(i, name)))
				.evaluations,
			    expected[i]);
	}
	close_world(&w);
}
END_TEST

/* --- with readers --------------------------------------------------------- */

enum { TURNS = 4000, KEYS_SHARED = 40 };

struct shared {
	struct world w;
	struct definition *known[KEYS_SHARED]; /* of the reader */
	atomic_bool done;
};

static void *
write_main(void *ctx)
{
	struct shared *shared = ctx;
	struct world *w = &shared->w;
	char name[32];

	for (int turn = 0; turn < TURNS; turn++) {
		const int i = turn % KEYS_SHARED;

		name_of(i, name);
		count(w, toggle(w, name), turn & 1, turn + 1);
		confirm(w, turn % 3 == 0 ? "" : name, turn + 1);
		usage_hand_out(w->usage, w->snapshot, turn + 1);
		if (turn % 50 == 49)
			change(w, name, MANY + turn, false);
		if (turn % 200 == 199) {
			change(w, name, MANY + TURNS + turn, true);
			change(w, name, MANY + TURNS + turn + 1, false);
		}
	}
	atomic_store(&shared->done, true);
	return NULL;
}

static void
read_once(struct shared *shared, uint64_t *last_total)
{
	static const char environment[] = "default";
	const struct string name = fixture_string(environment);
	uint64_t reasons[REASON_COUNT] = { 0 };
	uint64_t visited = 0;

	for (int i = 0; i < KEYS_SHARED; i++) {
		struct usage_sum sum = { 0 };

		usage_gather(shared->w.usage, name, shared->known[i], &sum);
		ck_assert_uint_le(sum.variants[0] + sum.variants[1],
				  sum.evaluations);
		ck_assert_int_le(sum.last_ms, TURNS);
	}
	usage_each(shared->w.usage, name, count_visit, &visited);
	ck_assert_uint_le(visited, 2 * TURNS);
	(void)usage_handed_out_ms(shared->w.usage, name);
	usage_gather_reasons(shared->w.usage, name, reasons);
	ck_assert_uint_ge(reasons[REASON_STATIC], *last_total);
	*last_total = reasons[REASON_STATIC];
}

START_TEST(test_read_when_loop_counts_then_sums_only_grow)
{
	struct shared shared = { .done = false };
	uint64_t total = 0;
	pthread_t writer;
	char name[32];

	open_world(&shared.w);
	for (int i = 0; i < KEYS_SHARED; i++) {
		change(&shared.w, name_of(i, name), i + 2, false);
		shared.known[i] = definition_ref(toggle(&shared.w, name));
	}
	ck_assert_int_eq(pthread_create(&writer, NULL, write_main, &shared), 0);
	while (!atomic_load(&shared.done))
		read_once(&shared, &total);
	pthread_join(writer, NULL);
	read_once(&shared, &total);
	ck_assert_uint_eq(total, TURNS);
	for (int i = 0; i < KEYS_SHARED; i++)
		definition_unref(shared.known[i]);
	close_world(&shared.w);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("usage");
	TCase *tc = tcase_create("usage");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_test(
	    tc, test_count_when_evaluated_then_by_variant_reason_and_time);
	tcase_add_test(
	    tc, test_count_when_variants_change_then_counts_stay_with_names);
	tcase_add_test(tc, test_publish_when_removed_then_forgotten);
	tcase_add_test(tc, test_environment_when_made_again_then_counted_anew);
	tcase_add_test(tc,
		       test_publish_when_environment_removed_then_forgotten);
	tcase_add_test(
	    tc, test_confirm_when_unchanged_then_only_time_of_prefix_moves);
	tcase_add_test(tc,
		       test_confirm_when_many_prefixes_then_no_time_is_lost);
	tcase_add_test(tc,
		       test_hand_out_when_definitions_given_then_time_is_kept);
	tcase_add_test(tc, test_count_when_many_then_each_has_its_own);
	tcase_add_test(tc, test_count_when_too_many_then_overflow_says_so);
	tcase_add_test(tc,
		       test_count_when_toggles_come_and_go_then_as_in_a_model);
	tcase_add_test(tc, test_read_when_loop_counts_then_sums_only_grow);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
