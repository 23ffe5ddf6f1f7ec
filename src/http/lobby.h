/*
 * The lobby: newcomers at a limit of connections, who are not counted and whom
 * libmicrohttpd does not see. What stands in the socket is looked at, not
 * taken. When the head of a request is whole:
 *
 *   it is none                                 answered so (reception.h)
 *   there is room by now                       admitted as anybody
 *   it shows the token of an editor or above   admitted, in the reserve
 *   anything else                              503, at once
 *
 * So whoever can switch something gets in while others hold all there is. Where
 * nobody has ever made a token, everybody can: then a request that may write
 * counts as the head of an editor.
 *
 * A loop has at most service.guests_max guests, and each of them has
 * LOBBY_MS. One more sends away the oldest of the address that has the most, so
 * a flood from one place does not keep others out.
 *
 * The loop's thread.
 */
#ifndef SRC_HTTP_LOBBY_H
#define SRC_HTTP_LOBBY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

struct bridge;
struct guest;
struct lobby;
struct loop;
struct peer;

enum {
	LOBBY_MS = 2 * 1000,
	LOBBY_ROOM_MS = 10, /* for other loops to make room */
};

struct lobby *lobby_new(struct loop *loop) MUST_CHECK;

/* Everybody is sent away. NULL is allowed. */
void lobby_free(struct lobby *lobby);

/* Take an accepted, nonblocking socket that counts as open, but not among the
 * limits. */
void lobby_enter(struct lobby *lobby, int fd, const struct peer *peer,
		 bool tls);

/* There may be room now: for those who are only waiting for that. */
void lobby_look_again(struct lobby *lobby);

/* The bridge of a guest has this of its client so far, in clear text. It may be
 * admitted or ended by the time that this returns. */
void lobby_hear(struct guest *guest, const char *text, size_t length);

/* The bridge of a guest ends. */
void lobby_forget(struct guest *guest);

#endif
