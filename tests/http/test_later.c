/*
 * Back from a later release: a store with members, a role and a kind that this
 * one does not know (later_release.h). It starts, serves what it knows, and
 * loses nothing of the rest, whatever is done to it.
 *
 * What a later release may store is so bounded: HACKING, "To store something
 * new".
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "later_release.h"
#include "login.h"
#include "model/definition.h"
#include "release.h"
#include "scene.h"

#define KILL ENV "/toggles/kill"

struct world {
	struct toggled *t;
	struct later_release later;
	const char *admin; /* the header that shows it */
};

static struct world
open_world(void)
{
	struct world w = { .t = toggled_new() };

	release_load_store(w.t, "0.2");
	later_release_write(w.t, &w.later);
	expect_verified(w.t, w.t->database);
	toggled_start(w.t, NULL);
	expect_logged(w.t, "kept, and not served");
	w.admin = bearer(w.t, w.later.admin);
	return w;
}

static struct answer *
by_admin(struct world *w, const char *method, const char *path,
	 const char *body, long status)
{
	return ask_with(w->t, HEADERS(w->admin), method, path, body, status);
}

static json_t *
read_json(struct world *w, const char *path)
{
	return answer_json(by_admin(w, "GET", path, NULL, 200));
}

/* The stored text of a thing has all of `parts` in it. */
static void
expect_stored(struct world *w, int kind, const char *key,
	      const char *const *parts)
{
	const char *text = later_stored(w->t, w->t->database, kind, key);

	for (size_t i = 0; parts[i] != NULL; i++)
		expect_says(text, parts[i]);
}

#define STORED(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define SERVE "\"serve\":\"off\""
#define EXPIRES "\"expires\":{\"days\":30}"
#define STAGE "\"stage\":{\"share\":5}"
#define HELD                                                                   \
	"\"held\":{\"defaultVariant\":\"on\",\"targeting\":{\"if\":[{\"==\""

/* All that the later release wrote is still there; stops the program. */
static void
close_world(struct world *w)
{
	toggled_hang_up(w->t);
	ck_assert_int_eq(toggled_stop(w->t, SIGTERM), 0);
	expect_verified(w->t, w->t->database);
	expect_stored(w, KIND_TOGGLE, "kill",
		      STORED(SERVE, HELD, EXPIRES, STAGE));
	expect_stored(w, KIND_ENVIRONMENT, "default",
		      STORED("\"approvals\":2"));
	expect_stored(
	    w, KIND_TOKEN, w->later.auditor_id,
	    STORED("\"role\":\"auditor\"", "\"groups\":[\"security\"]"));
	ck_assert_str_eq(
	    later_stored(w->t, w->t->database, LATER_KIND, LATER_KEY),
	    LATER_TEXT);
	toggled_free(w->t);
}

START_TEST(test_store_when_of_a_later_release_then_what_is_known_is_served)
{
	struct world w = open_world();
	json_t *flags = read_json(&w, ENV "/flags");
	json_t *json;

	json = read_json(&w, KILL);
	ck_assert_str_eq(json_text_at(json, "/defaultVariant"), "off");
	ck_assert_int_eq(json_int_at(json, "/expires/days"), 30);
	ck_assert_ptr_nonnull(json_at(flags, "/flags/kill/variants"));
	ck_assert_ptr_null(json_at(flags, "/flags/kill/expires"));
	ck_assert_ptr_null(json_at(flags, "/flags/kill/serve"));
	ck_assert_ptr_null(json_at(flags, "/flags/kill/held"));
	json = read_json(&w, ENV "/values?plan=gold");
	ck_assert(!json_bool_at(json, "/values/kill"));
	/* The feed goes over its changes, one of which touches nothing here. */
	json = read_json(&w, toggled_text(w.t, ENV "/changes?since=%d",
					  (int)w.later.revision - 2));
	ck_assert_ptr_nonnull(json_at(json, "/toggles/kill"));
	json = read_json(&w, toggled_text(w.t, ENV "/changes?since=%d",
					  (int)w.later.revision));
	ck_assert(!json_bool_at(json, "/full"));
	ck_assert_uint_eq(json_object_size(json_at(json, "/toggles")), 0);
	/* So do the history and the past. */
	json = read_json(
	    &w, toggled_text(w.t, ENV "/history/%d", (int)w.later.revision));
	ck_assert_uint_eq(json_object_size(json_at(json, "/toggles")), 0);
	json = read_json(&w, ENV "/history?limit=1000");
	ck_assert_int_eq(json_int_at(json, "/changes/0/revision"),
			 w.later.revision);
	json = read_json(&w, ENV "/history?key=" LATER_KEY);
	ck_assert_uint_eq(json_array_size(json_at(json, "/changes")), 0);
	json = read_json(&w, toggled_text(w.t, ENV "/toggles?at=%d",
					  (int)w.later.revision - 1));
	ck_assert_int_eq(json_int_at(json, "/toggles/kill/expires/days"), 30);
	by_admin(&w, "GET", ENV "/toggles/" LATER_KEY, NULL, 404);
	by_admin(&w, "GET", ENV "/segments/" LATER_KEY, NULL, 404);
	close_world(&w);
}
END_TEST

