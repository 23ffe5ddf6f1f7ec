/*
 * Each side has at most one piece in hand that the other did not take; while it
 * has one, no more is read from where it came. So a client that does not read
 * stops libmicrohttpd, and the other way round.
 */
#include "bridge_private.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "connection.h"
#include "linger.h"
#include "lobby.h"
#include "loop.h"
#include "reaper.h"
#include "reception.h"

#define WATCHED                                                                \
	((uint32_t)EPOLLIN | (uint32_t)EPOLLOUT | (uint32_t)EPOLLRDHUP |       \
	 (uint32_t)EPOLLET)

static void
enter(struct bridge *b, enum bridge_state state)
{
	struct counters *counters = &b->bridges->loop->counters;

	if (state == BRIDGE_RESTING && b->state != BRIDGE_RESTING)
		counters_add(&counters->connections_resting, 1);
	else if (state != BRIDGE_RESTING && b->state == BRIDGE_RESTING)
		counters_sub(&counters->connections_resting, 1);
	b->state = state;
}

static void
watch(struct bridge_side *side)
{
	struct epoll_event event = { .events = WATCHED, .data.ptr = side };

	(void)epoll_ctl(side->bridge->bridges->epoll, EPOLL_CTL_ADD, side->fd,
			&event);
}

/* It may hold a token. */
static void
drop_piece(struct bytes *piece)
{
	if (piece->length > 0)
		explicit_bzero(piece->data, piece->length);
	bytes_fini(piece);
}

/* Out of the epoll set too, when it was the last descriptor. */
static void
close_side(struct bridge_side *side)
{
	if (side->fd >= 0)
		close(side->fd);
	side->fd = -1;
	drop_piece(&side->piece);
	side->finished = false;
}

/* What libmicrohttpd still has speaks of it no more. */
static void
drop_connection(struct bridge *b)
{
	if (b->connection != NULL)
		connection_orphan(b->connection);
	b->connection = NULL;
}

/* Close the client's socket, with patience where it has not been read out. */
static void
close_client(struct bridge *b)
{
	struct bridges *bridges = b->bridges;
	struct loop *loop = bridges->loop;
	const int fd = b->client.fd;
	const bool shaken = b->state != BRIDGE_SHAKING;

	if (shaken)
		tls_session_bye(&b->session);
	tls_session_close(&b->session);
	if (shaken && (b->lingers || linger_is_due(fd))) {
		(void)epoll_ctl(bridges->epoll, EPOLL_CTL_DEL, fd, NULL);
		b->client.fd = -1;
		linger_take(loop, fd, &b->peer);
	} else {
		connection_forget(loop, &b->peer);
	}
	close_side(&b->client);
}

void
bridge_end(struct bridge *b)
{
	struct bridges *bridges = b->bridges;

	if (b->state != BRIDGE_AWAY)
		bridges_delist(b);
	room_leave(bridges->loop, &b->place);
	drop_connection(b);
	if (b->guest != NULL)
		lobby_forget(b->guest);
	close_client(b);
	enter(b, BRIDGE_ENDED);
	close_side(&b->library);
	bridges_bury(b);
}

static ssize_t
receive(struct bridge_side *side, void *data, size_t length)
{
	struct bridge *b = side->bridge;

	return side == &b->client ? tls_receive(b->session.handle, data, length)
				  : recv(side->fd, data, length, MSG_DONTWAIT);
}

static ssize_t
transmit(struct bridge_side *side, const void *data, size_t length)
{
	struct bridge *b = side->bridge;
	ssize_t n;

	if (side == &b->client) {
		n = tls_send(b->session.handle, data, length);
		b->taken += n > 0 ? (uint64_t)n : 0;
	} else {
		n = send(side->fd, data, length, MSG_DONTWAIT | MSG_NOSIGNAL);
		b->passed += n > 0 ? (uint64_t)n : 0;
	}
	return n;
}

/* False: it takes nothing any more. What did not fit becomes its piece. */
static bool
give(struct bridge_side *to, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t n = transmit(to, data, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			return false;
		if (n < 0) {
			bytes_append(&to->piece, data, length);
			return true;
		}
		data += n;
		length -= (size_t)n;
	}
	return true;
}

/* The piece in hand, if there is one; false as above. */
static bool
give_rest(struct bridge_side *to)
{
	struct bytes piece = to->piece;
	bool good;

	if (piece.length == 0)
		return true;
	bytes_init(&to->piece);
	good = give(to, piece.data, piece.length);
	drop_piece(&piece);
	return good;
}

