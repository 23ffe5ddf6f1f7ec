/*
 * Channels: the waiters of equal topics. A channel is either open, then it
 * stands in its room (all channels of one environment) and takes waiters, or
 * woken, then it stands in the queue and only loses them. To wake ten thousand
 * waiters is to move one channel.
 *
 *     channel_open ──> open ──channel_wake──> woken ──channel_return──> open
 *                        └───── last waiter left ────┴──> freed
 *
 * Whether a change touches a selection may take an evaluation to say. Then the
 * channel is woken with the question open: `before` is what its waiters have.
 *
 * One thread. Waiters are borrowed; everything else here is owned.
 */
#ifndef FEED_CHANNEL_H
#define FEED_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/map.h"
#include "feed/feed.h"

struct channel {
	struct topic topic; /* its strings lie in `text` */
	struct waiter *waiters;
	int64_t newest;    /* none of its waiters has seen more than this */
	struct room *room; /* NULL: woken */
	struct channel *next, **link; /* in its room, or in the queue */

	/* Only once woken. */
	enum answer_reason reason; /* ANSWER_CHANGED, _DRAINED or _ENDED */
	struct snapshot *before;   /* to be compared first; NULL: touched */
	bool deferred;             /* it was put behind the others once */
	int64_t since;             /* all of them have seen this; 0: nothing */
	uint64_t publication;      /* that the body was last held against */
	struct snapshot
	    *snapshot; /* that the body is of; NULL: none is there */
	struct blob *body;

	char text[];
};

struct room {
	struct channel *channels;
	struct string environment; /* lies in `text` */
	char text[];
};

struct channels {
	struct map by_topic; /* open channels */
	struct map rooms;    /* by environment; none is empty for long */
	struct channel *queue, **queue_end;
	struct bytes key; /* scratch */
};

void channels_init(struct channels *channels);

/* All channels are gone. */
void channels_fini(struct channels *channels);

/* The open channel of `topic`, made if there is none. */
struct channel *channel_open(struct channels *channels,
			     const struct topic *topic) MUST_CHECK;

void channel_join(struct channel *channel, struct waiter *waiter);

/* The waiter leaves its channel, open or woken; an empty channel and an empty
 * room are freed. */
void channel_leave(struct channels *channels, struct waiter *waiter);

/* Close the channel and put it at the end of the queue. Its room stays even if
 * that leaves it empty: channels_tidy. */
void channel_wake(struct channels *channels, struct channel *channel,
		  enum answer_reason reason, int64_t since);

/* A woken channel goes to the end of the queue, once. */
void channel_defer(struct channels *channels, struct channel *channel);

/* Nothing that its waiters selected has changed: the woken channel opens again,
 * or they move into the one that was opened meanwhile. */
void channel_return(struct channels *channels, struct channel *channel);

/* The question is settled, or need not be asked any more. */
void channel_settle(struct channel *channel);

/* From a woken channel into the open one of the same topic. */
void channel_reopen(struct channels *channels, struct waiter *waiter);

/* Free the room if it is empty. */
void channels_tidy(struct channels *channels, struct room *room);

#endif
