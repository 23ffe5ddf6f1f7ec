/*
 * What the kernel says about the processes under load: memory, processor time,
 * and its own memory for sockets. Header only.
 */
#ifndef BENCH_PROC_H
#define BENCH_PROC_H

#include <dirent.h>

#include "bench/measure.h"

enum {
	PROC_PIDS_MAX = 32,
	PROC_SETTLE_MS = 100,
	PROC_SETTLE_TURNS = 150,
};

/* The processes of one server (nginx has several). */
struct proc_group {
	int pids[PROC_PIDS_MAX];
	size_t count;
};

/* "12,34,56"; NULL is no process. */
static inline struct proc_group
proc_group_parse(const char *text)
{
	struct proc_group group = { .count = 0 };
	char *end = NULL;

	while (text != NULL && *text != '\0' && group.count < PROC_PIDS_MAX) {
		group.pids[group.count++] = (int)strtol(text, &end, 10);
		if (end == text)
			measure_die("'%s' is no list of processes", text);
		text = *end == ',' ? end + 1 : end;
	}
	return group;
}

/* The sum of the "Name: 12 kB" lines called `name`, in bytes. */
static inline uint64_t
proc_field(const char *path, const char *name)
{
	FILE *file = fopen(path, "r");
	char line[256];
	uint64_t sum = 0;
	size_t length = strlen(name);

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, name, length) == 0 && line[length] == ':')
			sum += strtoull(line + length + 1, NULL, 10) * 1024;
	if (file != NULL)
		fclose(file);
	return sum;
}

static inline uint64_t
proc_memory(const struct proc_group *group, const char *name)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < group->count; i++) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/%d/smaps_rollup",
			 group->pids[i]);
		sum += proc_field(path, name);
	}
	return sum;
}

/* Nanoseconds on a processor of one thread. */
static inline uint64_t
proc_task_ns(int pid, const char *task)
{
	char path[320];
	char line[128] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", pid, task);
	file = fopen(path, "r");
	if (file == NULL)
		return 0;
	if (fgets(line, sizeof(line), file) == NULL)
		line[0] = '\0';
	fclose(file);
	return strtoull(line, NULL, 10);
}

/* Nanoseconds on a processor of all threads of all processes. */
static inline uint64_t
proc_cpu_ns(const struct proc_group *group)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < group->count; i++) {
		char path[64];
		DIR *tasks;
		struct dirent *task;

		snprintf(path, sizeof(path), "/proc/%d/task", group->pids[i]);
		tasks = opendir(path);
		if (tasks == NULL)
			continue;
		for (task = readdir(tasks); task != NULL; task = readdir(tasks))
			if (task->d_name[0] != '.')
				sum +=
				    proc_task_ns(group->pids[i], task->d_name);
		closedir(tasks);
	}
	return sum;
}

/* Returns once the processes do next to nothing (1 % of a processor), so that
 * every request sent is known to be parked; gives up after 15 s. */
static inline void
proc_settle(const struct proc_group *group)
{
	uint64_t before = proc_cpu_ns(group);

	for (int turn = 0; turn < PROC_SETTLE_TURNS; turn++) {
		uint64_t now;

		measure_pause(PROC_SETTLE_MS);
		now = proc_cpu_ns(group);
		if (now - before < PROC_SETTLE_MS * 10000u &&
		    (group->count > 0 || turn > 3))
			return;
		before = now;
	}
}

/* Socket buffers of all TCP sockets of the machine, in bytes. */
static inline uint64_t
proc_socket_bytes(void)
{
	FILE *file = fopen("/proc/net/sockstat", "r");
	char line[256];
	uint64_t pages = 0;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		const char *at = strstr(line, " mem ");

		if (strncmp(line, "TCP:", 4) == 0 && at != NULL)
			pages = strtoull(at + 5, NULL, 10);
	}
	if (file != NULL)
		fclose(file);
	return pages * 4096;
}

/* Slabs of the whole machine (sockets, inodes, dentries, epoll items). */
static inline uint64_t
proc_slab_bytes(void)
{
	return proc_field("/proc/meminfo", "Slab");
}

#endif
