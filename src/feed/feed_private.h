/*
 * The state of a feed, for the sources of this folder.
 */
#ifndef FEED_FEED_PRIVATE_H
#define FEED_FEED_PRIVATE_H

#include "base/random.h"
#include "feed/channel.h"
#include "feed/feed.h"
#include "feed/wheel.h"

struct feed {
	struct feed_config config;
	struct random jitter;
	struct catalog *catalog; /* published last; NULL: none yet */
	uint64_t publication;    /* counts them, from 1 */
	struct channels channels;
	struct wheel wheel;
	size_t waiting; /* the woken ones included */
	uint64_t woken;
	uint64_t expired;
};

#endif
