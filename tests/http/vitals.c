#include "vitals.h"

#include <arpa/inet.h>
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "scene.h"

enum { TICK_MS = 10 };

static FILE *
open_proc(const char *path)
{
	FILE *file = fopen(path, "re");

	ck_assert_msg(file != NULL, "%s cannot be read", path);
	return file;
}

int64_t
vitals_rss_kib(const struct toggled *t)
{
	char path[64];
	char line[256];
	long long kib = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)t->pid);
	file = open_proc(path);
	while (kib < 0 && fgets(line, sizeof(line), file) != NULL)
		(void)sscanf(line, "VmRSS: %lld kB", &kib);
	fclose(file);
	ck_assert_int_ge(kib, 0);
	return kib;
}

int
vitals_descriptors(const struct toggled *t)
{
	char path[64];
	DIR *dir;
	int count = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)t->pid);
	dir = opendir(path);
	/* It lets nobody of its own user look into it: then it says so. */
	if (dir == NULL && errno == EACCES)
		return (int)metric((struct toggled *)(uintptr_t)t,
				   "process_open_fds");
	ck_assert_ptr_nonnull(dir);
	for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir))
		count += e->d_name[0] != '.';
	closedir(dir);
	return count;
}

int64_t
vitals_cpu_ticks(const struct toggled *t)
{
	long long user = 0;
	long long kernel = 0;
	char path[64];
	FILE *file;
	int n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)t->pid);
	file = open_proc(path);
	n = fscanf(file,
		   "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
		   "%lld %lld",
		   &user, &kernel);
	fclose(file);
	ck_assert_int_eq(n, 2);
	return user + kernel;
}

int
vitals_sockets(const struct toggled *t, enum vitals_state state)
{
	FILE *file = open_proc("/proc/net/tcp");
	char line[256];
	int count = 0;

	while (fgets(line, sizeof(line), file) != NULL) {
		unsigned port;
		unsigned now;

		if (sscanf(line, "%*d: %*x:%x %*x:%*x %x", &port, &now) == 2)
			count += (int)port == t->port && now == (unsigned)state;
	}
	fclose(file);
	return count;
}

int64_t
vitals_unsent(const struct toggled *t, int client_fd)
{
	FILE *file = open_proc("/proc/net/tcp");
	struct sockaddr_in client;
	socklen_t length = sizeof(client);
	char line[256];
	int64_t bytes = 0;

	ck_assert_int_eq(
	    getsockname(client_fd, (struct sockaddr *)&client, &length), 0);
	while (fgets(line, sizeof(line), file) != NULL) {
		unsigned here;
		unsigned there;
		unsigned queue;

		if (sscanf(line, "%*d: %*x:%x %*x:%x %*x %x:", &here, &there,
			   &queue) == 3 &&
		    (int)here == t->port && there == ntohs(client.sin_port))
			bytes = (int64_t)queue;
	}
	fclose(file);
	return bytes;
}

struct rest {
	const struct toggled *t;
	int64_t began; /* ticks */
	int64_t most;
};

static bool
takes_more(void *ctx)
{
	const struct rest *rest = ctx;

	return vitals_cpu_ticks(rest->t) - rest->began >= rest->most;
}

int64_t
vitals_expect_rest(const struct toggled *t, int ms)
{
	struct rest rest = { t, vitals_cpu_ticks(t), ms / TICK_MS / 3 };

	ck_assert_msg(!wait_until(takes_more, &rest, ms),
		      "the processor does not rest");
	return vitals_cpu_ticks(t) - rest.began;
}

void
vitals_wrap(struct toggled *t, const char *prologue)
{
	const char *script = toggled_write(
	    t, "wrapper",
	    toggled_text(
		t, "#!/bin/sh\n%s\nexec \"$BINARY\" \"$@\"\n",
		toggled_text(t, "BINARY='%s'\n%s", t->binary, prologue)));

	ck_assert_int_eq(chmod(script, 0700), 0);
	snprintf(t->binary, sizeof(t->binary), "%s", script);
}
