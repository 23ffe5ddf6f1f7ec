/*
 * What the program was told: by the command line, by the configuration file, by
 * its defaults, in this order of weight. The table in option_table.c is the
 * only list of options: parser, file reader, --help and reload all read it.
 *
 * Ownership: options own every text they hold. Immutable after the two take
 * functions; used on the main thread.
 */
#ifndef SRC_DAEMON_OPTIONS_H
#define SRC_DAEMON_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/log.h"
#include "http/server.h"

/* The commands that take options, as bits. */
enum command_bit {
	FOR_SERVE = 1 << 0,
	FOR_CHECK = 1 << 1,
	FOR_IMPORT = 1 << 2,
	FOR_EXPORT = 1 << 3,
	FOR_BACKUP = 1 << 4,
	FOR_VERIFY = 1 << 5,
	FOR_VERSION = 1 << 6,
	FOR_HELP = 1 << 7,
	FOR_TOKEN = 1 << 8,
	FOR_RESTORE = 1 << 9,
};

/* Where a value came from; a later one wins. */
enum source { SOURCE_DEFAULT, SOURCE_FILE, SOURCE_LINE };

/* The form of an import or an export. */
enum document_form { FORM_TOGGLED, FORM_FLAGD };

struct texts {
	const char **items;
	size_t count;
};

struct setting;
struct option;

struct options {
	struct texts listen;
	const char *tls_certificate; /* NULL: none */
	const char *tls_key;
	const char *database;
	const char *state_dir; /* NULL: none was named */
	bool create;           /* a database where one was before */
	size_t loops;
	size_t connections;
	size_t connections_per_address;
	size_t reserve;
	size_t mailbox;
	size_t group;
	size_t history_days;
	size_t header_timeout_ms;
	size_t body_timeout_ms;
	size_t write_timeout_ms;
	size_t idle_timeout_ms;
	int parking; /* enum parking */
	bool descriptor_tables;
	bool access_log;
	bool access_log_polls;
	struct texts trusted_proxies;
	bool allow_unauthenticated;
	int log_level;  /* enum log_level */
	int log_format; /* enum log_format */

	const char *config; /* NULL: none */
	bool help;
	const char *server;  /* NULL: none was named */
	const char *ca_file; /* NULL: whom the system trusts */
	const char *environment;
	int form; /* enum document_form */
	const char *comment;
	bool dry_run;
	bool salvage;
	bool strict; /* what is broken is refused */
	bool replace;
	const char *name; /* of a token; NULL: none */
	const char *role;
	const char *expires;
	struct texts environments; /* that it is for */
	const char *expect;    /* of a verification: REV:HASH; NULL: nothing */
	struct texts operands; /* what is no option */

	enum command_bit command;
	struct setting *settings; /* of the command line, in order */
	size_t setting_count;
	struct given *given; /* for each row of the table */
	struct arena arena;
};

/* The defaults for `command`. */
struct options *options_new(enum command_bit command) MUST_CHECK;

/* NULL is allowed. */
void options_free(struct options *options);

/* The arguments behind the command word; argv ends with NULL. */
enum status options_take_arguments(struct options *options,
				   const char *const *argv,
				   struct error *err) MUST_CHECK;

/* The configuration file that --config named, if it did. What the command line
 * says stands. */
enum status options_take_file(struct options *options,
			      struct error *err) MUST_CHECK;

/* The same command line with the file as it is now. */
enum status options_again(const struct options *options, struct options **out,
			  struct error *err) MUST_CHECK;

/* Who set the option of that name? */
enum source options_source(const struct options *options, const char *name);

/* Call `fn` for each option whose value differs between `a` and `b`. */
void options_differ(const struct options *a, const struct options *b,
		    void (*fn)(void *ctx, const struct option *option),
		    void *ctx);

const char *option_name(const struct option *option);
bool option_is_reloadable(const struct option *option);

/* For --help: the options of `command` on stdout. */
void options_print(enum command_bit command);

#endif
