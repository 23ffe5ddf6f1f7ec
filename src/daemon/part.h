/*
 * A document that is to be imported, cut into bodies of POST /changes: each
 * under the server's limits of bytes and items. Segments come first, because
 * toggles refer to them. What fits stays whole.
 */
#ifndef SRC_DAEMON_PART_H
#define SRC_DAEMON_PART_H

#include <stddef.h>

#include "base/bytes.h"
#include "model/value.h"

struct parts {
	struct bytes *items;
	size_t count;
};

/* `document` is a flagd document or an export of ours; whether it is a good one
 * is for the server to say, so anything else becomes one part as it stands. */
void parts_init(struct parts *parts, const struct value *document);
void parts_fini(struct parts *parts);

#endif
