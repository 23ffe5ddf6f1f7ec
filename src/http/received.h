/*
 * How many bytes a TCP peer has sent that were taken out of its socket. Alone
 * in its file because the kernel's header for it clashes with the C library's.
 */
#ifndef SRC_HTTP_RECEIVED_H
#define SRC_HTTP_RECEIVED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

/* False where the kernel cannot tell. Bytes that come in meanwhile make the
 * result larger, never smaller. */
bool received_bytes(int fd, uint64_t *out) MUST_CHECK;

#endif
