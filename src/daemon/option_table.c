/*
 * The table of options and how each kind of value is read.
 *
 * To add one: a member in struct options, a row below, a line in
 * conf/toggled.conf and in docs/man (a test fails until both have it).
 */
#include "option_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "listen.h"

enum {
	MS_PER_SECOND = 1000,
	COUNT_MOST = 10000000,
	TIMEOUT_LEAST_MS = 100,
	TIMEOUT_MOST_MS = 3600 * MS_PER_SECOND,
	DAYS_MOST = 36500,
};

/* In the order of the enums they stand for. */
static const char *const parking_names[] = { "auto", "suspended", NULL };
static const char *const level_names[] = { "error", "warn", "info", "debug",
					   NULL };
static const char *const format_names[] = { "text", "json", NULL };
static const char *const form_names[] = { "toggled", "flagd", NULL };

void *
option_member(struct options *options, const struct option *option)
{
	return (char *)options + option->offset;
}

static enum status
set_text(struct options *options, const struct option *option,
	 const char *value, struct error *err)
{
	const char **at = option_member(options, option);

	if (*value == '\0')
		return error_set(err, STATUS_INVALID, "%s must not be empty",
				 option->name);
	for (const char *c = value; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == '\x7f')
			return error_set(err, STATUS_INVALID,
					 "%s must not hold control characters",
					 option->name);
	}
	*at = value;
	return STATUS_OK;
}

static void
add_text(struct texts *list, const char *value)
{
	list->items =
	    mem_resize(list->items, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = value;
}

static enum status
set_texts(struct options *options, const struct option *option,
	  const char *value, struct error *err)
{
	(void)err;
	add_text(option_member(options, option), value);
	return STATUS_OK;
}

static enum status
set_listen(struct options *options, const struct option *option,
	   const char *value, struct error *err)
{
	enum status rc = listen_check(value, err);

	if (rc == STATUS_OK)
		add_text(option_member(options, option), value);
	return rc;
}

static enum status
set_proxy(struct options *options, const struct option *option,
	  const char *value, struct error *err)
{
	enum status rc = server_check_proxy(value, err);

	if (rc == STATUS_OK)
		add_text(option_member(options, option), value);
	return rc;
}

/* Digits and no sign; false also when it does not fit. */
static bool
read_digits(const char *text, size_t *out, const char **rest)
{
	char *end = NULL;
	unsigned long long n;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno != 0 || n > SIZE_MAX)
		return false;
	*out = (size_t)n;
	*rest = end;
	return true;
}

static enum status
set_count(struct options *options, const struct option *option,
	  const char *value, struct error *err)
{
	size_t *at = option_member(options, option);
	const char *rest = "";
	size_t n = 0;

	if (!read_digits(value, &n, &rest) || *rest || n < option->least ||
	    n > option->most)
		return error_set(err, STATUS_INVALID,
				 "%s is '%s', allowed is a number from %zu to "
				 "%zu",
				 option->name, value, option->least,
				 option->most);
	*at = n;
	return STATUS_OK;
}

static const struct {
	const char *name;
	size_t ms;
} units[] = {
	{ "", MS_PER_SECOND },
	{ "s", MS_PER_SECOND },
	{ "ms", 1 },
	{ "m", 60 * MS_PER_SECOND },
};

static enum status
set_time(struct options *options, const struct option *option,
	 const char *value, struct error *err)
{
	size_t *at = option_member(options, option);
	const char *rest = NULL;
	size_t n = 0;
	size_t ms = 0;

	if (read_digits(value, &n, &rest) && n <= TIMEOUT_MOST_MS) {
		for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
			if (strcmp(rest, units[i].name) == 0)
				ms = n * units[i].ms;
		}
	}
	if (ms < option->least || ms > option->most)
		return error_set(err, STATUS_INVALID,
				 "%s is '%s', allowed is a time from %zums to "
				 "%zus, such as 10s or 500ms",
				 option->name, value, option->least,
				 option->most / MS_PER_SECOND);
	*at = ms;
	return STATUS_OK;
}

static const struct {
	const char *name;
	bool value;
} switches[] = {
	{ "yes", true },    { "no", false }, { "true", true },
	{ "false", false }, { "on", true },  { "off", false },
};

static enum status
set_switch(struct options *options, const struct option *option,
	   const char *value, struct error *err)
{
	bool *at = option_member(options, option);

	for (size_t i = 0; i < sizeof(switches) / sizeof(*switches); i++) {
		if (strcmp(value, switches[i].name) == 0) {
			*at = switches[i].value;
			return STATUS_OK;
		}
	}
	return error_set(err, STATUS_INVALID,
			 "%s is '%s', allowed is yes or no", option->name,
			 value);
}

