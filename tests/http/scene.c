#include "scene.h"

#include <check.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { CASE_SECONDS = 60 };

const char *const scene_parkings[] = { "auto", "suspended" };

struct toggled *
scene_open_with(const char *const *args)
{
	struct toggled *t = toggled_new();

	toggled_start(t, args);
	return t;
}

struct toggled *
scene_open(void)
{
	return scene_open_with(NULL);
}

struct toggled *
scene_open_parking(int parking)
{
	return SCENE_OPEN("--parking", scene_parkings[parking]);
}

void
scene_stop(struct toggled *t)
{
	/* Else the program would give it a second. */
	toggled_hang_up(t);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
}

void
scene_close(struct toggled *t)
{
	scene_stop(t);
	toggled_free(t);
}

struct answer *
ask_with(struct toggled *t, const char *const *headers, const char *method,
	 const char *path, const char *body, long status)
{
	struct answer *answer = toggled_request(t, method, path, headers, body);

	ck_assert_msg(answer->status == status,
		      "%s %s %.300s\nexpected %ld, got %ld %.600s", method,
		      path, body == NULL ? "" : body, status, answer->status,
		      answer->body);
	return answer;
}

struct answer *
ask(struct toggled *t, const char *method, const char *path, const char *body,
    long status)
{
	return ask_with(t, NULL, method, path, body, status);
}

json_t *
ask_json(struct toggled *t, const char *method, const char *path,
	 const char *body, long status)
{
	return answer_json(ask(t, method, path, body, status));
}

int64_t
put_toggle(struct toggled *t, const char *key, const char *body)
{
	char *path = toggled_text(t, ENV "/toggles/%s", key);
	struct answer *answer = toggled_request(t, "PUT", path, NULL, body);

	ck_assert_msg(answer->status == 200 || answer->status == 201,
		      "PUT %s %s: %ld %s", path, body, answer->status,
		      answer->body);
	return json_int_at(answer_json(answer), "/revision");
}

void
flip_toggle(struct toggled *t, const char *body)
{
	ask(t, "PATCH", ENV "/toggles/a", body, 200);
}

/* Of the last header of that name, without the toggled that would own it. */
static bool
has_content_type(const struct answer *answer, const char *type)
{
	const char *line = strcasestr(answer->headers, "\r\nContent-Type: ");
	size_t length = strlen(type);

	if (line == NULL)
		return false;
	line += strlen("\r\nContent-Type: ");
	return strncmp(line, type, length) == 0 && line[length] == '\r';
}

