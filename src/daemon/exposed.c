#include "exposed.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "drop_ins.h"
#include "ticket_file.h"

/* Somebody else than we, root, and a group that is ours alone or root's. */
static bool
others_may_write(const struct stat *st)
{
	return (st->st_uid != 0 && st->st_uid != geteuid()) ||
	       (st->st_mode & S_IWOTH) != 0 ||
	       ((st->st_mode & S_IWGRP) != 0 && st->st_gid != 0 &&
		st->st_gid != getegid());
}

static void
warn(struct log *log, const char *path, const char *what)
{
	log_to(log, LOG_WARN, what, LOG_S("file", path));
}

/* Who may put another file in its place; where the sticky bit stands, only the
 * owner of the file or of the directory may. */
static void
check_directory(struct log *log, const char *path)
{
	char *copy = mem_copy(path, strlen(path));
	const char *directory = dirname(copy);
	struct stat st;

	if (stat(directory, &st) == 0 && others_may_write(&st) &&
	    ((st.st_mode & S_ISVTX) == 0 ||
	     (st.st_uid != 0 && st.st_uid != geteuid())))
		warn(log, directory,
		     "other users may replace what lies in this directory");
	free(copy);
}

static void
check(struct log *log, const char *path, bool is_secret)
{
	struct stat st;

	if (path == NULL || stat(path, &st) != 0 || !S_ISREG(st.st_mode))
		return;
	if (others_may_write(&st))
		warn(log, path, "other users may change this file");
	if (is_secret && (st.st_mode & S_IROTH) != 0)
		warn(log, path,
		     "other users may read this file, and it holds secrets");
	check_directory(log, path);
}

/* Who may put a file there may set anything. */
static void
check_drop_ins(struct log *log, const char *config)
{
	struct drop_ins drop_ins;
	struct error err;
	struct stat st;

	error_init(&err);
	if (!config || drop_ins_find(&drop_ins, config, &err) != STATUS_OK)
		return;
	if (stat(drop_ins.folder, &st) == 0 && others_may_write(&st))
		warn(log, drop_ins.folder,
		     "other users may add to, or replace, what lies in this "
		     "directory");
	for (size_t i = 0; i < drop_ins.count; i++)
		check(log, drop_ins.paths[i], false);
	drop_ins_fini(&drop_ins);
}

void
exposed_warn(const struct options *options, struct log *log)
{
	char *ticket_key = ticket_file_path(options->database);
	/* To add one: a row. The hashes of the tokens' secrets are in the
	 * database. */
	const struct {
		const char *path;
		bool is_secret;
	} files[] = {
		{ options->config, false }, { options->database, true },
		{ ticket_key, true },       { options->tls_certificate, false },
		{ options->tls_key, true },
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		check(log, files[i].path, files[i].is_secret);
	check_drop_ins(log, options->config);
	free(ticket_key);
}
