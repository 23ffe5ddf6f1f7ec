/*
 * A listening socket on a loop. Accepted sockets go to where their first head
 * is judged (park_meet, bridge_open). At a limit somebody else makes room
 * (room.h); where nobody does, a newcomer by a unix socket takes a place in the
 * reserve, any other waits in the lobby (lobby.h) for its head to be judged.
 * Where no descriptor is left, one that is kept spare serves to say so, and the
 * listener rests until connections have ended: it never spins.
 */
#ifndef SRC_HTTP_LISTENER_H
#define SRC_HTTP_LISTENER_H

#include "base/attr.h"
#include "base/error.h"

struct connection_origin;
struct listener;
struct loop;
struct loop_socket;

/* Starts accepting. In front of `next`; the socket is borrowed. */
enum status listener_new(struct loop *loop, const struct loop_socket *socket,
			 struct listener *next, struct listener **listener,
			 struct error *err) MUST_CHECK;

/* Takes what the kernel has queued, then stops. All of the list; NULL is
 * allowed. */
void listener_free_all(struct listener *listener);

#endif
