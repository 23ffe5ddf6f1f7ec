/*
 * The recipes of docs/OPERATIONS.md, typed at night: at another toggle, in
 * another environment, twice, without the last line. On the example, as `make
 * run` serves it, nothing changes but the toggle that was named, and what the
 * recipe puts back is as it was. To add a slip: a row in `slips`.
 */
#include <check.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "doc.h"
#include "harness.h"
#include "scene.h"

static const char page[] = "docs/OPERATIONS.md";
static const char named[] = "new-checkout";
static const char environment[] = "envs/default";

static const struct {
	const char *from; /* NULL: typed as it stands */
	const char *to;
	const char *key; /* what may change; NULL: nothing */
	unsigned times;
	bool is_back; /* as it was, that too */
} slips[] = {
	{ NULL, NULL, named, 1, true },
	{ NULL, NULL, named, 2, true },
	{ named, "nope", NULL, 1, true },
	{ named, "accept-payments", "accept-payments", 1, true },
	/* With rules, and of other types: some have no variant `off`. */
	{ named, "offline-mode", "offline-mode", 1, true },
	{ named, "uploads-per-minute", "uploads-per-minute", 1, true },
	{ named, "http-client", "http-client", 1, true },
	{ environment, "envs/nope", NULL, 1, true },
	/* Who goes home before the end, and who does not look first. */
	{ "{\"serve\":null}", "{\"serve\":\"off\"}", named, 1, false },
	{ "?dryRun=true", "", named, 1, false },
	{ "-X PATCH", "-X PUT", named, 1, false },
};

/* What there is, as far as it does not move by itself. The caller's. */
static json_t *
world(struct toggled *t, const char *path, const char *member)
{
	json_t *answer = json_deep_copy(answer_json(toggled_get(t, path)));
	json_t *things = json_object_get(answer, member);
	json_t *thing;
	const char *key;

	ck_assert_msg(json_object_size(things) > 0, "%s has no %s", path,
		      member);
	json_incref(things);
	json_decref(answer);
	json_object_foreach(things, key, thing)
	{
		json_object_del(thing, "revision");
		json_object_del(thing, "updatedAt");
		json_object_del(thing, "updatedBy");
	}
	return things;
}

static void
compare(json_t *before, json_t *after, const char *but)
{
	json_t *thing;
	const char *key;

	json_object_foreach(before, key, thing)
	{
		json_t *now = json_object_get(after, key);

		if (but && strcmp(key, but) == 0)
			continue;
		ck_assert_msg(now && json_equal(thing, now), "%s: %s -> %s",
			      key, json_dumps(thing, 0),
			      now ? json_dumps(now, 0) : "gone");
	}
	json_object_foreach(after, key, thing)
	{
		ck_assert_msg(json_object_get(before, key) != NULL,
			      "%s came into being", key);
	}
}

/* Nor was it changed and put back. */
static void
check_history(struct toggled *t, json_int_t since, const char *key)
{
	struct answer *a = toggled_get(
	    t, toggled_text(t, "/v1/envs/default/history?limit=100"));
	json_t *changes = json_object_get(answer_json(a), "changes");
	json_t *change;
	json_t *toggle;
	const char *name;
	size_t i;

	json_array_foreach(changes, i, change)
	{
		if (json_int_at(change, "/revision") <= since)
			continue;
		json_object_foreach(json_object_get(change, "toggles"), name,
				    toggle)
		{
			ck_assert_msg(key && strcmp(name, key) == 0,
				      "%s was changed: %s", name,
				      json_dumps(change, 0));
		}
		ck_assert_uint_eq(
		    json_object_size(json_object_get(change, "segments")), 0);
	}
}

