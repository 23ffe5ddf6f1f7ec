/* What the commands read and write: files, pipes, and the standard streams. */
#include <check.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "harness.h"

static const char one[] = "{\"flags\":{\"a\":{\"variants\":{\"on\":true},"
			  "\"defaultVariant\":\"on\"}}}";

static void
has(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "no '%s' in: %s", part, text);
}

/* With one toggle in its database, and no server. */
static struct toggled *
setting(void)
{
	struct toggled *t = toggled_new();
	const struct run *run;

	toggled_write(t, "one.json", one);
	run = TOGGLED_RUN(t, "import", "--database", "d.db", "one.json");
	ck_assert_msg(run->status == 0, "%s", run->err);
	return t;
}

/* Run a script in the test's directory; `toggled` is the program in it. */
static const struct run *
shell(struct toggled *t, const char *script)
{
	const char *text = toggled_text(t, "toggled() { '%s' \"$@\"; }\n%s",
					t->binary, script);
	const struct run *run;
	char binary[PATH_MAX];

	snprintf(binary, sizeof(binary), "%s", t->binary);
	snprintf(t->binary, sizeof(t->binary), "/bin/sh");
	run = TOGGLED_RUN(t, "-c", text);
	snprintf(t->binary, sizeof(t->binary), "%s", binary);
	return run;
}

static const struct {
	const char *script;
	int status;
	const char *out;
	const char *err;
} scripts[] = {
	/* What is no file is written to, and nothing takes its place. */
	{ "mkfifo p; exec 3<>p; toggled export --database d.db p; "
	  "test -p p && head -c 14 <&3",
	  0, "{\"environment\"", "" },
	{ "mkfifo p; toggled backup --database d.db p; test -p p && "
	  "echo still",
	  0, "still", "'p' is none" },
	{ "toggled backup --database d.db -", 1, "", "'-' is none" },
	{ "toggled export --database d.db .", 1, "", "cannot open .: Is a" },
	/* A link stays one. */
	{ "echo old >real; ln -s real link; "
	  "toggled export --database d.db link; test -L link && cat real",
	  0, "{\"environment\"", "" },
	{ "echo old >real; ln -s real link; "
	  "toggled backup --database d.db link; "
	  "test -L link && toggled verify --database real",
	  0, "real is whole", "" },
	/* A secret that was not written is no success. */
	{ "toggled token create --role admin --name a --database d.db "
	  ">/dev/full",
	  1, "", "cannot write stdout: No space" },
	{ "toggled token create --role admin --name a --database d.db >&-", 1,
	  "", "cannot write stdout: Bad file" },
	{ "toggled version >&-", 1, "", "cannot write stdout" },
	{ "toggled help >/dev/full", 1, "", "cannot write stdout" },
	/* Nothing that is opened takes the place of a stream. */
	{ "toggled import --database d.db - <&-", 1, "", "-: Bad file" },
	{ "toggled verify --database d.db <&- 2>&-", 0, "d.db is whole", "" },
	/* The mark that editors put in front. */
	{ "printf '\\357\\273\\277loops = 1\\n' >c; toggled check --config c",
	  0, "the configuration is good", "" },
	{ "{ printf '\\357\\273\\277'; cat one.json; } | "
	  "toggled import --database d.db -",
	  0, "0 toggles", "" },
	/* A server that does not start says what helps, and no SQL. */
	{ "ulimit -n 14; toggled serve --listen 127.0.0.1:0 --loops 2 "
	  "--database d.db",
	  1, "", "LimitNOFILE=" },
	{ "toggled serve --listen 192.0.2.1:8016 --database d.db", 1, "",
	  "`ip address` shows" },
	{ "toggled serve --listen unix:/no/such/socket --database d.db", 1, "",
	  "make the directory of the socket" },
	{ "toggled serve --listen 127.0.0.1:0 --database no/such/x.db", 1, "",
	  "make the directory of the database" },
	{ "printf 'SQLite format 3\\0%4096s' x >junk.db; toggled serve "
	  "--listen 127.0.0.1:0 --database junk.db 2>&1 | grep -c -e PRAGMA "
	  "-e SELECT; true",
	  0, "0", "" },
	/* Commands that take the database of a file. */
	{ "echo 'database = d.db' >c; toggled verify --config c", 0,
	  "d.db is whole", "" },
	{ "echo 'database = n.db' >c; toggled restore d.db --config c", 0,
	  "restored d.db to n.db", "" },
};

START_TEST(test_file_when_read_or_written_then_as_it_should)
{
	struct toggled *t = setting();
	const struct run *run = shell(t, scripts[_i].script);

	ck_assert_msg(run->status == scripts[_i].status, "%d: %s%s",
		      run->status, run->out, run->err);
	has(run->out, scripts[_i].out);
	has(run->err, scripts[_i].err);
	toggled_free(t);
}
END_TEST

static const char *const holders[][6] = {
	{ "import", "--database", NULL, "one.json" },
	{ "export", "--database", NULL },
	{ "token", "list", "--database", NULL },
};

START_TEST(test_database_when_served_then_command_says_what_to_do)
{
	struct toggled *t = setting();
	const char *args[6] = { NULL };
	const struct run *run;

	toggled_start(t, NULL);
	for (size_t i = 0; i < 4; i++)
		args[i] = holders[_i][i];
	args[_i == 2 ? 3 : 2] = t->database;
	run = toggled_run(t, args);
	ck_assert_int_eq(run->status, 1);
	has(run->err, "another process holds it");
	has(run->err, "leave --database out");
	toggled_free(t);
}
END_TEST

/* The server would go on with a file that has no name any more. */
START_TEST(test_output_when_it_is_the_served_database_then_refused)
{
	static const char *const commands[] = { "backup", "export" };
	struct toggled *t = toggled_new();
	const struct run *run;

	toggled_start(t, NULL);
	run = TOGGLED_RUN(t, commands[_i], "--server",
			  toggled_text(t, "http://127.0.0.1:%d", t->port),
			  t->database);
	ck_assert_int_eq(run->status, 1);
	has(run->err, "a toggled that runs holds it");
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	run = TOGGLED_RUN(t, "verify", "--database", t->database);
	ck_assert_msg(run->status == 0, "%s", run->err);
	toggled_free(t);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof(*(table))))

int
main(void)
{
	Suite *suite = suite_create("files");
	TCase *tc = tcase_create("files");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc,
			    test_file_when_read_or_written_then_as_it_should, 0,
			    COUNT(scripts));
	tcase_add_loop_test(
	    tc, test_database_when_served_then_command_says_what_to_do, 0,
	    COUNT(holders));
	tcase_add_loop_test(
	    tc, test_output_when_it_is_the_served_database_then_refused, 0, 2);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
