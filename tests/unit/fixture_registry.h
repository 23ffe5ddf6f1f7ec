/*
 * A registry on a database in a directory of its own, driven as the HTTP side
 * drives it: jobs are submitted, and a ticket tells when its job is done.
 * Everything asserts, but for what a job comes to.
 */
#ifndef UNIT_FIXTURE_REGISTRY_H
#define UNIT_FIXTURE_REGISTRY_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "registry/registry.h"

struct desk;

struct ticket {
	struct job job;
	struct desk *desk;
	bool holds; /* `done` returns when the desk is released */
	bool is_done;
};

struct desk {
	char directory[64];
	char path[96];
	struct registry_config config; /* of the next desk_start */
	struct registry *registry;     /* NULL: stopped */
	struct arena arena;            /* holds the edits */
	struct error err;

	pthread_mutex_t mutex; /* of what follows */
	pthread_cond_t cond;
	struct catalog *catalog; /* the newest that was published */
	unsigned published;
	unsigned fatal; /* calls */
	bool is_held;
	struct ticket gate;
};

/* A fresh directory, and a registry that runs there. */
void desk_open(struct desk *desk);
void desk_close(struct desk *desk);

void desk_start(struct desk *desk);
void desk_stop(struct desk *desk);

/* The registry's thread stands still until the release: what is submitted
 * meanwhile is taken in one turn. */
void desk_hold(struct desk *desk);
void desk_release(struct desk *desk);

/* Stop, run SQL on the bare file. */
void desk_tamper(struct desk *desk, const char *sql);

/* A job of the program itself as "ann" in "default"; job_fini is the caller's.
 */
void ticket_init(struct ticket *ticket, struct desk *desk, enum job_type type);

/* The job is one edit; `json` NULL: without a value. */
void ticket_edit(struct ticket *ticket, struct desk *desk, enum edit_verb verb,
		 enum kind kind, const char *key, const char *json);

void ticket_submit(struct ticket *ticket);
void ticket_wait(struct ticket *ticket);

/* Both; what the job came to. */
enum status ticket_run(struct ticket *ticket);

/* An edit that lives as long as the desk. */
struct edit *desk_edit(struct desk *desk, enum edit_verb verb, enum kind kind,
		       const char *key, const char *json);

/* One write that has to be done; its revision. */
int64_t desk_write(struct desk *desk, enum edit_verb verb, enum kind kind,
		   const char *key, const char *json);

/* As published. NULL: there is none. */
const struct definition *desk_toggle(const struct desk *desk, const char *key);

/* How often the store was called dead. */
unsigned desk_fatal(struct desk *desk);

struct string desk_string(const char *text);

#endif
