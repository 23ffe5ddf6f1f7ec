/*
 * Time, samples and options: what every benchmark program does alike. Header
 * only, because a program of this folder is one source file. Nothing here is
 * shared between threads.
 *
 * A benchmark that cannot go on says why and ends; it has nothing to save.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/attr.h"
#include "base/mem.h"

static inline uint64_t
measure_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Let `ms` pass; for pacing and for polling a condition, nothing else. */
static inline void
measure_pause(int ms)
{
	poll(NULL, 0, ms);
}

_Noreturn static inline void measure_die(const char *fmt, ...)
    PRINTF_LIKE(1, 2);

_Noreturn static inline void
measure_die(const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	fputs("bench: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(EXIT_FAILURE);
}

/* A growing list of figures. */
struct samples {
	double *at;
	size_t count;
	size_t room;
};

static inline void
samples_add(struct samples *s, double figure)
{
	if (s->count == s->room) {
		s->room = s->room == 0 ? 1024 : s->room * 2;
		s->at = mem_resize(s->at, s->room, sizeof(*s->at));
	}
	s->at[s->count++] = figure;
}

static inline void
samples_fini(struct samples *s)
{
	free(s->at);
	*s = (struct samples){ 0 };
}

static inline int
samples_order(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The figure below which the share `q` (0 .. 1) lies; 0 when there is none. */
static inline double
samples_quantile(struct samples *s, double q)
{
	if (s->count == 0)
		return 0;
	qsort(s->at, s->count, sizeof(*s->at), samples_order);
	return s->at[(size_t)(q * (double)(s->count - 1) + 0.5)];
}

/* An option is a row: to add one, add a row and a place for its value. */
enum option_kind { OPTION_FLAG, OPTION_NUMBER, OPTION_TEXT };

struct option_row {
	const char *name; /* without the dashes; NULL ends the table */
	enum option_kind kind;
	void *value; /* bool, uint64_t or const char *, by kind */
	const char *help;
};

_Noreturn static inline void
options_usage(const struct option_row *rows, const char *program)
{
	static const char *const shape[] = { "", " N", " TEXT" };

	fprintf(stderr, "usage: %s\n", program);
	for (; rows->name != NULL; rows++)
		fprintf(stderr, "  --%s%s\t%s\n", rows->name, shape[rows->kind],
			rows->help);
	exit(EXIT_FAILURE);
}

static inline const struct option_row *
options_find(const struct option_row *rows, const char *word)
{
	if (strncmp(word, "--", 2) != 0)
		return NULL;
	for (; rows->name != NULL; rows++)
		if (strcmp(rows->name, word + 2) == 0)
			return rows;
	return NULL;
}

static inline void
options_number(const char *name, const char *text, uint64_t *value)
{
	char *end = NULL;

	errno = 0;
	*value = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0')
		measure_die("--%s: '%s' is no number", name, text);
}

/* Reads the command line into the rows' places; ends the program with the
 * usage when it does not understand a word. */
static inline void
options_read(const struct option_row *rows, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const struct option_row *row = options_find(rows, argv[i]);

		if (row == NULL)
			options_usage(rows, argv[0]);
		if (row->kind == OPTION_FLAG) {
			*(bool *)row->value = true;
			continue;
		}
		if (++i == argc)
			options_usage(rows, argv[0]);
		if (row->kind == OPTION_NUMBER)
			options_number(row->name, argv[i], row->value);
		else
			*(const char **)row->value = argv[i];
	}
}

#endif
