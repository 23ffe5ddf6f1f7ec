/*
 * The main thread's part of serving:
 *
 *	SIGTERM, SIGINT   return from serve_wait; main drains and tears down
 *	SIGHUP            read the configuration again, apply what can be
 *	watchdog          twice in the supervisor's period: tell it that we
 *	                  live, if every loop and the registry do
 *
 * Without a watchdog the thread sleeps until a signal comes.
 */
#include "serve.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/version.h"
#include "exposed.h"
#include "listen.h"
#include "model/token.h"
#include "ticket_file.h"

/* An idle writer shows every second that it lives. */
enum { WATCHDOG_LEAST_MS = 2000 };
enum { FREE_BYTES_MIN = 128 * 1024 };
enum { MS_PER_SECOND = 1000, NS_PER_MS = 1000000 };
enum { MS_PER_DAY = 24 * 60 * 60 * MS_PER_SECOND };

static void
stop_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
}

/* What would end the process, or stop it, and means nothing here: a habit of
 * logrotate (there is no file to open anew), a terminal that others may not
 * write to. SIGQUIT and what faults raise stay as they are. */
static const int harmless[] = {
	SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM,
	SIGPROF, SIGIO,   SIGPWR,  SIGTTOU, SIGTTIN,
};

void
serve_block_signals(void)
{
	sigset_t set;

	stop_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		signal(harmless[i], SIG_IGN);
}

enum status
serve_check(const struct options *options, bool guarded, struct error *err)
{
	for (size_t i = 0; i < options->listen.count; i++) {
		const char *address = options->listen.items[i];

		if (guarded || options->allow_unauthenticated ||
		    listen_is_local(address))
			continue;
		return error_set(
		    err, STATUS_FORBIDDEN,
		    "listening on %s would let everyone who reaches it change "
		    "toggles, because there is no access token: run `toggled "
		    "token create --role admin --name NAME --database %s` "
		    "first, or listen on 127.0.0.1 or unix:/PATH, or say "
		    "--allow-unauthenticated where the network is trusted",
		    address, options->database);
	}
	return STATUS_OK;
}

enum status
serve_check_settings(const struct options *options, struct error *err)
{
	const char *certificate = options->tls_certificate;
	const char *key = options->tls_key;

	for (size_t i = 0; i < options->listen.count; i++) {
		if (listen_is_secure(options->listen.items[i]) && !certificate)
			return error_set(err, STATUS_INVALID,
					 "listen is '%s', which wants "
					 "tls-certificate and tls-key",
					 options->listen.items[i]);
	}
	if (!certificate != !key)
		return error_set(err, STATUS_INVALID,
				 "tls-certificate and tls-key want each other");
	return STATUS_OK;
}

enum status
serve_check_tls(const struct options *options, int64_t *until_ms,
		struct error *err)
{
	const char *certificate = options->tls_certificate;
	const char *key = options->tls_key;

	*until_ms = INT64_MAX;
	return certificate ? server_check_tls(certificate, key, until_ms, err)
			   : STATUS_OK;
}

struct server_config
serve_server_config(const struct daemon *daemon)
{
	const struct options *o = daemon->options;

	return (struct server_config){
		.listen = o->listen.items,
		.listen_count = o->listen.count,
		.tls_certificate = o->tls_certificate,
		.tls_key = o->tls_key,
		.loops = (unsigned)o->loops,
		.connections_max = o->connections,
		.connections_per_address = o->connections_per_address,
		.reserve = o->reserve,
		.header_timeout_ms = (unsigned)o->header_timeout_ms,
		.body_timeout_ms = (unsigned)o->body_timeout_ms,
		.write_timeout_ms = (unsigned)o->write_timeout_ms,
		.idle_timeout_ms = (unsigned)o->idle_timeout_ms,
		.parking = (enum parking)o->parking,
		.descriptor_tables = o->descriptor_tables,
		.access_log = o->access_log,
		.access_log_polls = o->access_log_polls,
		.trusted_proxies = o->trusted_proxies.items,
		.trusted_proxy_count = o->trusted_proxies.count,
		.allow_unauthenticated = o->allow_unauthenticated,
		.clock = clock_system(),
		.log = daemon->log,
	};
}

static void
publish_cb(void *ctx, const struct catalog *catalog)
{
	struct daemon *daemon = ctx;
	bool guarded = token_is_needed(catalog);

	server_publish(daemon->server, catalog);
	atomic_store(&daemon->tokenless, guarded && !token_is_any(catalog));
	if (guarded && !atomic_exchange(&daemon->guarded, true) &&
	    atomic_load(&daemon->announced)) {
		log_to(daemon->log, LOG_INFO,
		       "there is an access token: nobody gets in without one "
		       "from now on");
		serve_leave_word(daemon);
	}
}

/* The disk is not to be trusted any more: what was acknowledged is on it, so
 * the supervisor starts us anew and we read it again. */
