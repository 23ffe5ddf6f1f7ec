/*
 * The commands of the program, a table in main.c: `toggled NAME …`. To add one:
 * a bit in options.h, a file command_<name>.c, a row in main.c, a section in
 * docs/man/toggled.8.
 */
#ifndef SRC_DAEMON_COMMAND_H
#define SRC_DAEMON_COMMAND_H

#include <stddef.h>

#include "base/attr.h"
#include "base/error.h"
#include "options.h"

struct command {
	const char *name; /* NULL ends the table */
	enum command_bit bit;
	const char *operands; /* as --help shows them */
	size_t operands_least;
	size_t operands_most;
	const char *summary;
	/* NULL: print the help, of the command that the operand names. */
	enum status (*run)(const struct options *options, struct error *err);
	/* (What it has done but for a part, which it has named, fails with an
	 * error that is empty.) */
	/* What can be wrong with the command line beyond single options and
	 * the number of operands; NULL: nothing. Called before `run`. */
	enum status (*check)(const struct options *options, struct error *err);
};

/* How a command ends. What it was told is wrong, by the command line or by the
 * configuration, is 2 for whoever started it: trying again does not help
 * (RestartPreventExitStatus= in the unit). Whatever may be otherwise at the
 * next start, a file, the disk, a port, a certificate, is a failure, and 1. */
enum {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_PART = 3,     /* done but for what it has named */
	EXIT_SETTINGS = 4, /* to be told as EXIT_USAGE */
};

/* Run what `argv` (behind the program's name, ending with NULL) asks for and
 * report its failure on stderr. The exit status of the process. */
int command_main(const struct command *commands, const char *const *argv);

enum status command_import_check(const struct options *options,
				 struct error *err);
enum status command_restore_check(const struct options *options,
				  struct error *err);
enum status command_token_check(const struct options *options,
				struct error *err);

enum status command_check(const struct options *options, struct error *err);
enum status command_import(const struct options *options, struct error *err);
enum status command_export_check(const struct options *options,
				 struct error *err);
enum status command_export(const struct options *options, struct error *err);
enum status command_backup(const struct options *options, struct error *err);
enum status command_verify_check(const struct options *options,
				 struct error *err) MUST_CHECK;
enum status command_verify(const struct options *options, struct error *err);
enum status command_restore(const struct options *options, struct error *err);
enum status command_token(const struct options *options, struct error *err);
enum status command_version(const struct options *options, struct error *err);

#endif
