#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "model/credential.h"
#include "sockets.h"
#include "wire/json.h"

static const struct command *
find(const struct command *commands, const char *name)
{
	for (; commands->name; commands++) {
		if (strcmp(commands->name, name) == 0)
			return commands;
	}
	return NULL;
}

static enum status
unknown(const struct command *commands, const char *name, struct error *err)
{
	const char **names;
	const char *hint;
	size_t n = 0;

	while (commands[n].name)
		n++;
	names = mem_zalloc(n + 1, sizeof(*names));
	for (size_t i = 0; i < n; i++)
		names[i] = commands[i].name;
	hint = json_hint(names, name, strlen(name));
	free(names);
	return error_set(err, STATUS_INVALID, "unknown command '%s'%s%s%s",
			 name, hint ? ", did you mean '" : "", hint ? hint : "",
			 hint ? "'?" : "");
}

static void
print_overview(const struct command *commands)
{
	printf("Usage: toggled COMMAND [OPTION...]\n\n"
	       "A feature-toggle server.\n\nCommands:\n");
	for (; commands->name; commands++)
		printf("  %-9s %s\n", commands->name, commands->summary);
	printf("\n`toggled COMMAND --help` lists the options of a command.\n");
}

static void
print_command(const struct command *command)
{
	printf("Usage: toggled %s [OPTION...]%s%s\n\n%s\n\nOptions:\n",
	       command->name, *command->operands ? " " : "", command->operands,
	       command->summary);
	options_print(command->bit);
}

static enum status
help(const struct command *commands, const struct options *options,
     struct error *err)
{
	const struct command *command;

	if (options->operands.count == 0) {
		print_overview(commands);
		return STATUS_OK;
	}
	command = find(commands, options->operands.items[0]);
	if (!command)
		return unknown(commands, options->operands.items[0], err);
	print_command(command);
	return STATUS_OK;
}

static enum status
check_operands(const struct command *command, const struct options *options,
	       struct error *err)
{
	size_t n = options->operands.count;

	if (n < command->operands_least)
		return error_set(err, STATUS_INVALID, "%s wants %s",
				 command->name, command->operands);
	if (n > command->operands_most)
		return error_set(
		    err, STATUS_INVALID, "%s does not take '%s'", command->name,
		    options->operands.items[command->operands_most]);
	return STATUS_OK;
}

static void
report(const struct error *err)
{
	size_t shown = err->place_count < ERROR_PLACES_MAX ? err->place_count
							   : ERROR_PLACES_MAX;

	fprintf(stderr, "%stoggled: %s\n",
		log_is_journal(STDERR_FILENO) ? "<3>" : "", err->text);
	/* The text is of the first place, mostly. */
	if (err->place_count == 1 && strstr(err->text, err->places[0].detail))
		return;
	for (size_t i = 0; i < shown; i++)
		fprintf(stderr, "  %s: %s\n",
			err->places[i].pointer[0] ? err->places[i].pointer
						  : "/",
			err->places[i].detail);
	if (err->place_count > shown)
		fprintf(stderr, "  and %zu more\n", err->place_count - shown);
}

/* A server's log is read by programs, also where it says why there is none. */
static void
report_line(const struct error *err)
{
	struct log *log = log_new(STDERR_FILENO, LOG_ERROR, LOG_JSON);

	log_set_mask(log, credential_mask);
	log_to(log, LOG_ERROR, "cannot start", LOG_S("error", err->text));
	log_free(log);
}

static int
run(const struct command *commands, const struct command *command,
    const char *const *argv, struct error *err)
{
	struct options *options = options_new(command->bit);
	int status = EXIT_USAGE;
	bool is_line = false;

	if (options_take_arguments(options, argv, err))
		goto out;
	if (options->help) {
		print_command(command);
		status = EXIT_OK;
		goto out;
	}
	if (check_operands(command, options, err))
		goto out;
	if (!command->run) {
		status = help(commands, options, err) ? EXIT_USAGE : EXIT_OK;
		goto out;
	}
	if (options_take_file(options, err)) {
		status =
		    err->code == STATUS_INVALID ? EXIT_SETTINGS : EXIT_FAILED;
		goto out;
	}
	is_line =
	    command->bit == FOR_SERVE && options->log_format == (int)LOG_JSON;
	status = options->config ? EXIT_SETTINGS : EXIT_USAGE;
	if (command->check && command->check(options, err))
		goto out;
	status = EXIT_SETTINGS;
	if (command->bit == FOR_SERVE && sockets_take(options, err))
		goto out;
	status = EXIT_FAILED;
	if (command->run(options, err)) {
		if (err->code == STATUS_OK)
			status = EXIT_PART;
		goto out;
	}
	status = EXIT_OK;
out:
	if (is_line && err->code != STATUS_OK) {
		report_line(err);
		error_init(err);
	}
	options_free(options);
	return status;
}

/*
 * A descriptor 0, 1 or 2 that the parent closed would go to the next file or
 * socket that is opened, and what is printed would land there. So each is
 * taken, in the wrong direction: using it fails as if it were closed.
 */
static bool
hold_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null",
			 fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return false;
	}
	return true;
}

/* What a command printed has to have arrived: it may be the only copy of a new
 * token. */
static int
end_output(int status)
{
	bool is_lost = ferror(stdout) != 0;

	if (fflush(stdout) == 0 && !is_lost)
		return status;
	fprintf(stderr, "toggled: cannot write stdout: %s\n", strerror(errno));
	return status == EXIT_OK ? EXIT_FAILED : status;
}

int
command_main(const struct command *commands, const char *const *argv)
{
	const char *name = argv[0];
	const struct command *command;
	struct error err;
	int status = EXIT_USAGE;

	if (!hold_standard_descriptors())
		return EXIT_FAILED;
	error_init(&err);
	if (!name) {
		error_set(&err, STATUS_INVALID, "no command");
	} else {
		if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
			name = "help";
		if (strcmp(name, "--version") == 0)
			name = "version";
		command = find(commands, name);
		if (command)
			status = run(commands, command, argv + 1, &err);
		else
			unknown(commands, name, &err);
	}
	if (err.code != STATUS_OK)
		report(&err);
	if (status == EXIT_USAGE)
		fprintf(stderr, "`toggled help` says what there is.\n");
	return end_output(status == EXIT_SETTINGS ? EXIT_USAGE : status);
}
