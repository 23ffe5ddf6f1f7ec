/* The table of options, the command line, the configuration file. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../src/daemon/input.h"
#include "../../src/daemon/option_table.h"
#include "scratch.h"

#define ARGV(...) ((const char *const[]){ __VA_ARGS__, NULL })

static struct options *
parse(const char *const *argv, struct error *err)
{
	struct options *options = options_new(FOR_SERVE);

	error_init(err);
	if (options_take_arguments(options, argv, err) == STATUS_OK)
		return options;
	options_free(options);
	return NULL;
}

START_TEST(test_defaults_when_nothing_is_said_then_loopback_and_auto)
{
	struct error err;
	struct options *o = parse(ARGV(NULL), &err);

	ck_assert_uint_eq(o->listen.count, 1);
	ck_assert_str_eq(o->listen.items[0], "127.0.0.1:8016");
	ck_assert_str_eq(o->database, "./toggled.db");
	ck_assert_uint_eq(o->header_timeout_ms, 10000);
	ck_assert_uint_eq(o->body_timeout_ms, 60000);
	ck_assert_uint_eq(o->write_timeout_ms, 30000);
	ck_assert_int_eq(o->parking, PARKING_AUTO);
	ck_assert_int_eq(o->log_level, LOG_INFO);
	ck_assert_int_eq(o->log_format, LOG_TEXT);
	ck_assert(!o->access_log);
	ck_assert_int_eq(options_source(o, "listen"), SOURCE_DEFAULT);
	options_free(o);
}
END_TEST

START_TEST(test_arguments_when_both_forms_are_used_then_both_are_read)
{
	struct error err;
	struct options *o =
	    parse(ARGV("--listen", ":0", "--listen=unix:/x", "--access-log",
		       "--descriptor-tables=no", "--idle-timeout=500ms",
		       "--log-level", "debug", "--parking=suspended", "--",
		       "--operand"),
		  &err);

	ck_assert_ptr_nonnull(o);
	ck_assert_uint_eq(o->listen.count, 2);
	ck_assert_str_eq(o->listen.items[0], ":0");
	ck_assert_str_eq(o->listen.items[1], "unix:/x");
	ck_assert(o->access_log);
	ck_assert(!o->descriptor_tables);
	ck_assert_uint_eq(o->idle_timeout_ms, 500);
	ck_assert_int_eq(o->log_level, LOG_DEBUG);
	ck_assert_int_eq(o->parking, PARKING_SUSPENDED);
	ck_assert_uint_eq(o->operands.count, 1);
	ck_assert_str_eq(o->operands.items[0], "--operand");
	options_free(o);
}
END_TEST

static const struct {
	const char *argument;
	const char *says;
} bad_arguments[] = {
	{ "--lisen=:1", "did you mean 'listen'?" },
	{ "--nothing-like-it", "unknown option 'nothing-like-it'" },
	{ "-x", "unknown option 'x'" },
	{ "--listen", "--listen wants ADDRESS" },
	{ "--listen=8016", "allowed is ADDR:PORT" },
	{ "--database=", "database must not be empty" },
	{ "--database=a\nb", "control characters" },
	{ "--loops=257", "allowed is a number from 0 to 256" },
	{ "--loops=-1", "allowed is a number from 0 to 256" },
	{ "--loops=1x", "allowed is a number" },
	{ "--loops=99999999999999999999999", "allowed is a number" },
	{ "--mailbox=0", "from 1 to" },
	{ "--idle-timeout=1h", "such as 10s or 500ms" },
	{ "--idle-timeout=0", "such as 10s or 500ms" },
	{ "--idle-timeout=3601", "such as 10s or 500ms" },
	{ "--idle-timeout=18446744073709551615m", "such as 10s" },
	{ "--access-log=maybe", "allowed is yes or no" },
	{ "--log-level=loud", "one of: error, warn, info, debug" },
	{ "--log-format=xml", "one of: text, json" },
	{ "--parking=out", "one of: auto, suspended" },
	{ "--dry-run", "unknown option 'dry-run'" },
};

START_TEST(test_arguments_when_one_is_wrong_then_it_says_what_is_allowed)
{
	struct error err;

	ck_assert_ptr_null(parse(ARGV(bad_arguments[_i].argument), &err));
	ck_assert_int_eq(err.code, STATUS_INVALID);
	ck_assert_msg(strstr(err.text, bad_arguments[_i].says) != NULL, "%s",
		      err.text);
}
END_TEST

static enum status
take_config(struct options *options, const char *text, struct error *err)
{
	error_init(err);
	return config_parse(options, "f", text, strlen(text), err);
}

START_TEST(test_config_when_good_then_values_and_repeats_are_taken)
{
	struct options *o = options_new(FOR_SERVE);
	struct error err;

	ck_assert_int_eq(take_config(o,
				     "# comment\n\n"
				     "  listen =:1 # one\r\n"
				     "listen= [::1]:2\n"
				     "database = /a#b c\t\n"
				     "access-log = yes",
				     &err),
			 STATUS_OK);
	ck_assert_uint_eq(o->listen.count, 2);
	ck_assert_str_eq(o->listen.items[0], ":1");
	ck_assert_str_eq(o->listen.items[1], "[::1]:2");
	ck_assert_str_eq(o->database, "/a#b c");
	ck_assert(o->access_log);
	ck_assert_int_eq(options_source(o, "database"), SOURCE_FILE);
	options_free(o);
}
END_TEST

static const struct {
	const char *text;
	const char *says;
} bad_configs[] = {
	{ "\nlog-levl = info", "f:2: unknown option 'log-levl', did you mean "
			       "'log-level'?" },
	{ "config = x", "f:1: unknown option 'config'" },
	{ "help = yes", "f:1: unknown option 'help'" },
	{ "listen", "f:1: 'listen' is no setting, allowed is: name = value" },
	{ "= x", "f:1: unknown option ''" },
	{ "loops = 1\n#\nloops = 2",
	  "f:3: loops is set a second time, first on "
	  "line 1" },
	{ "database =", "f:1: database must not be empty" },
	{ "database = # none", "f:1: database must not be empty" },
	{ "log-level = loud", "f:1: log-level is 'loud', allowed is one of" },
	{ "access-log", "f:1: 'access-log' is no setting" },
};

START_TEST(test_config_when_wrong_then_file_and_line_are_named)
{
	struct options *o = options_new(FOR_SERVE);
	struct error err;

	ck_assert_int_eq(take_config(o, bad_configs[_i].text, &err),
			 STATUS_INVALID);
	ck_assert_msg(strncmp(err.text, bad_configs[_i].says,
			      strlen(bad_configs[_i].says)) == 0,
		      "%s", err.text);
	options_free(o);
}
END_TEST

START_TEST(test_config_when_it_holds_nul_then_refused)
{
	struct options *o = options_new(FOR_SERVE);
	struct error err;

	error_init(&err);
	ck_assert_int_eq(config_parse(o, "f", "loops = 1\0\n", 11, &err),
			 STATUS_INVALID);
	options_free(o);
}
END_TEST

static void
count_cb(void *ctx, const struct option *option)
{
	const char **name = ctx;

	ck_assert_ptr_null(*name);
	*name = option_name(option);
}

START_TEST(test_file_when_line_says_otherwise_then_line_wins)
{
	char path[] = "/tmp/toggled-options-XXXXXX";
	char argument[64];
	struct error err;
	struct options *o;
	struct options *again = NULL;
	const char *differs = NULL;
	FILE *f = fdopen(mkstemp(path), "w");

	fputs("listen = :1\nlisten = :2\nloops = 3\ngroup = 7\n", f);
	fclose(f);
	snprintf(argument, sizeof(argument), "--config=%s", path);
	o = parse(ARGV("--listen=:3", argument, "--loops=4", "--listen=:5"),
		  &err);
	ck_assert_int_eq(options_take_file(o, &err), STATUS_OK);
	ck_assert_uint_eq(o->listen.count, 2);
	ck_assert_str_eq(o->listen.items[0], ":3");
	ck_assert_str_eq(o->listen.items[1], ":5");
	ck_assert_uint_eq(o->loops, 4);
	ck_assert_uint_eq(o->group, 7);

	f = fopen(path, "we");
	fputs("group = 8\nloops = 9\n", f);
	fclose(f);
	ck_assert_int_eq(options_again(o, &again, &err), STATUS_OK);
	options_differ(o, again, count_cb, &differs);
	ck_assert_str_eq(differs, "group");
	ck_assert_uint_eq(again->group, 8);
	options_free(again);

	remove(path);
	ck_assert_int_eq(options_again(o, &again, &err), STATUS_IO);
	options_free(o);
}
END_TEST

static void
put(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

/* In the order of their names; what a later one says takes the place of what
 * was said before, all of a name that repeats. */