void
expect_life(struct raw *raw, bool closes, const char *name)
{
	if (closes) {
		ck_assert_msg(raw_is_closed(raw, AT_ONCE_MS), "%s: stays open",
			      name);
		return;
	}
	ck_assert(raw_send_text(
	    raw, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"));
	ck_assert_msg(raw_answer(raw, SOON_MS)->status == 200,
		      "%s: the next request fails", name);
}

struct answer *
expect_revision(struct raw *raw, int64_t revision)
{
	struct answer *a = raw_answer(raw, SOON_MS);

	ck_assert_int_eq(a->status, 200);
	ck_assert_int_eq(json_int_at(answer_json(a), "/revision"), revision);
	return a;
}

json_t *
expect_problem(struct answer *answer, long status, const char *slug)
{
	json_t *problem;
	char type[128];

	ck_assert_msg(answer->status == status, "expected %ld, got %ld %.600s",
		      status, answer->status, answer->body);
	ck_assert_msg(has_content_type(answer, "application/problem+json"),
		      "not a problem: %s%s", answer->headers, answer->body);
	problem = answer_json(answer);
	(void)snprintf(type, sizeof(type), "urn:toggled:problem:%s", slug);
	ck_assert_str_eq(json_text_at(problem, "/type"), type);
	ck_assert_str_ne(json_text_at(problem, "/title"), "");
	ck_assert_int_eq(json_int_at(problem, "/status"), status);
	ck_assert_str_ne(json_text_at(problem, "/detail"), "");
	return problem;
}

bool
problem_points_at(json_t *problem, const char *pointer)
{
	json_t *fault;
	size_t i;

	json_array_foreach(json_at(problem, "/errors"), i, fault)
	{
		ck_assert_str_ne(json_text_at(fault, "/detail"), "");
		if (strcmp(json_text_at(fault, "/pointer"), pointer) == 0)
			return true;
	}
	return false;
}

void
expect_logged(struct toggled *t, const char *part)
{
	ck_assert_msg(wait_until_logged(t, part, SOON_MS),
		      "the log does not say '%s'", part);
}

int
times_in(const char *text, const char *part)
{
	int times = 0;

	for (text = strstr(text, part); text != NULL;
	     text = strstr(text + 1, part))
		times++;
	return times;
}

void
expect_says(const char *text, const char *part)
{
	ck_assert_msg(text != NULL && strstr(text, part) != NULL,
		      "'%s' does not say '%s'", text == NULL ? "" : text, part);
}

void
expect_json(json_t *got, const char *expected)
{
	json_error_t error;
	json_t *want = json_loads(expected, JSON_DECODE_ANY, &error);
	char *text = json_dumps(got, JSON_ENCODE_ANY | JSON_SORT_KEYS);

	ck_assert_msg(want != NULL, "%s: %s", error.text, expected);
	ck_assert_msg(json_equal(got, want), "expected %s, got %s", expected,
		      text == NULL ? "nothing" : text);
	free(text);
	json_decref(want);
}

void
expect_no_start(struct toggled *t, const char *part)
{
	const struct run *run = TOGGLED_RUN(
	    t, "serve", "--listen", "127.0.0.1:0", "--database", t->database);

	ck_assert_int_eq(run->status, 1);
	expect_says(run->err, t->database);
	expect_says(run->err, part);
}

void
expect_verified(struct toggled *t, const char *path)
{
	const struct run *run = TOGGLED_RUN(t, "verify", "--database", path);

	ck_assert_msg(run->status == 0, "verify: %d %s%s", run->status,
		      run->out, run->err);
}

int64_t
head_revision_as(struct toggled *t, const char *header)
{
	const char *const headers[] = { header, NULL };

	return json_int_at(
	    answer_json(ask_with(t, headers, "GET", "/readyz", NULL, 200)),
	    "/revision");
}

int64_t
head_revision(struct toggled *t)
{
	return head_revision_as(t, NULL);
}

const char *
served_epoch(struct toggled *t)
{
	return json_text_at(ask_json(t, "GET", "/readyz", NULL, 200), "/epoch");
}

int64_t
metric_as(struct toggled *t, const char *header, const char *name)
{
	struct answer *answer =
	    ask_with(t, header == NULL ? NULL : HEADERS(header), "GET",
		     "/metrics", NULL, 200);
	size_t length = strlen(name);
	const char *line = answer->body;

	while (line != NULL && *line != '\0') {
		if (strncmp(line, name, length) == 0 && line[length] == ' ')
			return strtoll(line + length + 1, NULL, 10);
		line = strchr(line, '\n');
		line = line == NULL ? NULL : line + 1;
	}
	ck_abort_msg("there is no metric %s in\n%s", name, answer->body);
}

int64_t
metric(struct toggled *t, const char *name)
{
	return metric_as(t, NULL, name);
}

struct expected {
	struct toggled *t;
	const char *name;
	int64_t value;
};

static bool
has_value(void *ctx)
{
	const struct expected *e = ctx;

	return metric(e->t, e->name) == e->value;
}

void
wait_for_metric(struct toggled *t, const char *name, int64_t value)
{
	struct expected e = { t, name, value };

	ck_assert_msg(wait_until(has_value, &e, SOON_MS),
		      "%s is %" PRId64 ", not %" PRId64, name, metric(t, name),
		      value);
}

struct crowd {
	struct toggled *t;
	int64_t count;
	int64_t now;
};

static bool
is_crowd(void *ctx)
{
	struct crowd *crowd = ctx;

	crowd->now = metric(crowd->t, "toggled_polls_outside") +
		     metric(crowd->t, "toggled_polls_suspended");
	return crowd->now == crowd->count;
}

void
wait_for_waiters(struct toggled *t, int64_t count)
{
	struct crowd crowd = { t, count, 0 };

	ck_assert_msg(wait_until(is_crowd, &crowd, DEADLINE_ANSWER_MS),
		      "%" PRId64 " clients wait, not %" PRId64, crowd.now,
		      count);
}

static bool
is_past(void *ctx)
{
	const int64_t *then = ctx;
	struct clock clock = clock_system();

	return clock_wall_ms(&clock) > *then;
}

void
let_time_pass(void)
{
	struct clock clock = clock_system();
	int64_t then = clock_wall_ms(&clock);

	ck_assert(wait_until(is_past, &then, DEADLINE_ANSWER_MS));
}

int
scene_main(const char *name, void (*add)(struct TCase *tc))
{
	Suite *suite = suite_create(name);
	TCase *tc = tcase_create(name);
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tc, CASE_SECONDS);
	add(tc);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