/* --- roles -----------------------------------------------------------------
 */

static const char *const reads[] = {
	"/v1/envs",      "/v1/envs/default", ENV "/toggles",      KILL,
	ENV "/changes",  ENV "/values",      ENV "/flags",        "/v1/flags",
	ENV "/history",  ENV "/usage",       "/metrics",          "/v1/tokens",
	"/openapi.yaml", "/v1/backup",       ENV "/ofrep/v1/sse",
};

START_TEST(test_token_when_of_an_unknown_role_then_it_may_nothing)
{
	struct world w = open_world();
	const char *auditor = bearer(w.t, w.later.auditor);
	const char *const evaluations[] = { ENV "/evaluate", ENV "/values",
					    "/ofrep/v1/evaluate/flags",
					    "/ofrep/v1/evaluate/flags/kill" };
	struct answer *answer;

	for (int i = 0; i < COUNT(reads); i++)
		ask_with(w.t, HEADERS(auditor), "GET", reads[i], NULL, 403);
	for (int i = 0; i < COUNT(evaluations); i++)
		ask_with(w.t, HEADERS(auditor), "POST", evaluations[i], "{}",
			 403);
	ask_with(w.t, HEADERS(auditor), "PATCH", KILL, "{}", 403);
	answer =
	    ask_with(w.t, HEADERS(auditor), "GET", ENV "/changes", NULL, 403);
	expect_says(
	    json_text_at(expect_problem(answer, 403, "forbidden"), "/detail"),
	    "'auditor' is auditor");
	ask_with(w.t, HEADERS(auditor), "GET", "/healthz", NULL, 200);
	/* Others are what they were. */
	ask_with(w.t, HEADERS(bearer(w.t, w.later.device)), "GET",
		 ENV "/values", NULL, 200);
	ck_assert_str_eq(json_text_at(read_json(&w, "/v1/tokens"),
				      toggled_text(w.t, "/tokens/%s/role",
						   w.later.auditor_id)),
			 "auditor");
	/* A new one of that role cannot be made. */
	by_admin(&w, "POST", "/v1/tokens",
		 "{\"name\":\"x\",\"role\":\"auditor\","
		 "\"environments\":[\"default\"]}",
		 400);
	by_admin(&w, "POST", "/v1/tokens",
		 "{\"name\":\"x\",\"role\":\"none\","
		 "\"environments\":[\"default\"]}",
		 400);
	close_world(&w);
}
END_TEST

START_TEST(test_token_when_rotated_then_role_and_members_stay)
{
	struct world w = open_world();
	const char *path =
	    toggled_text(w.t, "/v1/tokens/%s/rotate", w.later.auditor_id);
	json_t *json = answer_json(by_admin(&w, "POST", path, NULL, 200));

	ck_assert_str_eq(json_text_at(json, "/role"), "auditor");
	ask_with(
	    w.t,
	    HEADERS(bearer(
		w.t, toggled_text(w.t, "%s", json_text_at(json, "/token")))),
	    "GET", ENV "/values", NULL, 403);
	close_world(&w);
}
END_TEST