START_TEST(test_file_when_drop_ins_stand_beside_it_then_later_ones_win)
{
	char directory[64];
	char database[96];
	char path[160];
	char argument[192];
	struct error err;
	struct options *o;
	struct options *again = NULL;

	scratch_open(directory, database);
	snprintf(path, sizeof(path), "%s/c.d", directory);
	ck_assert_int_eq(mkdir(path, 0700), 0);
#define PUT(name, text)                                                        \
	(snprintf(path, sizeof(path), "%s/%s", directory, name),               \
	 put(path, text))
	PUT("c", "listen = :1\nlisten = :2\nloops = 3\ngroup = 7\n");
	PUT("c.d/9.conf", "mailbox = 9\n");
	PUT("c.d/10.conf", "mailbox = 10\nlisten = :3\nlisten = :4\n");
	PUT("c.d/20.conf", "group = 20\n");
	PUT("c.d/.conf", "group = 1\n");
	PUT("c.d/.30.conf", "no setting");
	PUT("c.d/30.conf.dpkg-dist", "no setting");
	snprintf(argument, sizeof(argument), "--config=%s/c", directory);
	o = parse(ARGV(argument, "--loops=4"), &err);
	ck_assert_int_eq(options_take_file(o, &err), STATUS_OK);
	ck_assert_uint_eq(o->listen.count, 2);
	ck_assert_str_eq(o->listen.items[0], ":3");
	ck_assert_str_eq(o->listen.items[1], ":4");
	ck_assert_uint_eq(o->loops, 4);
	ck_assert_uint_eq(o->group, 20);
	ck_assert_uint_eq(o->mailbox, 9); /* "9" is behind "10" */

	/* One that is wrong is named, also when they are read again. */
	PUT("c.d/20.conf", "group = 20\ngroup = 21\n");
	error_init(&err);
	ck_assert_int_eq(options_again(o, &again, &err), STATUS_INVALID);
	ck_assert_msg(strstr(err.text, "/c.d/20.conf:2: ") != NULL, "%s",
		      err.text);
	PUT("c.d/20.conf", "");
	ck_assert_int_eq(options_again(o, &again, &err), STATUS_OK);
	ck_assert_uint_eq(again->group, 7);
	options_free(again);

	/* A link that leads nowhere is no file that may be passed over. */
	snprintf(path, sizeof(path), "%s/c.d/40.conf", directory);
	ck_assert_int_eq(symlink("nowhere", path), 0);
	error_init(&err);
	ck_assert_int_eq(options_again(o, &again, &err), STATUS_IO);
	options_free(o);
#undef PUT
	snprintf(path, sizeof(path), "%s/c.d", directory);
	scratch_close(path);
	scratch_close(directory);
}
END_TEST

