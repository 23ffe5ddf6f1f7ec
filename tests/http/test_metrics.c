/* /metrics: that the numbers mean what their names say. Names and form are
 * looked at by tests/lint/check-metrics. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

#define T "/v1/envs/default"

/* The value behind `sample`, a name with its labels; -1: it is not there. */
static double
sample(struct toggled *t, const char *name)
{
	const char *text = toggled_get(t, "/metrics")->body;
	const char *line = toggled_text(t, "\n%s ", name);
	const char *at = strstr(text, line);

	return at == NULL ? -1 : strtod(at + strlen(line), NULL);
}

static const struct {
	const char *method;
	const char *path;
	const char *body;
	const char *labels;
} requests[] = {
	{ "GET", T "/toggles", NULL,
	  "method=\"GET\",route=\"/v1/envs/{env}/toggles\",code=\"200\"" },
	{ "GET", T "/toggles/none", NULL,
	  "method=\"GET\",route=\"/v1/envs/{env}/toggles/{key}\","
	  "code=\"404\"" },
	{ "PUT", T "/toggles/x", "{}",
	  "method=\"PUT\",route=\"/v1/envs/{env}/toggles/{key}\","
	  "code=\"201\"" },
	{ "PUT", T "/toggles/x", "{",
	  "method=\"PUT\",route=\"/v1/envs/{env}/toggles/{key}\","
	  "code=\"400\"" },
	{ "GET", "/nowhere", NULL, "method=\"\",route=\"none\",code=\"404\"" },
};

START_TEST(test_request_when_answered_then_counted_by_route_and_code)
{
	static const char name[] = "toggled_http_requests_total";
	struct toggled *t = toggled_new();
	const char *counted =
	    toggled_text(t, "%s{%s}", name, requests[_i].labels);

	toggled_start(t, NULL);
	ck_assert_double_eq(sample(t, counted), -1);
	for (int i = 0; i < 3; i++)
		toggled_request(t, requests[_i].method, requests[_i].path, NULL,
				requests[_i].body);
	/* The second PUT of the same is no creation. */
	ck_assert_double_eq(sample(t, counted),
			    strstr(counted, "201") != NULL ? 1 : 3);
	toggled_free(t);
}
END_TEST

static const char *const histograms[] = {
	"toggled_http_request_duration_seconds",
	"toggled_commit_duration_seconds",
	"toggled_commit_changes",
};

/* Buckets grow up to +Inf, which is the count. */
START_TEST(test_histogram_when_printed_then_buckets_add_up)
{
	struct toggled *t = toggled_new();
	const char *bucket = toggled_text(t, "\n%s_bucket{", histograms[_i]);
	const char *count = toggled_text(t, "\n%s_count", histograms[_i]);
	const char *at;
	double before = 0;
	bool whole = false;

	toggled_start(t, NULL);
	for (int i = 0; i < 5; i++)
		toggled_request(t, "PUT", T "/toggles/x", NULL,
				toggled_text(t, "{\"description\":\"%d\"}", i));
	at = strstr(toggled_get(t, "/metrics")->body, bucket);
	ck_assert_ptr_nonnull(at);
	while (at != NULL && strncmp(at, bucket, strlen(bucket)) == 0) {
		const char *end = strchr(at + 1, '\n');
		const char *le = strstr(at, "le=\"");
		double value = strtod(strstr(le, "} ") + 2, NULL);

		ck_assert_double_ge(value, before);
		before = value;
		whole = strncmp(le, "le=\"+Inf\"", 9) == 0;
		at = end;
	}
	ck_assert(whole);
	ck_assert_double_ge(before, 5);
	at = strstr(at, count);
	ck_assert_double_eq(strtod(strchr(at, ' '), NULL), before);
	toggled_free(t);
}
END_TEST

START_TEST(test_commits_when_written_then_sum_is_all_changes)
{
	struct toggled *t = toggled_new();

	toggled_start(t, NULL);
	ck_assert_double_eq(sample(t, "toggled_commit_changes_sum"), 1);
	for (int i = 0; i < 4; i++)
		toggled_request(t, "PUT", T "/toggles/x", NULL,
				toggled_text(t, "{\"description\":\"%d\"}", i));
	ck_assert_double_eq(sample(t, "toggled_commit_changes_sum"), 5);
	ck_assert_double_eq(sample(t, "toggled_commit_changes_count"), 5);
	ck_assert_double_eq(sample(t, "toggled_commits_failed_total"), 0);
	ck_assert_double_eq(sample(t, "toggled_revision"), 5);
	ck_assert_double_lt(sample(t, "toggled_snapshot_age_seconds"), 60);
	toggled_free(t);
}
END_TEST

struct crowd {
	struct toggled *t;
	double size;
};

static bool
is_waiting(void *ctx)
{
	const struct crowd *crowd = ctx;

	return sample(crowd->t, "toggled_waiters") == crowd->size;
}

START_TEST(test_waiters_when_polls_wait_then_counted_and_woken)
{
	enum { POLLS = 7 };
	struct toggled *t = toggled_new();
	struct poller *polls[POLLS];
	struct crowd crowd = { t, POLLS };

	toggled_start(t, NULL);
	for (size_t i = 0; i < POLLS; i++)
		polls[i] = poll_start(t, T "/changes?since=1&wait=60s", NULL);
	ck_assert(wait_until(is_waiting, &crowd, DEADLINE_ANSWER_MS));
	ck_assert_double_ge(sample(t, "toggled_connections_open"), POLLS);
	ck_assert_double_ge(sample(t, "process_open_fds"), POLLS);
	toggled_request(t, "PUT", T "/toggles/x", NULL, "{}");
	for (size_t i = 0; i < POLLS; i++)
		poll_finish(polls[i], DEADLINE_ANSWER_MS);
	ck_assert_double_eq(sample(t, "toggled_polls_woken_total"), POLLS);
	ck_assert_double_eq(sample(t, "toggled_waiters"), 0);
	toggled_free(t);
}
END_TEST

START_TEST(test_process_when_asked_then_figures_are_believable)
{
	struct toggled *t = toggled_new();
	double started;

	toggled_start(t, NULL);
	started = sample(t, "process_start_time_seconds");
	ck_assert_double_gt(started, 1.5e9);
	ck_assert_double_eq(sample(t, "process_start_time_seconds"), started);
	ck_assert_double_gt(sample(t, "process_resident_memory_bytes"), 1e6);
	ck_assert_double_gt(sample(t, "process_virtual_memory_bytes"),
			    sample(t, "process_resident_memory_bytes"));
	ck_assert_double_ge(sample(t, "process_max_fds"),
			    sample(t, "toggled_connections_max"));
	ck_assert_double_ge(sample(t, "process_cpu_seconds_total"), 0);
	toggled_free(t);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof(*(table))))

int
main(void)
{
	Suite *suite = suite_create("metrics");
	TCase *tc = tcase_create("metrics");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(
	    tc, test_request_when_answered_then_counted_by_route_and_code, 0,
	    COUNT(requests));
	tcase_add_loop_test(tc, test_histogram_when_printed_then_buckets_add_up,
			    0, COUNT(histograms));
	tcase_add_test(tc, test_commits_when_written_then_sum_is_all_changes);
	tcase_add_test(tc, test_waiters_when_polls_wait_then_counted_and_woken);
	tcase_add_test(tc, test_process_when_asked_then_figures_are_believable);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