static enum status
set_choice(struct options *options, const struct option *option,
	   const char *value, struct error *err)
{
	int *at = option_member(options, option);
	struct bytes allowed;

	for (int i = 0; option->choices[i]; i++) {
		if (strcmp(value, option->choices[i]) == 0) {
			*at = i;
			return STATUS_OK;
		}
	}
	bytes_init(&allowed);
	for (size_t i = 0; option->choices[i]; i++)
		bytes_printf(&allowed, "%s%s", i ? ", " : "",
			     option->choices[i]);
	error_set(err, STATUS_INVALID, "%s is '%s', allowed is one of: %s",
		  option->name, value, allowed.data);
	bytes_fini(&allowed);
	return STATUS_INVALID;
}

#define AT(member_) offsetof(struct options, member_)
#define DAEMON (FOR_SERVE | FOR_CHECK)
#define MAKERS (FOR_IMPORT | FOR_TOKEN) /* of a database */
#define REMOTE (FOR_IMPORT | FOR_EXPORT | FOR_BACKUP | FOR_TOKEN)

const struct option option_table[] = {
	{ .name = "listen",
	  .argument = "ADDRESS",
	  .help =
	      "where to serve: ADDR:PORT, [ADDR]:PORT, :PORT, fd:NAME (passed "
	      "by systemd), https:// in front of one of these, or unix:/PATH; "
	      "repeatable; port 0 takes a free one",
	  .set = set_listen,
	  .offset = AT(listen),
	  .initial = "127.0.0.1:8016",
	  .commands = DAEMON,
	  .flags = OPTION_IN_FILE | OPTION_REPEATS },
	{ .name = "tls-certificate",
	  .argument = "FILE",
	  .help = "for https:// addresses: the certificate and those that lead "
		  "to its authority (PEM); SIGHUP reads it again",
	  .set = set_text,
	  .offset = AT(tls_certificate),
	  .commands = DAEMON,
	  .flags = OPTION_IN_FILE | OPTION_RELOADABLE },
	{ .name = "tls-key",
	  .argument = "FILE",
	  .help = "the key of the certificate (PEM)",
	  .set = set_text,
	  .offset = AT(tls_key),
	  .commands = DAEMON,
	  .flags = OPTION_IN_FILE | OPTION_RELOADABLE },
	{ .name = "database",
	  .argument = "FILE",
	  .help = "the database; made at the first start",
	  .set = set_text,
	  .offset = AT(database),
	  .initial = "./toggled.db",
	  .commands = DAEMON,
	  .flags = OPTION_IN_FILE },
	{ .name = "state-dir",
	  .argument = "DIR",
	  .help = "where it is kept that a database was served (default: "
		  "systemd's STATE_DIRECTORY, else beside the database)",
	  .set = set_text,
	  .offset = AT(state_dir),
	  .commands = DAEMON | MAKERS,
	  .flags = OPTION_IN_FILE },
	{ .name = "create",
	  .help = "begin with an empty database though there was another one",
	  .set = set_switch,
	  .offset = AT(create),
	  .initial = "no",
	  .commands = FOR_SERVE | MAKERS,
	  .flags = OPTION_SWITCH },
	{ .name = "database",
	  .argument = "FILE",
	  .help = "the database",
	  .set = set_text,
	  .offset = AT(database),
	  .initial = "./toggled.db",
	  .commands = FOR_VERIFY },
	{ .name = "expect",
	  .argument = "REV:HASH",
	  .help = "a revision and the hash that is known of it",
	  .set = set_text,
	  .offset = AT(expect),
	  .commands = FOR_VERIFY },
	{ .name = "database",
	  .argument = "FILE",
	  .help = "the database whose place the backup takes",
	  .set = set_text,
	  .offset = AT(database),
	  .commands = FOR_RESTORE },
	{ .name = "database",
	  .argument = "FILE",
	  .help = "work on this database itself, while no server holds it",
	  .set = set_text,
	  .offset = AT(database),
	  .commands = REMOTE },
	{ .name = "config",
	  .argument = "FILE",
	  .help = "read options from this file, then from FILE.d/*.conf; the "
		  "command line beats them",
	  .set = set_text,
	  .offset = AT(config),
	  .commands = DAEMON | FOR_BACKUP | FOR_VERIFY | FOR_RESTORE },
	{ .name = "loops",
	  .argument = "NUMBER",
	  .help = "threads that serve; 0: one a core",
	  .set = set_count,
	  .offset = AT(loops),
	  .initial = "0",
	  .most = 256,
	  .commands = DAEMON,
	  .flags = OPTION_IN_FILE },
	{ .name = "connections",
	  .argument = "NUMBER",
	  .help = "most connections at a time; 0: what the descriptors allow",
	  .set = set_count,
	  .offset = AT(connections),
	  .initial = "0",
	  .most = COUNT_MOST,
	  .commands = DAEMON,
	  .flags = OPTION_IN_FILE },
	{ .name = "connections-per-address",
	  .argument = "NUMBER",
	  .help = "the same for one client address; 0: no limit",
	  .set = set_count,
	  .offset = AT(connections_per_address),
	  .initial = "0",
	  .most = COUNT_MOST,
	  .commands = DAEMON,
	  .flags = OPTION_IN_FILE },
	{ .name = "reserve",
	  .argument = "NUMBER",
	  .help = "connections beyond these limits, for unix sockets and "
		  "editors' tokens",
	  .set = set_count,
	  .offset = AT(reserve),
	  .initial = "16",
	  .most = 1024,
	  .commands = DAEMON,
	  .flags = OPTION_IN_FILE },
	{ .name = "header-timeout",
	  .argument = "TIME",
	  .help = "a client's time to send the whole head of a request",
	  .set = set_time,
	  .offset = AT(header_timeout_ms),
	  .initial = "10s",
	  .least = TIMEOUT_LEAST_MS,
	  .most = TIMEOUT_MOST_MS,
	  .commands = DAEMON,
	  .flags = OPTION_IN_FILE },
	{ .name = "body-timeout",
	  .argument = "TIME",
	  .help = "the same for the whole body",
	  .set = set_time,
	  .offset = AT(body_timeout_ms),
	  .initial = "60s",
	  .least = TIMEOUT_LEAST_MS,
	  .most = TIMEOUT_MOST_MS,
	  .commands = DAEMON,
	  .flags = OPTION_IN_FILE },
	{ .name = "write-timeout",
	  .argument = "TIME",
	  .help = "a client's time to take an answer, and 1s more per 64 kB",
	  .set = set_time,
	  .offset = AT(write_timeout_ms),
	  .initial = "30s",
	  .least = TIMEOUT_LEAST_MS,
	  .most = TIMEOUT_MOST_MS,
	  .commands = DAEMON,
	  .flags = OPTION_IN_FILE },
	{ .name = "idle-timeout",
	  .argument = "TIME",
	  .help = "how long a connection is kept between two requests",
	  .set = set_time,
	  .offset = AT(idle_timeout_ms),
	  .initial = "75s",
	  .least = TIMEOUT_LEAST_MS,
	  .most = TIMEOUT_MOST_MS,
	  .commands = DAEMON,
	  .flags = OPTION_IN_FILE },
	{ .name = "mailbox",
	  .argument = "NUMBER",
	  .help = "writes that may wait for the disk; more are answered 503",
	  .set = set_count,
	  .offset = AT(mailbox),
	  .initial = "4096",
	  .least = 1,
	  .most = COUNT_MOST,
	  .commands = DAEMON,
	  .flags = OPTION_IN_FILE },
	{ .name = "group",
	  .argument = "NUMBER",
	  .help = "most changes that share one disk transaction",
	  .set = set_count,
	  .offset = AT(group),
	  .initial = "256",
	  .least = 1,
	  .most = 100000,
	  .commands = DAEMON,
	  .flags = OPTION_IN_FILE },
	{ .name = "history-days",
	  .argument = "NUMBER",
	  .help = "how long past changes can be had; 0: for ever",
	  .set = set_count,
	  .offset = AT(history_days),
	  .initial = "0",
	  .most = DAYS_MOST,
	  .commands = DAEMON,
	  .flags = OPTION_IN_FILE },
	{ .name = "parking",
	  .argument = "HOW",
	  .help =
	      "how waiting polls are held: auto, or suspended (more memory)",
	  .set = set_choice,
	  .offset = AT(parking),
	  .initial = "auto",
	  .choices = parking_names,
	  .commands = DAEMON,
	  .flags = OPTION_IN_FILE },
	{ .name = "descriptor-tables",
	  .help = "a table of open files for each loop, for more connections "
		  "than one process may have",
	  .set = set_switch,
	  .offset = AT(descriptor_tables),
	  .initial = "no",
	  .commands = DAEMON,
	  .flags = OPTION_IN_FILE | OPTION_SWITCH },
	{ .name = "allow-unauthenticated",
	  .help = "serve beyond this machine although nobody has to log in",
	  .set = set_switch,
	  .offset = AT(allow_unauthenticated),
	  .initial = "no",
	  .commands = DAEMON,
	  .flags = OPTION_IN_FILE | OPTION_SWITCH },
	{ .name = "log-level",
	  .argument = "LEVEL",
	  .help = "error, warn, info or debug",
	  .set = set_choice,
	  .offset = AT(log_level),
	  .initial = "info",
	  .choices = level_names,
	  .commands = DAEMON,
	  .flags = OPTION_IN_FILE | OPTION_RELOADABLE },
	{ .name = "log-format",
	  .argument = "FORMAT",
	  .help = "text, or json (one object a line)",
	  .set = set_choice,
	  .offset = AT(log_format),
	  .initial = "text",
	  .choices = format_names,
	  .commands = DAEMON,
	  .flags = OPTION_IN_FILE },
	{ .name = "access-log",
	  .help = "log every request",
	  .set = set_switch,
	  .offset = AT(access_log),
	  .initial = "no",
	  .commands = DAEMON,
	  .flags = OPTION_IN_FILE | OPTION_SWITCH },
	{ .name = "access-log-polls",
	  .help = "in it, also those that waited for a change",
	  .set = set_switch,
	  .offset = AT(access_log_polls),
	  .initial = "yes",
	  .commands = DAEMON,
	  .flags = OPTION_IN_FILE | OPTION_SWITCH },
	{ .name = "trusted-proxy",
	  .argument = "ADDRESS",
	  .help = "a proxy that is believed for whom it asks: an address, a "
		  "network such as 10.0.0.0/8, or unix; repeatable",
	  .set = set_proxy,
	  .offset = AT(trusted_proxies),
	  .commands = DAEMON,
	  .flags = OPTION_IN_FILE | OPTION_REPEATS },
	{ .name = "server",
	  .argument = "URL",
	  .help = "the running server: http://HOST:PORT, https://HOST:PORT or "
		  "unix:/PATH (default: http://127.0.0.1:8016)",
	  .set = set_text,
	  .offset = AT(server),
	  .commands = REMOTE },
	{ .name = "ca-file",
	  .argument = "FILE",
	  .help = "trust these certificates (PEM) for https://, and not those "
		  "that the system trusts",
	  .set = set_text,
	  .offset = AT(ca_file),
	  .commands = REMOTE },
	{ .name = "environment",
	  .argument = "NAME",
	  .help = "whose toggles",
	  .set = set_text,
	  .offset = AT(environment),
	  .initial = "default",
	  .commands = FOR_IMPORT | FOR_EXPORT },
	{ .name = "environment",
	  .argument = "NAME",
	  .help = "an environment that the token is for; repeatable; * for all",
	  .set = set_texts,
	  .offset = AT(environments),
	  .commands = FOR_TOKEN,
	  .flags = OPTION_REPEATS },
	{ .name = "name",
	  .argument = "NAME",
	  .help = "whose token it is, for the history",
	  .set = set_text,
	  .offset = AT(name),
	  .commands = FOR_TOKEN },
	{ .name = "role",
	  .argument = "ROLE",
	  .help = "admin, editor, viewer, client or evaluate",
	  .set = set_text,
	  .offset = AT(role),
	  .commands = FOR_TOKEN },
	{ .name = "expires",
	  .argument = "TIME",
	  .help = "when it ends: 90d, 12h, or 2030-01-31T12:00:00Z",
	  .set = set_text,
	  .offset = AT(expires),
	  .commands = FOR_TOKEN },
	{ .name = "format",
	  .argument = "FORMAT",
	  .help = "toggled (all there is) or flagd (what flagd reads)",
	  .set = set_choice,
	  .offset = AT(form),
	  .initial = "toggled",
	  .choices = form_names,
	  .commands = FOR_EXPORT },
	{ .name = "comment",
	  .argument = "TEXT",
	  .help = "why, for the history",
	  .set = set_text,
	  .offset = AT(comment),
	  .commands = FOR_IMPORT | FOR_TOKEN },
	{ .name = "dry-run",
	  .help = "check and report, change nothing",
	  .set = set_switch,
	  .offset = AT(dry_run),
	  .initial = "no",
	  .commands = FOR_IMPORT,
	  .flags = OPTION_SWITCH },
	{ .name = "salvage",
	  .help = "of a damaged database: skip what cannot be read, name it, "
		  "and end with 3",
	  .set = set_switch,
	  .offset = AT(salvage),
	  .initial = "no",
	  .commands = FOR_EXPORT,
	  .flags = OPTION_SWITCH },
	{ .name = "strict",
	  .help = "refuse rules that are broken",
	  .set = set_switch,
	  .offset = AT(strict),
	  .initial = "no",
	  .commands = FOR_IMPORT,
	  .flags = OPTION_SWITCH },
	{ .name = "replace",
	  .help = "do not keep the database that is there",
	  .set = set_switch,
	  .offset = AT(replace),
	  .initial = "no",
	  .commands = FOR_RESTORE,
	  .flags = OPTION_SWITCH },
	{ .name = "help",
	  .help = "print this and end",
	  .set = set_switch,
	  .offset = AT(help),
	  .initial = "no",
	  .commands = ~0U,
	  .flags = OPTION_SWITCH },
	{ .name = NULL },
};