/* The library gets one end of a pair of sockets as if a client had come. */
static bool
open_library(struct bridge *b)
{
	struct connection_origin origin = { .peer = b->peer, .bridge = b };
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		       pair) != 0)
		return false;
	enter(b, BRIDGE_OPEN);
	room_leave(b->bridges->loop, &b->place);
	b->due_ms = 0;
	b->passed = 0;
	b->library.fd = pair[0];
	watch(&b->library);
	loop_admit(b->bridges->loop, pair[1], &origin);
	return true;
}

/* From one side to the other until one of them has or takes no more. False
 * where nothing can be done for the connection any more. */
static bool
pump(struct bridge_side *from, struct bridge_side *to)
{
	struct bridge *b = from->bridge;
	char *buffer = b->bridges->buffer;

	if (!give_rest(to))
		return false;
	while (to->piece.length == 0 && !from->finished) {
		ssize_t n = receive(from, buffer, BRIDGE_PIECE_BYTES);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n <= 0) {
			from->finished = true;
			return true;
		}
		if (!give(to, buffer, (size_t)n))
			return false;
	}
	return true;
}

/* The client's bytes to the library. When it has sent its last, the library is
 * told so; it may still answer. */
static bool
pump_in(struct bridge *b)
{
	if (!pump(&b->client, &b->library)) {
		/* The library has hung up; its answer may still be here. */
		b->client.finished = true;
		b->lingers = true;
		bytes_clear(&b->library.piece);
	}
	if (!b->client.finished || b->library.piece.length > 0)
		return true;
	(void)shutdown(b->library.fd, SHUT_WR);
	return true;
}

/* And back. A client that does not take its answer has so long for each piece;
 * a byte of it now and then is not enough.
 */
bool
bridge_pump_out(struct bridge *b)
{
	const struct service *service = b->bridges->loop->service;
	const uint64_t due = b->taken + b->client.piece.length;

	if (b->library.fd < 0)
		return true;
	if (!pump(&b->library, &b->client))
		return false;
	if (b->client.piece.length == 0) {
		b->due_ms = 0;
		return !b->library.finished;
	}
	if (b->taken >= due || b->due_ms == 0)
		bridges_expect(b, service->write_timeout_ms);
	return true;
}

/* False: it did not come to a session. */
static bool
shake(struct bridge *b)
{
	switch (tls_session_shake(&b->session)) {
	case TLS_SHAKEN:
		enter(b, BRIDGE_RESTING);
		return true;
	case TLS_SHAKE_AGAIN:
		return true;
	case TLS_SHAKE_FAILED:
		break;
	}
	return false;
}

/* As bytes_append; nothing of it stays where it has moved from. */
static void
keep(struct bytes *text, const char *data, size_t length)
{
	struct bytes grown;

	if (text->length > 0) {
		bytes_init(&grown);
		bytes_reserve(&grown, text->length + length);
		bytes_append(&grown, text->data, text->length);
		drop_piece(text);
		*text = grown;
	}
	bytes_append(text, data, length);
}

/* False where nothing can be done for it. */
static bool
judge(struct bridge *b, enum reception_more more)
{
	struct loop *loop = b->bridges->loop;
	const struct bytes *text = &b->library.piece;
	struct reception seen = { .more = more };

	reception_judge(loop, &b->peer, text->data, text->length, &seen);
	if (seen.verdict == RECEPTION_WHOLE)
		return open_library(b) && pump_in(b);
	if (seen.verdict == RECEPTION_WRONG) {
		bridge_send_away(b, seen.told);
	} else if (b->state == BRIDGE_RESTING) {
		enter(b, BRIDGE_HEARING);
		bridges_expect(b, reaper_head_ms(loop));
	}
	return true;
}

