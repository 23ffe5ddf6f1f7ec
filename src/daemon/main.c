/*
 * The whole program: a table of commands, and `serve` in build order, torn down
 * in reverse.
 */
#include <stdint.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "command.h"
#include "libraries.h"
#include "model/credential.h"
#include "remedy.h"
#include "remote.h"
#include "serve.h"

static enum status
serve(const struct options *options, struct error *err)
{
	struct daemon daemon = { .options = options };
	struct server_config server;
	struct registry_config registry;
	int64_t until_ms;
	enum status rc;

	serve_block_signals();
	notify_open(&daemon.notify);
	daemon.log = log_new(STDERR_FILENO, (enum log_level)options->log_level,
			     (enum log_format)options->log_format);
	/* Whatever it is that a client pasted one into. */
	log_set_mask(daemon.log, credential_mask);
	log_start(daemon.log);
	libraries_log(libraries, daemon.log);
	server = serve_server_config(&daemon);
	registry = serve_registry_config(&daemon);

	rc = serve_check_tls(options, &until_ms, err);
	if (rc == STATUS_OK)
		rc = serve_find(&daemon, &registry, err);
	if (rc == STATUS_OK)
		rc = server_open(&server, &daemon.server, err);
	if (rc == STATUS_OK)
		rc = registry_start(&registry, &daemon.registry, err);
	if (rc == STATUS_OK)
		rc = serve_check(options, atomic_load(&daemon.guarded), err);
	if (rc == STATUS_OK) {
		serve_leave_word(&daemon);
		serve_open_tickets(&daemon);
		rc = server_start(daemon.server, daemon.registry, err);
	}
	if (rc == STATUS_OK) {
		serve_announce(&daemon);
		serve_wait(&daemon);
		server_drain(daemon.server, SERVE_DRAIN_MS);
	}

	if (rc != STATUS_OK)
		remedy_add(err);
	registry_stop(daemon.registry);
	server_close(daemon.server);
	if (rc == STATUS_OK)
		log_to(daemon.log, LOG_INFO, "stopped");
	log_free(daemon.log);
	notify_close(&daemon.notify);
	marker_close(&daemon.marker);
	options_free(daemon.reloaded);
	return rc;
}

static const struct command commands[] = {
	{ "serve", FOR_SERVE, "", 0, 0, "Serve until a signal says stop.",
	  serve, serve_check_settings },
	{ "check", FOR_CHECK, "", 0, 0,
	  "Check a configuration, and with --database that it can be opened.",
	  command_check, serve_check_settings },
	{ "import", FOR_IMPORT, "FILE...", 1, SIZE_MAX,
	  "Take over toggles from flagd documents or from an export.",
	  command_import, command_import_check },
	{ "export", FOR_EXPORT, "[FILE]", 0, 1,
	  "Write an environment's toggles to a file or stdout.", command_export,
	  command_export_check },
	{ "backup", FOR_BACKUP, "FILE", 1, 1,
	  "Write a consistent copy of the database.", command_backup, NULL },
	{ "restore", FOR_RESTORE, "BACKUP", 1, 1,
	  "Put a backup in the place of a database.", command_restore,
	  command_restore_check },
	{ "verify", FOR_VERIFY, "", 0, 0,
	  "Check the chain of all changes in a database.", command_verify,
	  command_verify_check },
	{ "token", FOR_TOKEN, "create|list|revoke|rotate [ID]", 1, 2,
	  "Make, list, revoke and rotate access tokens.", command_token,
	  command_token_check },
	{ "version", FOR_VERSION, "", 0, 0,
	  "Print the version, and those of the libraries.", command_version,
	  NULL },
	{ "help", FOR_HELP, "[COMMAND]", 0, 1, "Print help.", NULL, NULL },
	{ .name = NULL },
};

int
main(int argc, char **argv)
{
	/* Tokens and keys pass through: no core file, nobody of the same user
	 * looks into our memory. */
	(void)prctl(PR_SET_DUMPABLE, 0);
	return command_main(commands,
			    (const char *const *)argv + (argc > 0 ? 1 : 0));
}
