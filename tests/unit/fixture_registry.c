#include "fixture_registry.h"

#include <check.h>
#include <string.h>

#include "scratch.h"
#include "wire/json.h"

enum { MAILBOX = 64, GROUP = 16 };

struct string
desk_string(const char *text)
{
	return (struct string){ text, strlen(text) };
}

static void
on_publish(void *ctx, const struct catalog *catalog)
{
	struct desk *desk = ctx;

	pthread_mutex_lock(&desk->mutex);
	catalog_unref(desk->catalog);
	desk->catalog = catalog_ref(catalog);
	desk->published++;
	pthread_mutex_unlock(&desk->mutex);
}

static void
on_fatal(void *ctx, const struct error *err)
{
	struct desk *desk = ctx;

	(void)err;
	pthread_mutex_lock(&desk->mutex);
	desk->fatal++;
	pthread_mutex_unlock(&desk->mutex);
}

unsigned
desk_fatal(struct desk *desk)
{
	unsigned count;

	pthread_mutex_lock(&desk->mutex);
	count = desk->fatal;
	pthread_mutex_unlock(&desk->mutex);
	return count;
}

void
desk_start(struct desk *desk)
{
	error_init(&desk->err);
	ck_assert_msg(registry_start(&desk->config, &desk->registry,
				     &desk->err) == STATUS_OK,
		      "%s", desk->err.text);
}

void
desk_stop(struct desk *desk)
{
	registry_stop(desk->registry);
	desk->registry = NULL;
}

void
desk_open(struct desk *desk)
{
	memset(desk, 0, sizeof(*desk));
	scratch_open(desk->directory, desk->path);
	desk->config = (struct registry_config){ .database = desk->path,
						 .mode = STORE_CREATE,
						 .mailbox_limit = MAILBOX,
						 .group_limit = GROUP,
						 .clock = clock_system(),
						 .publish = on_publish,
						 .fatal = on_fatal,
						 .ctx = desk };
	pthread_mutex_init(&desk->mutex, NULL);
	pthread_cond_init(&desk->cond, NULL);
	arena_init(&desk->arena);
	desk_start(desk);
}

void
desk_close(struct desk *desk)
{
	desk_stop(desk);
	catalog_unref(desk->catalog);
	arena_fini(&desk->arena);
	pthread_cond_destroy(&desk->cond);
	pthread_mutex_destroy(&desk->mutex);
	scratch_close(desk->directory);
}

void
desk_tamper(struct desk *desk, const char *sql)
{
	desk_stop(desk);
	scratch_tamper(desk->path, sql);
}

/* Jobs tell the test's thread that they are done. */
static void
on_done(struct job *job)
{
	struct ticket *ticket = job->owner;
	struct desk *desk = ticket->desk;

	pthread_mutex_lock(&desk->mutex);
	ticket->is_done = true;
	pthread_cond_broadcast(&desk->cond);
	while (ticket->holds && desk->is_held)
		pthread_cond_wait(&desk->cond, &desk->mutex);
	pthread_mutex_unlock(&desk->mutex);
}

void
desk_hold(struct desk *desk)
{
	ticket_init(&desk->gate, desk, JOB_HISTORY);
	desk->gate.job.history.limit = 1;
	desk->gate.holds = true;
	desk->is_held = true;
	(void)ticket_run(&desk->gate);
	job_fini(&desk->gate.job);
}

void
desk_release(struct desk *desk)
{
	pthread_mutex_lock(&desk->mutex);
	desk->is_held = false;
	pthread_cond_broadcast(&desk->cond);
	pthread_mutex_unlock(&desk->mutex);
}

void
ticket_init(struct ticket *ticket, struct desk *desk, enum job_type type)
{
	memset(ticket, 0, sizeof(*ticket));
	ticket->desk = desk;
	job_init(&ticket->job, type);
	ticket->job.done = on_done;
	ticket->job.owner = ticket;
	ticket->job.by.kind = PRINCIPAL_PROGRAM;
	ticket->job.environment = desk_string("default");
	ticket->job.actor = desk_string("ann");
	ticket->job.comment = desk_string("why");
}

struct edit *
desk_edit(struct desk *desk, enum edit_verb verb, enum kind kind,
	  const char *key, const char *json)
{
	struct edit *edit = arena_zalloc(&desk->arena, 1, sizeof(*edit));

	edit->verb = verb;
	edit->kind = kind;
	edit->key = desk_string(key);
	edit->pointer = "";
	if (json != NULL)
		ck_assert_int_eq(json_decode(json, strlen(json), NULL,
					     &desk->arena, &edit->value,
					     &desk->err),
				 STATUS_OK);
	return edit;
}

void
ticket_edit(struct ticket *ticket, struct desk *desk, enum edit_verb verb,
	    enum kind kind, const char *key, const char *json)
{
	ticket_init(ticket, desk, JOB_WRITE);
	ticket->job.write.edits = desk_edit(desk, verb, kind, key, json);
	ticket->job.write.count = 1;
}

void
ticket_submit(struct ticket *ticket)
{
	struct error err;

	error_init(&err);
	ck_assert_int_eq(
	    registry_submit(ticket->desk->registry, &ticket->job, &err),
	    STATUS_OK);
}

void
ticket_wait(struct ticket *ticket)
{
	struct desk *desk = ticket->desk;

	pthread_mutex_lock(&desk->mutex);
	while (!ticket->is_done)
		pthread_cond_wait(&desk->cond, &desk->mutex);
	pthread_mutex_unlock(&desk->mutex);
}

enum status
ticket_run(struct ticket *ticket)
{
	ticket_submit(ticket);
	ticket_wait(ticket);
	return ticket->job.status;
}

int64_t
desk_write(struct desk *desk, enum edit_verb verb, enum kind kind,
	   const char *key, const char *json)
{
	struct ticket ticket;
	int64_t revision;

	ticket_edit(&ticket, desk, verb, kind, key, json);
	ck_assert_msg(ticket_run(&ticket) == STATUS_OK, "%s",
		      ticket.job.error.text);
	revision = ticket.job.revision;
	job_fini(&ticket.job);
	return revision;
}

const struct definition *
desk_toggle(const struct desk *desk, const char *key)
{
	const struct snapshot *s = catalog_find(desk->catalog, "default", 7);

	return snapshot_find(s, KIND_TOGGLE, key, strlen(key));
}
