#include "sockets.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "listen.h"

enum {
	SOCKETS_FIRST = 3, /* after stdin, stdout, stderr */
	SOCKETS_MAX = 16,
	SOCKETS_NAME_BYTES = 256,
};

struct passed {
	size_t count;
	char names[SOCKETS_MAX][SOCKETS_NAME_BYTES];
	bool served[SOCKETS_MAX];
};

/* "web:admin" to the names; those that are not there are "". */
static void
read_names(struct passed *passed, const char *names)
{
	for (size_t i = 0; i < passed->count && names; i++) {
		int length = (int)strcspn(names, ":");

		snprintf(passed->names[i], sizeof(passed->names[i]), "%.*s",
			 length, names);
		names = names[length] == ':' ? names + length + 1 : NULL;
	}
}

static enum status
read_environment(struct passed *passed, struct error *err)
{
	const char *pid = getenv("LISTEN_PID");
	const char *fds = getenv("LISTEN_FDS");
	char *end = NULL;
	long count;

	*passed = (struct passed){ 0 };
	/* Meant for a process before us, which left its environment. */
	if (!pid || !fds || strtoll(pid, NULL, 10) != getpid())
		return STATUS_OK;
	count = strtol(fds, &end, 10);
	if (*fds == '\0' || *end != '\0' || count < 0 || count > SOCKETS_MAX)
		return error_set(err, STATUS_INVALID,
				 "LISTEN_FDS is '%s', allowed is 0 to %d", fds,
				 SOCKETS_MAX);
	passed->count = (size_t)count;
	read_names(passed, getenv("LISTEN_FDNAMES"));
	for (int i = 0; i < (int)count; i++) {
		if (fcntl(SOCKETS_FIRST + i, F_SETFD, FD_CLOEXEC))
			return error_set(err, STATUS_INVALID,
					 "LISTEN_FDS is '%s', but descriptor "
					 "%d is not open",
					 fds, SOCKETS_FIRST + i);
	}
	return STATUS_OK;
}

static const char *
number_text(struct options *options, size_t index, bool secure)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%sfd:%d",
			 secure ? "https://" : "", SOCKETS_FIRST + (int)index);

	return arena_copy(&options->arena, text, (size_t)n);
}

/* An address that names a socket: to its number. */
static enum status
resolve(struct options *options, struct passed *passed, const char **address,
	struct error *err)
{
	const char *name = listen_inherited(*address);
	char *end = NULL;
	long number = strtol(name, &end, 10);

	if (*end == '\0') {
		/* Passed by somebody who does not speak the protocol? Binding
		 * will tell. */
		if (number >= SOCKETS_FIRST &&
		    (size_t)number - SOCKETS_FIRST < passed->count)
			passed->served[number - SOCKETS_FIRST] = true;
		return STATUS_OK;
	}
	for (size_t i = 0; i < passed->count; i++) {
		if (strcmp(passed->names[i], name) == 0) {
			passed->served[i] = true;
			*address =
			    number_text(options, i, listen_is_secure(*address));
			return STATUS_OK;
		}
	}
	return error_set(err, STATUS_INVALID,
			 "listen is '%s', but no socket of that name was "
			 "passed (LISTEN_FDNAMES)",
			 *address);
}

static void
replace(struct options *options, const struct passed *passed)
{
	struct texts *list = &options->listen;

	list->items =
	    mem_resize(list->items, passed->count, sizeof(*list->items));
	for (size_t i = 0; i < passed->count; i++)
		list->items[i] = number_text(options, i, false);
	list->count = passed->count;
}

static enum status
use(struct options *options, struct passed *passed, struct error *err)
{
	struct texts *list = &options->listen;
	bool named = options_source(options, "listen") == SOURCE_LINE;

	for (size_t i = 0; i < list->count; i++) {
		enum status rc;

		if (!listen_inherited(list->items[i]))
			continue;
		named = true;
		rc = resolve(options, passed, &list->items[i], err);
		if (rc != STATUS_OK)
			return rc;
	}
	if (!named && passed->count > 0) {
		replace(options, passed);
		return STATUS_OK;
	}
	for (size_t i = 0; i < passed->count; i++) {
		if (!passed->served[i])
			return error_set(
			    err, STATUS_INVALID,
			    "socket %d (%s) was passed, but listen does not "
			    "name it: add fd:%d, or leave listen out",
			    SOCKETS_FIRST + (int)i,
			    passed->names[i][0] ? passed->names[i] : "no name",
			    SOCKETS_FIRST + (int)i);
	}
	return STATUS_OK;
}

enum status
sockets_take(struct options *options, struct error *err)
{
	struct passed passed;
	enum status rc = read_environment(&passed, err);

	if (rc == STATUS_OK)
		rc = use(options, &passed, err);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return rc;
}
