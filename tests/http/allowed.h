/*
 * The list of allowed differences between a release and the one before it,
 * tests/compat/X.Y/allowed.http; its head says how it is written. It is the
 * only thing that test_compat forgives.
 *
 * Ownership: all of it is the `struct toggled`'s.
 */
#ifndef TESTS_HTTP_ALLOWED_H
#define TESTS_HTTP_ALLOWED_H

#include "harness.h"

/* A request with its answer. Where `was` is NULL both releases answer `is`. */
struct allowed_step {
	const char *request;
	const char *was;
	const char *is;
	bool used; /* for whoever looks it up */
};

enum { ALLOWED_STEPS_MAX = 40 };

struct allowed_section {
	const char *title;
	const char *file;      /* the recording it is about; NULL: its own */
	const char *reason;    /* the comments behind the title, in one */
	const char *arguments; /* further ones of the program; "" */
	size_t begin;          /* where it stands in the text of the list */
	size_t end;
	struct allowed_step steps[ALLOWED_STEPS_MAX];
	size_t step_count;
};

struct allowed {
	struct allowed_section *sections;
	size_t count;
	const char *text;
};

struct allowed *allowed_read(struct toggled *t, const char *path);

/* The step of recording `file` (or of no recording) for a request that was
 * answered `was`; NULL: there is none. */
struct allowed_step *allowed_find(struct allowed *allowed, const char *file,
				  const char *request, const char *was);

/* Start the program as the section wants it. */
void allowed_start(struct toggled *t, const struct allowed_section *section);

#endif
