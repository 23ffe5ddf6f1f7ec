/*
 * For black-box tests: the real program in a directory of its own, spoken to
 * over HTTP, over raw sockets and by signals.
 *
 *	struct toggled *t = toggled_new();
 *	toggled_start(t, NULL);
 *	struct answer *a = toggled_request(t, "PUT",
 *"/v1/envs/default/toggles/x", NULL, "{}"); ck_assert_int_eq(a->status, 201);
 *	struct poller *p = poll_start(t, "/v1/envs/default/changes?since=2",
 *NULL);
 *	...
 *	a = poll_finish(p, 5000);
 *	ck_assert_int_eq(json_int_at(answer_json(a), "/revision"), 3);
 *	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
 *	toggled_free(t);
 *
 * The program under test is $TOGGLED, or build/release/toggled.
 *
 * Ownership: whatever these functions return belongs to the `struct toggled`
 * and lives until toggled_free, so a test frees nothing else. When a test fails
 * half way, the program is killed, its directory removed and what it logged is
 * printed when the test's process has ended.
 *
 * Failure: what a test relies on but does not look at (the program starts, a
 * connection opens, an answer comes before its deadline) fails the test inside
 * the harness, with a text that says what was waited for.
 *
 * Time: nothing here sleeps. Every wait has a deadline in milliseconds and ends
 * at once when what it waits for is there.
 *
 * Thread: all calls on one `struct toggled` come from one thread. Many polls
 * may be open at a time: they are driven together whenever one is waited for.
 */
#ifndef TESTS_HTTP_HARNESS_H
#define TESTS_HTTP_HARNESS_H

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"

enum {
	DEADLINE_START_MS = 60000, /* until the ready line */
	DEADLINE_STOP_MS = 20000,  /* from the signal to the exit */
	DEADLINE_ANSWER_MS = 60000,
	/* What takes no time: a hang ends here, a busy machine does not. */
	SOON_MS = 60000,
	/* What happens because of what was asked, and not because a limit of
	 * time is over: the shortest is that of a head, 10 s. */
	AT_ONCE_MS = 8000,
};

struct owned; /* what toggled_free has to release */
struct http;  /* curl's handles */

struct toggled {
	char dir[64];            /* its own; the working directory of runs */
	char binary[PATH_MAX];   /* absolute */
	char database[PATH_MAX]; /* DIR/toggled.db */
	char log_path[PATH_MAX]; /* DIR/stderr: of all its lives */
	char ready[1024];        /* the ready line, without its newline */
	char url[256];       /* "http://127.0.0.1:PORT", the first address */
	int port;            /* of `url` */
	char unix_path[108]; /* requests go here when it is set, not to `url` */
	/* For https:// in `url`: whom to trust (PEM). When it is set, raw
	 * sockets speak TLS too, where raw_open_plain does not say otherwise.
	 */
	const char *ca_file;
	pid_t pid;     /* 0: it does not run */
	int output_fd; /* its stdout behind the ready line, or -1 */
	struct owned *owned;
	struct http *http;
	pid_t janitor; /* cleans up after a test that failed */
	int janitor_fd;
};

/* --- the program ------------------------------------------------------ */

/* A fresh directory; nothing runs yet. */
struct toggled *toggled_new(void);

/* Run `serve --listen 127.0.0.1:0 --database DIR/toggled.db` and the further
 * `args` (NULL-terminated; NULL: none) and return once it serves. Can be called
 * again after toggled_stop: the same database, a new port. */
void toggled_start(struct toggled *t, const char *const *args);

/* The same with all the arguments given, from the command word on. */
void toggled_start_as(struct toggled *t, const char *const *args);

/* Send `signal` and wait for the end. The exit status; 128 + number when a
 * signal killed it. */
int toggled_stop(struct toggled *t, int signal);

/* Wait for an end that was caused otherwise. */
int toggled_wait(struct toggled *t, int64_t deadline_ms);

/* Send a signal and go on. */
void toggled_signal(struct toggled *t, int signal);

/* Kill what still runs, remove the directory, release everything. */
void toggled_free(struct toggled *t);

/* What it has logged to stderr so far. */
const char *toggled_log(struct toggled *t);

/* A file in its directory: the path, and write / read the whole of it. */
const char *toggled_path(struct toggled *t, const char *name);
const char *toggled_write(struct toggled *t, const char *name,
			  const char *text);
const char *toggled_read(struct toggled *t, const char *name);

/* One run of the program to its end, in DIR: `toggled check --config x`. */
struct run {
	int status; /* exit status; 128 + number when a signal killed it */
	char *out;  /* all of stdout */
	char *err;  /* all of stderr */
};

/* `args` from the command word on, NULL-terminated. Stdin is /dev/null. */
const struct run *toggled_run(struct toggled *t, const char *const *args);

/* toggled_run(t, (const char *const[]){ "check", NULL }) in short. */
#define TOGGLED_RUN(t, ...)                                                    \
	toggled_run(t, (const char *const[]){ __VA_ARGS__, NULL })
#define TOGGLED_START(t, ...)                                                  \
	toggled_start(t, (const char *const[]){ __VA_ARGS__, NULL })

/* --- requests ---------------------------------------------------------- */

struct answer {
	long status;   /* HTTP status; 0: the connection ended without one */
	char *headers; /* as received, with status line, CRLF between lines */
	char *body;    /* NUL-terminated; "" when empty */
	size_t length; /* of body */
	json_t *json;  /* answer_json's */
};

