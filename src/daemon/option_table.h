/*
 * The rows of the option table, for the files that read it: option_table.c
 * (the table), options.c, arguments.c (command line, --help) and config.c (the
 * file).
 */
#ifndef SRC_DAEMON_OPTION_TABLE_H
#define SRC_DAEMON_OPTION_TABLE_H

#include "options.h"

enum option_flag {
	OPTION_IN_FILE = 1 << 0,    /* may stand in the configuration file */
	OPTION_REPEATS = 1 << 1,    /* each use adds a value */
	OPTION_SWITCH = 1 << 2,     /* "yes" when it stands alone */
	OPTION_RELOADABLE = 1 << 3, /* SIGHUP applies it */
};

struct option {
	const char *name;
	const char *argument; /* as --help shows it; NULL: none */
	const char *help;
	/* Check `value` and put it where it belongs; on a fault say what is
	 * allowed. `value` lives as long as the options. */
	enum status (*set)(struct options *options, const struct option *option,
			   const char *value, struct error *err);
	size_t offset;              /* of its member in struct options */
	const char *initial;        /* the default; NULL: none */
	const char *const *choices; /* of set_choice, NULL-terminated */
	size_t least;               /* of set_count and set_time */
	size_t most;
	unsigned commands; /* enum command_bit */
	unsigned flags;    /* enum option_flag */
};

/* Ends with a row whose name is NULL. */
extern const struct option option_table[];

/* One use on the command line. */
struct setting {
	const struct option *option;
	const char *value;
};

/* What an option was set to, as text. */
struct given {
	enum source source;
	const char *text; /* several: joined by ", "; NULL: nothing */
};

/* The member of `options` that the row fills. */
void *option_member(struct options *options, const struct option *option);

/* The row of that name that `command` takes, or NULL. `length` of `name`. */
const struct option *option_find(enum command_bit command, const char *name,
				 size_t length);

/* "unknown option 'x', did you mean 'y'?", of the options that `command` takes
 * and that have all of `flags`. */
enum status option_unknown(enum command_bit command, unsigned flags,
			   const char *name, size_t length, struct error *err);

/* Set an option. A repeatable one keeps what came from the same source before;
 * the first value of another source replaces it all. */
enum status option_apply(struct options *options, const struct option *option,
			 const char *value, enum source source,
			 struct error *err) MUST_CHECK;

/* The next value of `option` replaces what it has, whatever that came from. */
void option_outweigh(struct options *options, const struct option *option);

/* Read the file's settings into `options`. */
enum status config_read(struct options *options, const char *path,
			struct error *err) MUST_CHECK;

/* The same from text; `path` is for messages. */
enum status config_parse(struct options *options, const char *path,
			 const char *text, size_t length,
			 struct error *err) MUST_CHECK;

#endif
