/*
 * The OpenFeature Remote Evaluation Protocol, 0.3.0: answers as its clients
 * need them, which is stricter than the specification in places. Everything
 * that depends on the version of the protocol stands here.
 *
 * Every object carries "key" and "metadata" (clients fail without); where there
 * is no value, "value" is left out and "variant" is "".
 */
#ifndef WIRE_OFREP_H
#define WIRE_OFREP_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/bytes.h"
#include "base/error.h"
#include "eval/evaluate.h"
#include "model/snapshot.h"
#include "model/value.h"

#define OFREP_VERSION "0.3.0"

/* The context of a request body: {"context":{…}}. An empty body, {}, and a
 * context that is absent, null or empty are all an empty context. */
enum status ofrep_decode_context(struct string body, struct arena *arena,
				 struct value *context,
				 struct error *err) MUST_CHECK;

/* One evaluation, successful or failed; `toggle` may be NULL (FLAG_NOT_FOUND).
 * Metadata is the environment's under the toggle's. */
void ofrep_encode_flag(const struct snapshot *snapshot, struct string key,
		       const struct definition *toggle,
		       const struct evaluation *evaluation, struct bytes *out);

/* The HTTP status of one evaluation. */
unsigned ofrep_status(const struct evaluation *evaluation);

/* {"flags":[…],"metadata":{…}?,"eventStreams":[…]?}: all toggles evaluated.
 * `stream` is the path of the event stream to advertise; length 0: none. */
void ofrep_encode_bulk(const struct snapshot *snapshot,
		       const struct eval_context *context, struct string stream,
		       struct bytes *out);

/* A failure that is not an evaluation's. `key` with length 0: of a bulk call.
 */
void ofrep_encode_error(struct string key, const char *code,
			const char *details, struct bytes *out);

#endif