/* --- members ---------------------------------------------------------------
 */

START_TEST(test_write_when_members_are_unknown_then_kept)
{
	struct world w = open_world();
	struct answer *answer;
	int64_t head;

	by_admin(&w, "PATCH", KILL, "{\"description\":\"why\"}", 200);
	by_admin(&w, "POST", ENV "/changes",
		 "{\"toggles\":{\"kill\":{\"owner\":\"ann\"}}}", 200);
	/* They move with what is held. */
	by_admin(&w, "PATCH", KILL, "{\"serve\":null}", 200);
	by_admin(&w, "PATCH", KILL, "{\"serve\":\"off\"}", 200);
	expect_says(by_admin(&w, "GET", KILL, NULL, 200)->body, STAGE);
	by_admin(&w, "POST", ENV "/rollback",
		 toggled_text(w.t, "{\"to\":%d,\"keys\":[\"kill\"]}",
			      (int)w.later.revision),
		 200);
	/* A flagd document knows nothing of them. */
	by_admin(&w, "POST", ENV "/changes",
		 "{\"flags\":{\"kill\":{\"state\":\"ENABLED\",\"variants\":"
		 "{\"on\":true,\"off\":false},\"defaultVariant\":\"off\"}},"
		 "\"metadata\":{\"region\":\"eu\"}}",
		 200);
	/* What was read is sent back: nothing changes. */
	head = head_revision_as(w.t, w.admin);
	answer = by_admin(&w, "GET", KILL, NULL, 200);
	expect_says(answer->body, EXPIRES);
	by_admin(&w, "PUT", KILL, toggled_text(w.t, "%s", answer->body), 200);
	answer = by_admin(&w, "GET", "/v1/envs/default", NULL, 200);
	by_admin(&w, "PUT", "/v1/envs/default",
		 toggled_text(w.t, "%s", answer->body), 200);
	ck_assert_int_eq(head_revision_as(w.t, w.admin), head);
	close_world(&w);
}
END_TEST

/* Those of the request are refused. */
static const struct {
	const char *method;
	const char *path;
	const char *body;
	const char *pointer;
} refused[] = {
	{ "PATCH", KILL, "{\"expires\":{\"days\":31}}", "/expires" },
	{ "PATCH", KILL, "{\"expires\":null}", "/expires" },
	{ "PATCH", KILL, "{\"serve\":\"off\",\"held\":{\"stage\":1}}",
	  "/held/stage" },
	{ "PATCH", KILL, "{\"other\":1}", "/other" },
	{ "PUT", KILL, "{\"expires\":1}", "/expires" },
	{ "PUT", ENV "/toggles/new", "{\"expires\":1}", "/expires" },
	{ "PATCH", ENV "/toggles/colour", "{\"expires\":1}", "/expires" },
	{ "PUT", "/v1/envs/default", "{\"approvals\":1}", "/approvals" },
	{ "POST", ENV "/changes", "{\"toggles\":{\"kill\":{\"expires\":{}}}}",
	  "/toggles/kill/expires" },
};

START_TEST(test_write_when_it_brings_unknown_members_then_refused)
{
	struct world w = open_world();

	for (int i = 0; i < COUNT(refused); i++) {
		json_t *problem = expect_problem(by_admin(&w, refused[i].method,
							  refused[i].path,
							  refused[i].body, 400),
						 400, "invalid");

		ck_assert_msg(problem_points_at(problem, refused[i].pointer),
			      "%s %s", refused[i].path, refused[i].body);
	}
	close_world(&w);
}
END_TEST

