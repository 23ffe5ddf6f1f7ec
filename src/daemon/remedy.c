#include "remedy.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* The first row that fits stands. To add one: a row. */
static const struct {
	int code;         /* what the system said, … */
	const char *what; /* … of what; NULL: of anything */
	const char *remedy;
} rows[] = {
	{ EMFILE, NULL,
	  "raise the limit of open files (LimitNOFILE= in the unit, ulimit "
	  "-n), or serve with fewer --loops" },
	{ ENFILE, NULL, "raise fs.file-max (sysctl), or find who holds them" },
	{ EADDRINUSE, NULL,
	  "something listens there already (`ss -ltnp` shows what): stop it, "
	  "or listen elsewhere" },
	{ EADDRNOTAVAIL, NULL,
	  "no interface of this machine has that address (`ip address` shows "
	  "them)" },
	{ EACCES, "bind",
	  "listen on a port above 1023, or give it CAP_NET_BIND_SERVICE; a "
	  "unix socket's directory has to be writable" },
	{ ENOENT, "bind",
	  "make the directory of the socket (RuntimeDirectory= in the unit)" },
	{ EACCES, NULL,
	  "the user that it runs as has to be let in there: look at the file's "
	  "owner and mode, and at those of each directory above it" },
	{ ENOENT, "cannot create the file",
	  "make the directory of the database" },
	{ EROFS, NULL,
	  "the file system is read-only: `dmesg` may say why; let the database "
	  "be elsewhere, or name its directory in ReadWritePaths=" },
	{ ENOSPC, NULL, "make room on that disk" },
	{ EAGAIN, "thread",
	  "raise the limit of tasks (TasksMax= in the unit, ulimit -u)" },
	{ ENOMEM, NULL, "give it more memory (MemoryMax= in the unit)" },
};

void
remedy_add(struct error *err)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const size_t length = strlen(err->text);

		if (strstr(err->text, strerror(rows[i].code)) == NULL ||
		    (rows[i].what != NULL &&
		     strstr(err->text, rows[i].what) == NULL))
			continue;
		if (length + strlen(rows[i].remedy) + 3 < sizeof(err->text))
			(void)snprintf(err->text + length,
				       sizeof(err->text) - length, "; %s",
				       rows[i].remedy);
		return;
	}
}
