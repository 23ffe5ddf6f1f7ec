/*
 * The parts of `toggled serve`, which main.c puts together: what each layer is
 * told, the ready line, the wait for signals. Main thread, but for the two
 * callbacks of the registry.
 */
#ifndef SRC_DAEMON_SERVE_H
#define SRC_DAEMON_SERVE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/log.h"
#include "http/server.h"
#include "marker.h"
#include "notify.h"
#include "options.h"
#include "registry/registry.h"

enum { SERVE_DRAIN_MS = 10 * 1000 };

struct daemon {
	const struct options *options; /* as it was started */
	struct options *reloaded;      /* as of the last SIGHUP, or NULL */
	struct marker marker;          /* what was known before the start */
	struct log *log;
	struct notify notify;
	struct server *server;
	struct registry *registry;
	atomic_bool guarded;   /* nobody gets in without a token */
	atomic_bool tokenless; /* nor is there one */
	atomic_bool announced;
};

/* Refuse what is no safe thing to serve: while there is no access token, other
 * machines are let in only where the operator said so. */
enum status serve_check(const struct options *options, bool guarded,
			struct error *err) MUST_CHECK;

/* What is wrong with the settings alone, whatever lies on the disk: an address
 * that wants a certificate where none is named, or one of the two that it
 * takes. */
enum status serve_check_settings(const struct options *options,
				 struct error *err) MUST_CHECK;

/* Certificate and key, where they are named: of use. When the certificate ends;
 * INT64_MAX: there is none. */
enum status serve_check_tls(const struct options *options, int64_t *until_ms,
			    struct error *err) MUST_CHECK;

/* Block the signals that serve_wait takes, and ignore those that mean nothing;
 * before any thread is started. */
void serve_block_signals(void);

/* May the database be opened, and made? Read before anything is served. */
enum status serve_find(struct daemon *daemon, struct registry_config *registry,
		       struct error *err) MUST_CHECK;

/* Leave word that it is served; the database is open. */
void serve_leave_word(const struct daemon *daemon);

struct server_config serve_server_config(const struct daemon *daemon);
struct registry_config serve_registry_config(struct daemon *daemon);

/* Give the server the key of the tickets; the database is open. */
void serve_open_tickets(struct daemon *daemon);

/* The ready line on stdout, READY=1 to the supervisor. */
void serve_announce(struct daemon *daemon);

/* Take signals until one says stop; feed the watchdog meanwhile. From then on a
 * second interrupt ends the process at once. */
void serve_wait(struct daemon *daemon);

#endif