START_TEST(test_rollback_when_over_later_changes_then_nothing_is_lost)
{
	struct world w = open_world();
	json_t *json;

	/* Forwards: it had other members then. */
	by_admin(&w, "PATCH", KILL, "{\"description\":\"why\"}", 200);
	by_admin(&w, "DELETE", KILL, NULL, 200);
	by_admin(&w, "POST", ENV "/rollback",
		 toggled_text(w.t, "{\"to\":%d}", (int)w.later.revision), 200);
	json = read_json(&w, KILL);
	ck_assert_int_eq(json_int_at(json, "/expires/days"), 30);
	ck_assert_ptr_null(json_at(json, "/description"));
	/* Before all of it, and back. */
	by_admin(&w, "POST", ENV "/rollback",
		 toggled_text(w.t, "{\"to\":%d}", (int)w.later.revision - 3),
		 200);
	by_admin(&w, "GET", KILL, NULL, 404);
	by_admin(&w, "POST", ENV "/rollback",
		 toggled_text(w.t, "{\"to\":%d}", (int)w.later.revision), 200);
	close_world(&w);
}
END_TEST

/* --- files -----------------------------------------------------------------
 */

static const struct run *
run_well(struct world *w, const char *const *args)
{
	const struct run *run = toggled_run(w->t, args);

	ck_assert_msg(run->status == 0, "%s: %d %s%s", args[0], run->status,
		      run->out, run->err);
	return run;
}

#define RUN_WELL(w, ...) run_well(w, (const char *const[]){ __VA_ARGS__, NULL })

START_TEST(test_commands_when_on_a_later_store_then_they_work)
{
	struct world w = open_world();
	const char *file = toggled_path(w.t, "export.json");
	const char *copy = toggled_path(w.t, "copy.db");
	const char *const db = w.t->database;

	toggled_hang_up(w.t);
	ck_assert_int_eq(toggled_stop(w.t, SIGTERM), 0);
	RUN_WELL(&w, "check", "--database", db);
	RUN_WELL(&w, "export", "--database", db, file);
	expect_says(toggled_read(w.t, "export.json"), EXPIRES);
	RUN_WELL(&w, "import", "--database", db, "--dry-run", file);
	RUN_WELL(&w, "import", "--database", db, file);
	expect_says(RUN_WELL(&w, "token", "list", "--database", db)->out,
		    "auditor");
	RUN_WELL(&w, "token", "rotate", "--database", db, w.later.auditor_id);
	RUN_WELL(&w, "backup", "--database", db, copy);
	expect_verified(w.t, copy);
	ck_assert_str_eq(later_stored(w.t, copy, LATER_KIND, LATER_KEY),
			 LATER_TEXT);
	RUN_WELL(&w, "restore", "--database", db, copy);
	toggled_start(w.t, NULL);
	close_world(&w);
}
END_TEST

static bool
is_pruned(void *ctx)
{
	return strstr(toggled_log(ctx), "history pruned") != NULL;
}

/* Its changes are old enough; the older of the two versions goes. */
START_TEST(test_history_when_pruned_then_later_kinds_are_too)
{
	struct world w = open_world();

	by_admin(&w, "PATCH", KILL, "{\"description\":\"why\"}", 200);
	toggled_hang_up(w.t);
	ck_assert_int_eq(toggled_stop(w.t, SIGTERM), 0);
	TOGGLED_START(w.t, "--history-days", "1");
	ck_assert(wait_until(is_pruned, w.t, SOON_MS));
	read_json(&w, KILL);
	close_world(&w);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_test(
	    tc,
	    test_store_when_of_a_later_release_then_what_is_known_is_served);
	tcase_add_test(tc,
		       test_token_when_of_an_unknown_role_then_it_may_nothing);
	tcase_add_test(tc, test_token_when_rotated_then_role_and_members_stay);
	tcase_add_test(tc, test_write_when_members_are_unknown_then_kept);
	tcase_add_test(tc,
		       test_write_when_it_brings_unknown_members_then_refused);
	tcase_add_test(
	    tc, test_rollback_when_over_later_changes_then_nothing_is_lost);
	tcase_add_test(tc, test_commands_when_on_a_later_store_then_they_work);
	tcase_add_test(tc, test_history_when_pruned_then_later_kinds_are_too);
}

int
main(void)
{
	return scene_main("later", add);
}