static void
fatal_cb(void *ctx, const struct error *err)
{
	struct daemon *daemon = ctx;

	log_to(daemon->log, LOG_ERROR, "the database failed, ending",
	       LOG_S("error", err->text));
	log_flush(daemon->log);
	_exit(1);
}

struct registry_config
serve_registry_config(struct daemon *daemon)
{
	const struct options *o = daemon->options;

	return (struct registry_config){
		.database = o->database,
		.mailbox_limit = o->mailbox,
		.group_limit = o->group,
		.history_ms = (int64_t)o->history_days * MS_PER_DAY,
		.clock = clock_system(),
		.log = daemon->log,
		.publish = publish_cb,
		.fatal = fatal_cb,
		.ctx = daemon,
	};
}

enum status
serve_find(struct daemon *daemon, struct registry_config *registry,
	   struct error *err)
{
	marker_open(&daemon->marker, daemon->options);
	registry->is_guarded = daemon->marker.had_tokens;
	return marker_mode(&daemon->marker, daemon->options, &registry->mode,
			   err);
}

void
serve_leave_word(const struct daemon *daemon)
{
	struct error err;

	error_init(&err);
	if (marker_leave(&daemon->marker, atomic_load(&daemon->guarded),
			 &err) != STATUS_OK)
		log_to(daemon->log, LOG_WARN,
		       "it is not kept that this database is served: were it "
		       "gone, the next start would make an empty one",
		       LOG_S("error", err.text),
		       LOG_S("remedy", "state-dir: a directory that is "
				       "writable"));
}

void
serve_open_tickets(struct daemon *daemon)
{
	struct ticket_key key;

	ticket_file_open(daemon->options->database, daemon->log, &key);
	server_set_ticket_key(daemon->server, &key);
	explicit_bzero(&key, sizeof(key));
}

static void
warn_of_open_doors(const struct daemon *daemon)
{
	log_to(
	    daemon->log, LOG_WARN,
	    "ANYBODY WHO REACHES THIS SERVER MAY CHANGE TOGGLES: there is no "
	    "access token",
	    LOG_S("remedy", "toggled token create --role admin --name NAME"));
}

/* The last token was revoked, or the database is another one than that which
 * had some. */
static void
warn_of_closed_doors(const struct daemon *daemon)
{
	log_to(daemon->log, LOG_WARN,
	       "NOBODY GETS IN: there is no access token, and there were some",
	       LOG_S("remedy", "stop it, toggled token create --role admin "
			       "--name NAME --database FILE, start it"),
	       LOG_S("database", daemon->options->database));
}

/* It starts on a full disk, since reads need no room: whoever starts it should
 * not learn of that from the first write. */
static void
warn_of_full_disk(const struct daemon *daemon)
{
	const char *database = daemon->options->database;
	struct statvfs disk;

	if (statvfs(database, &disk) == 0 &&
	    (uint64_t)disk.f_bavail * disk.f_frsize < FREE_BYTES_MIN)
		log_to(daemon->log, LOG_WARN,
		       "the disk is full: writes will be refused until there "
		       "is room",
		       LOG_S("database", database),
		       LOG_N("freeBytes", (int64_t)((uint64_t)disk.f_bavail *
						    disk.f_frsize)));
}

static void
warn_of_short_watchdog(const struct daemon *daemon)
{
	const int64_t period_ms = daemon->notify.watchdog_ms;

	if (period_ms > 0 && period_ms < WATCHDOG_LEAST_MS)
		log_to(daemon->log, LOG_WARN,
		       "WatchdogSec is too short: a thread that is stuck is "
		       "only told from an idle one after 2 s",
		       LOG_N("watchdogMs", period_ms));
}

void
serve_announce(struct daemon *daemon)
{
	const char *address;

	printf("toggled: ready on ");
	for (size_t i = 0;; i++) {
		address = server_address(daemon->server, i);
		if (!address)
			break;
		printf("%s%s", i > 0 ? ", " : "", address);
		log_to(daemon->log, LOG_INFO, "listening",
		       LOG_S("address", address));
	}
	putchar('\n');
	fflush(stdout);
	/* Nobody has to read it. */
	clearerr(stdout);
	log_to(daemon->log, LOG_INFO, "ready",
	       LOG_S("version", TOGGLED_VERSION),
	       LOG_S("database", daemon->options->database),
	       LOG_N("revision", registry_counts(daemon->registry).head));
	if (!atomic_load(&daemon->guarded))
		warn_of_open_doors(daemon);
	if (atomic_load(&daemon->tokenless))
		warn_of_closed_doors(daemon);
	warn_of_full_disk(daemon);
	warn_of_short_watchdog(daemon);
	exposed_warn(daemon->options, daemon->log);
	atomic_store(&daemon->announced, true);
	notify_send(&daemon->notify, "READY=1");
}

static const struct options *
current(const struct daemon *daemon)
{
	return daemon->reloaded ? daemon->reloaded : daemon->options;
}

