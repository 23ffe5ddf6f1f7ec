/*
 * One request and its reply. Handlers see only this: no libmicrohttpd types, so
 * that unit tests can call them directly. Owned by its connection, used on its
 * loop's thread, freed once when the exchange is over.
 */
#ifndef SRC_HTTP_REQUEST_H
#define SRC_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "feed/feed.h"
#include "model/catalog.h"
#include "registry/registry.h"
#include "reply.h"
#include "request_id.h"
#include "route.h"

struct evaluator;
struct loop;

struct request_pair {
	struct string name;
	struct string value;
};

struct request {
	struct loop *loop;
	struct evaluator *evaluator; /* the loop's */
	const struct route *route;   /* NULL until routed */
	enum method method;          /* HEAD is METHOD_GET with head_only */
	bool head_only;
	bool is_ofrep;      /* of a path of OFREP's, also before it is routed */
	char other[21];     /* METHOD_OTHER: what was sent, as far as it fits */
	struct string path; /* decoded once, no NUL in it */
	struct string params[ROUTE_PARAMS_MAX]; /* what {…} matched */
	struct request_pair *query; /* decoded, in order, repeated ones too */
	size_t query_count;
	struct request_pair *headers; /* names as sent; compare without case */
	size_t header_count;
	struct bytes body;
	char peer[64];             /* "127.0.0.1:51234", "unix" */
	char id[REQUEST_ID_BYTES]; /* X-Request-Id: the given one if sane */
	bool id_given;
	int64_t started_us; /* monotonic */

	struct arena arena; /* everything decoded for this request */
	struct reply reply;

	struct definition *token; /* who asks: see access.h; a reference */
	uint8_t secret;           /* which of the token's proved it */
	struct catalog *catalog;  /* as of its start; a reference */
	const struct snapshot *snapshot; /* of {env}; borrowed from catalog */

	struct job *job; /* of request_job; NULL: none */
	void (*then)(struct request *r);
	/* Answers out of another snapshot: of the past with ?at=, or that with
	 * which a wait ended (await.h). */
	void (*past)(struct request *r, const struct snapshot *snapshot);

	/* While it waits: set by request_wait. */
	struct topic topic;
	int64_t wait_since;
	int64_t wait_ms;
	void (*answered)(struct request *r, struct blob *body, int64_t revision,
			 enum answer_reason reason);

	struct error error; /* last: it is not cleared with the rest */
};

/* Set the method, and whether the answer has no body. */
void request_take_method(struct request *r, const char *method);

/* For people: as it was sent, HEAD too. */
const char *request_method_name(const struct request *r);

/* A query parameter or header, NUL-terminated; NULL when absent. None is
 * repeated once intake.c has let the request in: a header that is a list has
 * all of its lines in one (field.h). */
const char *request_query(const struct request *r, const char *name);
const char *request_header(const struct request *r, const char *name);

/* Refuse a query parameter that stands twice: one of the two would be dropped.
 * Fills the reply and returns false. */
bool request_unique_query(struct request *r);

/* Refuse query parameters that are not in `names` (NULL-terminated), with a
 * hint: fills the reply and returns false. */
bool request_known_query(struct request *r, const char *const *names);

/* "true"/"1"/"" are true, "false"/"0"/absent false; else fills the reply with
 * 400 and returns false from the function, the value through `out`. */
bool request_flag(struct request *r, const char *name, bool *out);

/* A moment out of the query, in the request's arena; NULL when it is not there.
 * False: the reply is filled. */
bool request_moment(struct request *r, const char *name,
		    const struct moment **out);

/* The wall clock. */
int64_t request_now_ms(const struct request *r);

/* The body as JSON in the request's arena, after the checks of media type and
 * emptiness (an empty body is an error that says so). False: reply is filled.
 */
bool request_json(struct request *r, struct value *out);

/* The same of a body with a context (json_limits.foreign), in another arena. */
bool request_foreign_json(struct request *r, struct arena *arena,
			  struct value *out);

/* Whom the steps of evaluating for it are charged to (effort.h); 0 for one that
 * is only tried. */
uint64_t request_account(const struct request *r);

/* The reply where evaluating would take more than that account may spend now
 * (evaluator_afford). */
void request_refuse_effort(struct request *r, int64_t wait_ms);

/* Start a job for the registry, in the request's arena: fill r->job, then
 * request_submit. */
void request_job(struct request *r, enum job_type type);

/* Hand r->job to the registry; `then` is called on the loop's thread with its
 * results and fills the reply. Returns STEP_JOB, or STEP_REPLY with the reply
 * filled (503 and Retry-After) when the mailbox is full. */
enum step request_submit(struct request *r, void (*then)(struct request *r));

/* Tried out by repoll.c: only whether it waits matters, a reply is dropped. */
bool request_is_trial(struct request *r);

/* Wait in the feed. `answered` fills the reply on the loop's thread; NULL: the
 * standard answer (200, application/json, ETag "epoch.revision", no-store;
 * ANSWER_GONE: 404), which allows parking outside libmicrohttpd. */
enum step request_wait(struct request *r, const struct topic *topic,
		       int64_t since, int64_t wait_ms,
		       void (*answered)(struct request *r, struct blob *body,
					int64_t revision,
					enum answer_reason reason));

#endif
