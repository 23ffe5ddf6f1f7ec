/*
 * A connection while libmicrohttpd has it, and the callbacks through which a
 * request passes:
 *
 *   target -> STARTED -> (header) READING -> (body) handler
 *      reply at once ----------------------------------> ANSWERED
 *      STEP_JOB  -> WORKING, suspended -> request_resume -> ANSWERED
 *      STEP_WAIT -> park: WAITING, suspended ----------> ANSWERED
 *                     or: LEFT, the socket is parked outside
 *   completed -> the exchange is freed
 *
 * Deadlines are looked at by the reaper (reaper.h).
 */
#ifndef SRC_HTTP_CONNECTION_H
#define SRC_HTTP_CONNECTION_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#include "exchange.h"
#include "peer.h"
#include "room.h"

struct bridge;
struct stream;

/* Where a socket comes from when it is given to libmicrohttpd. */
struct connection_origin {
	struct peer peer;
	uint64_t consumed; /* bytes of requests that were read from it before */
	struct bridge *bridge; /* it comes under TLS; NULL: in clear text */
	size_t head_bytes; /* that stand in it and hold a whole head, or 0 */
};

struct connection {
	struct loop *loop;
	struct MHD_Connection *mhd;      /* NULL: it has not begun with it */
	struct connection *next, **link; /* among the loop's */
	struct exchange *exchange;       /* the request under way, or NULL */
	struct stream *stream; /* the endless reply under way, or NULL */
	int64_t deadline_ms;   /* 0: none */
	uint64_t consumed;     /* bytes of the requests that are through */
	size_t head_bytes;     /* with which it came */
	const char *memory; /* the library's for it begins there, or before */
	struct peer peer;
	char peer_text[PEER_TEXT_BYTES]; /* "" until it is needed */
	struct bridge *bridge;           /* counts for it; NULL: clear text */
	struct room_place place; /* while it has no request that counts */
	int fd;
	bool stays;   /* it was tried: it cannot rest outside for now */
	bool watched; /* for hang-ups, by park */
	bool ended;   /* the client sends no more: a FIN was seen */
	bool hung_up;
	bool left;     /* the socket lives on outside: do not count it off */
	bool orphaned; /* its bridge is gone or does without it */
	bool lingers;  /* its answer went out before its request was read */
	bool evicted;  /* it made room: it is closed as soon as may be */
};

/* A socket that is about to be given to libmicrohttpd, which says when it has
 * begun with it: some releases within MHD_add_connection, others in MHD_run. So
 * it is among loop->arriving until then. */
void connection_arrive(struct loop *loop, int fd,
		       const struct connection_origin *origin);

/* The library has run: whoever it has not begun with by now it has refused, and
 * closed. */
void connection_settle(struct loop *loop);

/* Count off a connection that is gone. */
void connection_forget(struct loop *loop, struct peer *peer);

/* As what it counts; borrowed. */
struct peer *connection_peer(struct connection *connection);

/* Was it let in beyond the limit? */
bool connection_is_reserved(struct connection *connection);

/* The same, and there is still no room: the reserve is for requests that end,
 * so that it is free for the next as soon as possible. */
bool connection_must_go(struct connection *connection);

/* Nobody works for it from now on: it may have to make room, as one of `class`,
 * those beyond the limit for each other alone. */
void connection_take_place(struct connection *connection,
			   enum room_class class);

/* Its socket goes on without it (depart.h); its place is the caller's. */
void connection_leave(struct connection *connection);

/* It makes room for others. */
void connection_evict(struct connection *connection);

/* Its bridge goes on without it: it has nobody to answer any more. */
void connection_orphan(struct connection *connection);

/* A request begins; whatever was before it is over. */
struct exchange *connection_begin(struct loop *loop,
				  struct connection *connection);

/* Queue the filled reply of an exchange. */
void connection_queue(struct exchange *x);

/* The same for one that is suspended, and resume it; loop_drive is the
 * caller's. */
void connection_answer(struct exchange *x);

/* Callbacks of the daemon; `cls` is the loop. */
enum MHD_Result connection_handle(void *cls, struct MHD_Connection *mhd,
				  const char *url, const char *method,
				  const char *version, const char *upload,
				  size_t *upload_size, void **context);
void connection_completed(void *cls, struct MHD_Connection *mhd, void **context,
			  enum MHD_RequestTerminationCode how);
void connection_notify(void *cls, struct MHD_Connection *mhd, void **context,
		       enum MHD_ConnectionNotificationCode what);

/* Leaves everything as it is: targets are decoded by uri.c, once. */
size_t connection_unescape(void *cls, struct MHD_Connection *mhd, char *text);

#endif
