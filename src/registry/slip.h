/*
 * Slips: what hardly anybody means, and is refused unless the same request says
 * that it is meant. STATUS_CONFLICT, with what to say; a dry run is told too.
 *
 * The registry's thread.
 */
#ifndef SRC_REGISTRY_SLIP_H
#define SRC_REGISTRY_SLIP_H

#include "base/attr.h"
#include "model/snapshot.h"
#include "wire/edit.h"

/* A toggle gets another type: whoever asks with a type gets the default in
 * their code from then on. What is put back was there once, and whoever says
 * the type means it. `before` NULL: there was none. */
enum status slip_check_type(const struct edit *edit,
			    const struct definition *before,
			    const struct definition *after,
			    struct error *err) MUST_CHECK;

/* An environment goes with everything in it. */
enum status slip_check_content(const struct snapshot *base,
			       const struct edit *edit,
			       struct error *err) MUST_CHECK;

#endif
