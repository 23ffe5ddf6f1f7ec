/*
 * A running server, spoken to by the commands: --server, or the address that a
 * server has by default; with the token in TOGGLED_TOKEN.
 */
#ifndef SRC_DAEMON_REMOTE_H
#define SRC_DAEMON_REMOTE_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/error.h"
#include "http/client.h"
#include "options.h"

/* Does the command go to a server? Only --database on the command line says
 * otherwise. */
bool remote_is_meant(const struct options *options);

/* Server or database but not both, and an environment that can be one. */
enum status remote_check(const struct options *options,
			 struct error *err) MUST_CHECK;

/* One request; a refusal of the server becomes the error, with the places that
 * it named. `request` gets server and token here, limit and timeout where they
 * are 0. */
enum status remote_fetch(const struct options *options,
			 struct client_request *request,
			 struct client_answer *answer,
			 struct error *err) MUST_CHECK;

#endif