/* Send a request and wait for its answer. `path` starts with "/" and is sent
 * as it stands. `headers` is NULL or a NULL-terminated list of "Name: value"
 * ("Name:" leaves out one that curl would add). `body` NULL: none; a body is
 * sent as application/json unless the headers say otherwise. Connections are
 * kept alive from one request to the next. A connection that ends early gives
 * status 0. */
struct answer *toggled_request(struct toggled *t, const char *method,
			       const char *path, const char *const *headers,
			       const char *body);

struct answer *toggled_get(struct toggled *t, const char *path);

/* Close the connection that is kept for requests; the next one opens another.
 */
void toggled_hang_up(struct toggled *t);

/* { "If-Match: \"3\"", "Toggled-Client: a/b" } as an argument. */
#define HEADERS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* The value of the first header of that name, in any case; NULL: none. */
const char *answer_header(struct toggled *t, const struct answer *answer,
			  const char *name);

/* The body as JSON (borrowed); it has to be some. */
json_t *answer_json(struct answer *answer);

/* What stands at a JSON pointer ("/toggles/new-checkout/state"), borrowed.
 * json_at: NULL when there is nothing; the others require the type. */
json_t *json_at(json_t *json, const char *pointer);
const char *json_text_at(json_t *json, const char *pointer);
int64_t json_int_at(json_t *json, const char *pointer);
bool json_bool_at(json_t *json, const char *pointer);
double json_real_at(json_t *json, const char *pointer); /* or an integer */

/* --- polls: several answers awaited at a time -------------------------- */

struct poller;

/* Send a GET on a connection of its own; returns when it has been written. The
 * server may not have read it yet: where that matters, wait until
 * `GET /metrics` or `…/clients` counts it. */
struct poller *poll_start(struct toggled *t, const char *path,
			  const char *const *headers);

/* Its answer is here (looks, does not wait). */
bool poll_is_done(struct poller *poller);

/* The answer, which has to come within `deadline_ms`. All other open polls make
 * progress meanwhile. */
struct answer *poll_finish(struct poller *poller, int64_t deadline_ms);

/* Milliseconds from poll_start to the last byte of the answer. */
double poll_took_ms(struct poller *poller);

/* Hang up. */
void poll_abandon(struct poller *poller);

/* --- raw sockets -------------------------------------------------------- */

struct raw;
struct secure;

struct raw *raw_open(struct toggled *t);
struct raw *raw_open_plain(struct toggled *t);

/* As raw_open, but the two kernels hold little between client and server: some
 * 50 KiB. For clients that do not read. */
struct raw *raw_open_narrow(struct toggled *t);

/* Send all of it. False when the other side has hung up. */
bool raw_send(struct raw *raw, const void *data, size_t length);
bool raw_send_text(struct raw *raw, const char *text);

/* The same in segments of `piece` bytes, each one acknowledged by the other
 * kernel before the next is sent. */
bool raw_send_pieces(struct raw *raw, const void *data, size_t length,
		     size_t piece);

/* The next whole HTTP answer (interim 1xx ones are skipped): by
 * Content-Length, chunked, or until the end. Further answers on the connection
 * stay for the next call. Status 0: the connection ended before one was whole.
 * Fails the test at the deadline. */
struct answer *raw_answer(struct raw *raw, int64_t deadline_ms);

/* The same for an answer to HEAD, which has no body. */
struct answer *raw_answer_head(struct raw *raw, int64_t deadline_ms);

/* All bytes until the other side hangs up, NUL-terminated. Fails the test at
 * the deadline. */
const char *raw_rest(struct raw *raw, size_t *length, int64_t deadline_ms);

/* All bytes received so far, NUL-terminated, once `text` is among them; nothing
 * is taken. Fails the test at the deadline and when the other side hangs up. */
const char *raw_until(struct raw *raw, const char *text, int64_t deadline_ms);

/* The other side hangs up within `deadline_ms`; what it sends is kept for
 * raw_answer. */
bool raw_is_closed(struct raw *raw, int64_t deadline_ms);

void raw_shutdown(struct raw *raw); /* we send no more (FIN) */
void raw_reset(struct raw *raw);    /* hang up with RST */
void raw_close(struct raw *raw);

/* For what the above does not do (socket options); borrowed. */
int raw_fd(const struct raw *raw);
struct secure *raw_secure(const struct raw *raw); /* NULL: in clear text */

/* --- waiting ------------------------------------------------------------ */

/* Until `is_true` says so; looks every few milliseconds. False at the
 * deadline. */
bool wait_until(bool (*is_true)(void *ctx), void *ctx,
		int64_t deadline_ms) MUST_CHECK;

/* Until the log has `text` in it. */
bool wait_until_logged(struct toggled *t, const char *text,
		       int64_t deadline_ms) MUST_CHECK;

/* Monotonic milliseconds. */
int64_t now_ms(void);

/* --- for the harness itself --------------------------------------------- */

/* Released by toggled_free, newest first. Returns `p`. */
void *toggled_own(struct toggled *t, void *p, void (*release)(void *p));

/* A formatted text, owned by `t`. */
char *toggled_text(struct toggled *t, const char *fmt, ...) PRINTF_LIKE(2, 3);

struct answer *answer_new(struct toggled *t);
void http_free(struct http *http);

#endif