START_TEST(test_recipe_when_typed_at_night_then_nothing_else_changes)
{
	static const char all[] = "/v1/envs/default/changes";
	struct toggled *t = toggled_new();
	const char *copy =
	    toggled_write(t, "example", doc_read(t, "conf/example.json"));
	json_t *before[2];
	json_t *after[2];
	json_int_t since;

	ck_assert_int_eq(
	    TOGGLED_RUN(t, "import", "--database", t->database, copy)->status,
	    0);
	toggled_start(t, NULL);
	since = json_int_at(answer_json(toggled_get(t, all)), "/revision");
	before[0] = world(t, all, "toggles");
	before[1] = world(t, all, "segments");
	for (unsigned i = 0; i < slips[_i].times; i++)
		doc_type(t, page, slips[_i].from, slips[_i].to);
	after[0] = world(t, all, "toggles");
	after[1] = world(t, all, "segments");
	compare(before[0], after[0], slips[_i].is_back ? NULL : slips[_i].key);
	compare(before[1], after[1], NULL);
	check_history(t, since, slips[_i].key);
	ck_assert_int_eq(toggled_get(t, "/v1/envs/nope")->status, 404);
	for (int i = 0; i < 2; i++) {
		json_decref(before[i]);
		json_decref(after[i]);
	}
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_free(t);
}
END_TEST

/* The page's lines about tokens as one script. What is made first lets the
 * others in, and an ID is that of the last one made. */
static const char *
token_script(struct toggled *t)
{
	static const char begin[] = "\n    toggled token ";
	const char *script =
	    toggled_text(t,
			 "set -eu\ncd '%s'\ntoggled() { '%s' \"$@\" --server "
			 "%s; }\nunset TOGGLED_TOKEN\n",
			 t->dir, t->binary, t->url);
	const char *line = doc_read(t, page);

	for (;;) {
		const char *id;
		int length;

		line = strstr(line, begin);
		if (!line)
			break;
		line++;
		length = (int)strcspn(line, "\n");
		id = strstr(line, " ID");
		if (strncmp(line, "    toggled token create", 24) == 0)
			script = toggled_text(
			    t,
			    "%smade=$(%.*s\n)\n: ${TOGGLED_TOKEN:=$made}\n"
			    "export TOGGLED_TOKEN\n",
			    script, length, line);
		else if (id && id < line + length)
			script = toggled_text(
			    t, "%sID=${made#tgd_}\nID=${ID%%%%_*}\n%.*s $ID\n",
			    script, (int)(id - line), line);
		else
			script =
			    toggled_text(t, "%s%.*s\n", script, length, line);
	}
	return script;
}

START_TEST(test_tokens_when_typed_as_printed_then_they_are_made_and_ended)
{
	struct toggled *t = toggled_new();
	const char *log = toggled_path(t, "said");
	const char *script;
	const char *said;

	toggled_start(t, NULL);
	script = token_script(t);
	(void)toggled_write(t, "script", script);
	ck_assert_msg(system(toggled_text(t, "timeout 60 sh -x '%s' >'%s' 2>&1",
					  toggled_path(t, "script"), log)) == 0,
		      "%s\n%s", script, toggled_read(t, "said"));
	said = toggled_read(t, "said");
	/* What the list says, between the last one's making and its end. */
	ck_assert_ptr_nonnull(strstr(said, "  admin  "));
	ck_assert_ptr_nonnull(strstr(said, "  prometheus"));
	ck_assert_ptr_nonnull(strstr(said, "+ toggled token rotate "));
	ck_assert_ptr_nonnull(strstr(said, "+ toggled token revoke "));
	ck_assert_int_eq(toggled_get(t, "/v1/envs")->status, 401);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_free(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_set_timeout(tc, 90);
	tcase_add_loop_test(
	    tc, test_recipe_when_typed_at_night_then_nothing_else_changes, 0,
	    (int)(sizeof(slips) / sizeof(*slips)));
	tcase_add_test(
	    tc, test_tokens_when_typed_as_printed_then_they_are_made_and_ended);
}

int
main(void)
{
	return scene_main("recipes", add);
}
