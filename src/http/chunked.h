/*
 * Bodies in chunks that come to a stop. libmicrohttpd 0.9 neither reads on nor
 * gives up where a line of such a body's frame (a chunk's size and extension, a
 * trailer) does not fit into its buffer: it asks to be run again, at once and
 * for ever, and no longer looks at the socket. So what has come is held against
 * what was a body; where the rest can be no frame of sane size, the request is
 * refused and the connection ends.
 *
 * An exchange is here from chunked_begin to chunked_end. The loop's thread.
 */
#ifndef SRC_HTTP_CHUNKED_H
#define SRC_HTTP_CHUNKED_H

#include <stddef.h>

struct connection;
struct exchange;
struct loop;

enum { CHUNKED_FRAME_BYTES = 4096 }; /* beyond what sane chunks need */

/* Its body comes in chunks, behind a head whose last byte is before `body` in
 * the library's memory. */
void chunked_begin(struct exchange *x, const char *body);

/* So much of the body came, in one piece. */
void chunked_piece(struct exchange *x, size_t size);

/* It is complete, or its request is over. Any exchange is allowed. */
void chunked_end(struct exchange *x);

/* The library wants to be run again at once: end those that it cannot read on
 * from. Cheap where there is none. */
void chunked_look(struct loop *loop);

#endif