/* Every option stands in the manual, those of the file also in the commented
 * configuration, with its default. */
START_TEST(test_table_when_documented_then_every_row_is_there)
{
	struct bytes conf;
	struct bytes manual;
	struct error err;

	error_init(&err);
	bytes_init(&conf);
	bytes_init(&manual);
	ck_assert_int_eq(input_read("conf/toggled.conf", 1 << 20, &conf, &err),
			 STATUS_OK);
	ck_assert_int_eq(
	    input_read("docs/man/toggled.conf.5", 1 << 20, &manual, &err),
	    STATUS_OK);
	ck_assert_int_eq(
	    input_read("docs/man/toggled.8", 1 << 20, &manual, &err),
	    STATUS_OK);
	for (const struct option *o = option_table; o->name; o++) {
		char line[256];

		snprintf(line, sizeof(line),
			 o->flags & OPTION_IN_FILE ? ".It Cm %s" : "Fl Fl %s",
			 o->name);
		ck_assert_msg(strstr(manual.data, line) != NULL,
			      "docs/man lacks '%s'", line);
		if (!(o->flags & OPTION_IN_FILE))
			continue;
		snprintf(line, sizeof(line), "\n#%s = %s%s", o->name,
			 o->initial ? o->initial : "", o->initial ? "\n" : "");
		ck_assert_msg(strstr(conf.data, line) != NULL,
			      "conf/toggled.conf lacks '%s'", line);
	}
	bytes_fini(&conf);
	bytes_fini(&manual);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("daemon options");
	TCase *tc = tcase_create("options");
	SRunner *runner;
	int failed;

	tcase_add_test(
	    tc, test_defaults_when_nothing_is_said_then_loopback_and_auto);
	tcase_add_test(
	    tc, test_arguments_when_both_forms_are_used_then_both_are_read);
	tcase_add_loop_test(
	    tc, test_arguments_when_one_is_wrong_then_it_says_what_is_allowed,
	    0, (int)(sizeof(bad_arguments) / sizeof(*bad_arguments)));
	tcase_add_test(tc,
		       test_config_when_good_then_values_and_repeats_are_taken);
	tcase_add_loop_test(
	    tc, test_config_when_wrong_then_file_and_line_are_named, 0,
	    (int)(sizeof(bad_configs) / sizeof(*bad_configs)));
	tcase_add_test(tc, test_config_when_it_holds_nul_then_refused);
	tcase_add_test(tc, test_file_when_line_says_otherwise_then_line_wins);
	tcase_add_test(
	    tc, test_file_when_drop_ins_stand_beside_it_then_later_ones_win);
	tcase_add_test(tc, test_table_when_documented_then_every_row_is_there);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