struct reload {
	struct daemon *daemon;
	bool took_tls; /* certificate and key were read and are in force */
};

/* Said after it is so. */
static void
differs_cb(void *ctx, const struct option *option)
{
	const struct reload *reload = ctx;
	const char *name = option_name(option);
	const char *event = "reloaded";

	if (!option_is_reloadable(option))
		event = "changed, but needs a restart";
	else if (!reload->took_tls && (strcmp(name, "tls-certificate") == 0 ||
				       strcmp(name, "tls-key") == 0))
		event = "changed, but refused";
	log_to(reload->daemon->log, LOG_WARN, event, LOG_S("option", name));
}

/* The files are read even where their names stand: a renewed certificate mostly
 * comes in the place of the old one. */
static bool
reload_tls(const struct daemon *daemon, const struct options *options)
{
	int64_t until_ms;
	struct error err;

	error_init(&err);
	if (serve_check_settings(options, &err) == STATUS_OK &&
	    serve_check_tls(options, &until_ms, &err) == STATUS_OK &&
	    (!options->tls_certificate ||
	     server_load_tls(daemon->server, options->tls_certificate,
			     options->tls_key, &err) == STATUS_OK))
		return true;
	log_to(daemon->log, LOG_ERROR, "certificate refused, the old one stays",
	       LOG_S("error", err.text));
	return false;
}

static void
take_options(struct daemon *daemon, struct options *fresh)
{
	struct reload reload = { .daemon = daemon };

	reload.took_tls = reload_tls(daemon, fresh);
	options_differ(current(daemon), fresh, differs_cb, &reload);
	log_set_level(daemon->log, (enum log_level)fresh->log_level);
	options_free(daemon->reloaded);
	daemon->reloaded = fresh;
	log_to(daemon->log, reload.took_tls ? LOG_INFO : LOG_ERROR,
	       reload.took_tls
		   ? "configuration read again"
		   : "configuration read again, but for the certificate",
	       LOG_S("file", fresh->config ? fresh->config : "none"));
}

/* A configuration that cannot be read leaves the old one in force. */
static void
reload(struct daemon *daemon)
{
	struct options *fresh = NULL;
	struct clock clock = clock_system();
	struct error err;

	error_init(&err);
	notify_send(&daemon->notify, "RELOADING=1\nMONOTONIC_USEC=%lld",
		    (long long)clock_mono_ms(&clock) * MS_PER_SECOND);
	if (options_again(daemon->options, &fresh, &err) == STATUS_OK) {
		take_options(daemon, fresh);
	} else {
		log_to(daemon->log, LOG_ERROR,
		       "configuration refused, the old one stays",
		       LOG_S("error", err.text));
	}
	notify_send(&daemon->notify, "READY=1");
}

/* A timer of our own must not vouch for a loop or a writer that is stuck. */
static void
feed_watchdog(const struct daemon *daemon)
{
	int64_t period_ms = daemon->notify.watchdog_ms;
	struct clock clock = clock_system();
	int64_t now = clock_mono_ms(&clock);
	int64_t ticked = registry_counts(daemon->registry).ticked_ms;

	if (period_ms < WATCHDOG_LEAST_MS)
		period_ms = WATCHDOG_LEAST_MS;
	if (now - ticked < period_ms &&
	    server_is_alive(daemon->server, period_ms))
		notify_send(&daemon->notify, "WATCHDOG=1");
	else
		log_to(daemon->log, LOG_ERROR, "a thread is stuck",
		       LOG_N("registryMs", now - ticked));
}

/* The next signal, 0 when the watchdog is to be fed first. */
static int
next_signal(const struct notify *notify)
{
	int64_t ms = notify->watchdog_ms / 2;
	struct timespec timeout = {
		.tv_sec = ms / MS_PER_SECOND,
		.tv_nsec = ms % MS_PER_SECOND * NS_PER_MS,
	};
	sigset_t set;
	int signal;

	stop_signals(&set);
	do {
		signal = ms > 0 ? sigtimedwait(&set, NULL, &timeout)
				: sigwaitinfo(&set, NULL);
	} while (signal < 0 && ms == 0);
	return signal < 0 ? 0 : signal;
}

static void
let_interrupt_kill(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	signal(SIGINT, SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

void
serve_wait(struct daemon *daemon)
{
	int signal;

	for (;;) {
		signal = next_signal(&daemon->notify);
		if (signal == SIGTERM || signal == SIGINT)
			break;
		if (signal == SIGHUP)
			reload(daemon);
		if (daemon->notify.watchdog_ms > 0)
			feed_watchdog(daemon);
	}
	log_to(daemon->log, LOG_INFO, "stopping",
	       LOG_S("signal", signal == SIGTERM ? "TERM" : "INT"));
	notify_send(&daemon->notify, "STOPPING=1");
	let_interrupt_kill();
}
