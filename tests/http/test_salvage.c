/*
 * One bad page in a database of 20,000 toggles: what does not lie on it is got
 * back, what does is named.
 */
#include <check.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "harness.h"
#include "scene.h"

enum { TOGGLES = 20000, PAGE_BYTES = 4096, SAMPLES = 10 };

/* Two versions of each, so that pages hold what is not in force any more. */
static void
fill(struct toggled *t)
{
	for (int round = 0; round < 2; round++) {
		const struct run *run;
		struct bytes text;

		bytes_init(&text);
		bytes_append_str(&text,
				 "{\"segments\":{\"staff\":{\"==\":[1,1]}},"
				 "\"toggles\":{");
		for (int i = 0; i < TOGGLES; i++)
			bytes_printf(&text,
				     "%s\"toggle-%05d\":{\"state\":\"ENABLED\","
				     "\"variants\":{\"on\":true,\"off\":false},"
				     "\"defaultVariant\":\"%s\","
				     "\"description\":\"the %dth of them\"}",
				     i > 0 ? "," : "", i,
				     round == 0 ? "on" : "off", i);
		bytes_append_str(&text, "}}");
		toggled_write(t, "in.json", text.data);
		bytes_fini(&text);
		run = TOGGLED_RUN(t, "import", "--database", t->database,
				  "in.json");
		ck_assert_msg(run->status == 0, "%s", run->err);
	}
}

static void
damage(const char *path, long page, int with)
{
	char bytes[PAGE_BYTES];
	const int fd = open(path, O_WRONLY | O_CLOEXEC);

	memset(bytes, with, sizeof(bytes));
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, bytes, sizeof(bytes), page * PAGE_BYTES),
			 PAGE_BYTES);
	close(fd);
}

static void
copy(const char *from, const char *to)
{
	char command[2 * PATH_MAX];

	(void)snprintf(command, sizeof(command), "cp '%s' '%s'", from, to);
	ck_assert_int_eq(system(command), 0);
}

/* How many toggles are in the file; each as it was written last. */
static int
count_toggles(struct toggled *t, const char *path)
{
	json_t *document = json_load_file(path, 0, NULL);
	json_t *toggles = json_object_get(document, "toggles");
	const char *key;
	json_t *toggle;
	int count = 0;

	(void)t;
	ck_assert_ptr_nonnull(document);
	json_object_foreach(toggles, key, toggle)
	{
		count++;
		ck_assert_str_eq(json_string_value(
				     json_object_get(toggle, "defaultVariant")),
				 "off");
	}
	json_decref(document);
	return count;
}

static int
count_lost(const char *text)
{
	int count = 0;

	for (text = strstr(text, ": toggle 'toggle-"); text != NULL;
	     text = strstr(text + 1, ": toggle 'toggle-"))
		count++;
	return count;
}

START_TEST(test_export_when_one_page_is_bad_then_all_but_what_lies_on_it)
{
	struct toggled *t = toggled_new();
	const char *bad = toggled_path(t, "bad.db");
	const char *out = toggled_path(t, "out.json");
	const struct run *run;
	struct stat st;
	int partial = 0;
	int named = 0;
	long pages;

	fill(t);
	ck_assert_int_eq(stat(t->database, &st), 0);
	pages = (long)st.st_size / PAGE_BYTES;
	for (int i = 0; i < SAMPLES; i++) {
		/* Not the same ones with either kind of damage. */
		const long page =
		    1 + (pages - 2) * (2 * i + _i) / (2 * SAMPLES);
		int found;

		copy(t->database, bad);
		damage(bad, page, _i == 0 ? 0xa5 : 0);
		run = TOGGLED_RUN(t, "export", "--salvage", "--database", bad,
				  out);
		ck_assert_msg(run->status == 0 || run->status == 3,
			      "page %ld: %d: %s", page, run->status, run->err);
		found = count_toggles(t, out);
		ck_assert_msg(found + count_lost(run->err) == TOGGLES,
			      "page %ld: %d found, %d named: %.2000s", page,
			      found, count_lost(run->err), run->err);
		if (run->status == 3) {
			partial++;
			expect_says(run->err, bad);
			run = TOGGLED_RUN(t, "export", "--database", bad, "x");
			/* What is lost may be of the past. */
			ck_assert(run->status == 1 || found == TOGGLES);
			if (run->status == 1)
				expect_says(run->err, bad);
			named += strstr(run->err, "toggle 'toggle-") != NULL &&
				 strstr(run->err, "revision") != NULL;
		} else {
			ck_assert_int_eq(found, TOGGLES);
		}
	}
	ck_assert_int_gt(partial, 0);
	ck_assert_int_gt(named, 0);
	/* And back in, in the place of the damaged one. */
	ck_assert_int_eq(rename(t->database, toggled_path(t, "toggled.db.bad")),
			 0);
	run = TOGGLED_RUN(t, "import", "--create", "--database", t->database,
			  out);
	ck_assert_msg(run->status == 0, "%s", run->err);
	toggled_start(t, NULL);
	ask(t, "GET", "/v1/envs/default/toggles/toggle-00000", NULL, 200);
	toggled_free(t);
}
END_TEST

START_TEST(test_export_when_all_is_well_then_salvage_is_whole)
{
	struct toggled *t = toggled_new();
	const struct run *run;
	const char *out = toggled_path(t, "out.json");

	fill(t);
	run = TOGGLED_RUN(t, "export", "--salvage", "--database", t->database,
			  out);
	ck_assert_msg(run->status == 0, "%s", run->err);
	ck_assert_int_eq(count_toggles(t, out), TOGGLES);
	/* Its first page says what it is. */
	damage(t->database, 0, 0xa5);
	run = TOGGLED_RUN(t, "export", "--salvage", "--database", t->database,
			  out);
	ck_assert_int_eq(run->status, 1);
	expect_says(run->err, t->database);
	expect_says(run->err, "no database, or its head is damaged");
	toggled_free(t);
}
END_TEST

static const struct {
	const char *args[6];
	const char *says;
} faults[] = {
	{ { "export", "--salvage" }, "--database FILE" },
	{ { "export", "--salvage", "--database=a.db", "--format=flagd" },
	  "the format toggled" },
};

START_TEST(test_salvage_when_it_cannot_be_meant_then_sentence)
{
	struct toggled *t = toggled_new();
	const struct run *run = toggled_run(t, faults[_i].args);

	ck_assert_int_eq(run->status, 2);
	expect_says(run->err, faults[_i].says);
	toggled_free(t);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_loop_test(
	    tc, test_export_when_one_page_is_bad_then_all_but_what_lies_on_it,
	    0, 2);
	tcase_add_test(tc, test_export_when_all_is_well_then_salvage_is_whole);
	tcase_add_loop_test(tc,
			    test_salvage_when_it_cannot_be_meant_then_sentence,
			    0, (int)(sizeof(faults) / sizeof(faults[0])));
}

int
main(void)
{
	return scene_main("salvage", add);
}