/* Its next head, which is kept here while it is judged. */
static bool
heed_head(struct bridge *b)
{
	char *buffer = b->bridges->buffer;
	struct bytes *text = &b->library.piece;
	ssize_t n = 1;

	while (text->length < RECEPTION_BYTES) {
		n = receive(&b->client, buffer, BRIDGE_PIECE_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		keep(text, buffer, (size_t)n);
		explicit_bzero(buffer, (size_t)n);
	}
	if (n == 0 || (n < 0 && errno != EAGAIN))
		b->client.finished = true;
	if (text->length == 0 || (b->client.finished && b->guest != NULL))
		return !b->client.finished;
	if (b->guest == NULL)
		return judge(b, b->client.finished ? RECEPTION_ENDED
						   : RECEPTION_MORE);
	lobby_hear(b->guest, text->data, text->length);
	return true;
}

void
bridge_be_late(struct bridge *b)
{
	if (b->state != BRIDGE_HEARING || !judge(b, RECEPTION_LATE))
		bridge_end(b);
}

/* These two: false when it is to be ended. */
static bool
heed_client(struct bridge *b, uint32_t events)
{
	if ((events & (EPOLLHUP | EPOLLERR)) != 0)
		return false;
	if (b->state == BRIDGE_SHAKING && !shake(b))
		return false;
	if (b->state == BRIDGE_SHAKING)
		return true;
	if (b->state == BRIDGE_RESTING || b->state == BRIDGE_HEARING)
		return heed_head(b);
	return pump_in(b) &&
	       (b->client.piece.length == 0 || bridge_pump_out(b));
}

static bool
heed_library(struct bridge *b)
{
	return bridge_pump_out(b) &&
	       (b->library.piece.length == 0 || pump_in(b));
}

bool
bridge_heed(struct bridge_side *side, uint32_t events)
{
	struct bridge *b = side->bridge;

	/* By an event of its other side, just now. */
	if (b->state == BRIDGE_ENDED)
		return true;
	return side == &b->client ? heed_client(b, events) : heed_library(b);
}

struct bridge *
bridge_open(struct bridges *bridges, int fd, const struct peer *peer,
	    struct guest *guest)
{
	const struct service *service = bridges->loop->service;
	struct bridge *b = mem_zalloc(1, sizeof(*b));
	const int on = 1;

	b->bridges = bridges;
	b->peer = *peer;
	b->client = (struct bridge_side){ .bridge = b, .fd = fd };
	b->library = (struct bridge_side){ .bridge = b, .fd = -1 };
	b->guest = guest;
	bridges_enlist(b);
	if (guest == NULL)
		room_enter(bridges->loop, &b->place, ROOM_ANONYMOUS,
			   ROOM_BRIDGE);
	if (!tls_session_open(&b->session, service->tls, fd)) {
		bridge_end(b);
		return NULL;
	}
	bridges_expect(b, service->header_timeout_ms);
	/* A socket that was passed to us may not have it. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	/* Reports what has come already. */
	watch(&b->client);
	return b;
}

void
bridge_admit(struct bridge *b, const struct peer *peer)
{
	b->guest = NULL;
	b->peer = *peer;
	if (!open_library(b) || !pump_in(b))
		bridge_end(b);
}

void
bridge_send_away(struct bridge *b, struct blob *told)
{
	if (b->state == BRIDGE_RESTING || b->state == BRIDGE_HEARING)
		(void)!tls_send(b->session.handle, told->data, told->length);
	blob_unref(told);
	/* More of its request may be on the way. */
	b->lingers = true;
	bridge_end(b);
}

void
bridge_attach(struct bridge *b, struct connection *c)
{
	b->connection = c;
}

void
bridge_detach(struct bridge *b, bool linger)
{
	b->connection = NULL;
	b->lingers = b->lingers || linger;
}

struct peer *
bridge_peer(struct bridge *b)
{
	return &b->peer;
}

bool
bridge_may_leave(const struct bridge *b, uint64_t expected)
{
	int unread = 0;

	return b->state == BRIDGE_OPEN && b->passed == expected &&
	       b->library.piece.length == 0 && b->client.piece.length == 0 &&
	       !b->client.finished && !tls_session_has_more(&b->session) &&
	       ioctl(b->library.fd, FIONREAD, &unread) == 0 && unread == 0;
}

uint64_t
bridge_passed(const struct bridge *b)
{
	return b->passed;
}

bool
bridge_rest(struct bridge *b, uint64_t expected, int64_t within_ms)
{
	if (!bridge_may_leave(b, expected) || b->connection == NULL)
		return false;
	room_move(b->bridges->loop, &b->connection->place, &b->place,
		  ROOM_BRIDGE);
	drop_connection(b);
	close_side(&b->library);
	enter(b, BRIDGE_RESTING);
	bridges_expect(b, within_ms);
	return true;
}

int
bridge_fd(const struct bridge *b)
{
	return b->client.fd;
}

void
bridge_leave(struct bridge *b)
{
	(void)epoll_ctl(b->bridges->epoll, EPOLL_CTL_DEL, b->client.fd, NULL);
	drop_connection(b);
	close_side(&b->library);
	bridges_delist(b);
	enter(b, BRIDGE_AWAY);
}

ssize_t
bridge_send(struct bridge *b, const void *data, size_t length)
{
	return tls_send(b->session.handle, data, length);
}

void
bridge_return(struct bridge *b, bool known)
{
	struct bridges *bridges = b->bridges;

	enter(b, BRIDGE_RESTING);
	bridges_enlist(b);
	room_enter(bridges->loop, &b->place,
		   known ? ROOM_KNOWN : ROOM_ANONYMOUS, ROOM_BRIDGE);
	bridges_expect(b, bridges->loop->service->idle_timeout_ms);
	watch(&b->client);
}
