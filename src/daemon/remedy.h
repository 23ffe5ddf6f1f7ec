/*
 * Why a server did not start, with what to do about it.
 */
#ifndef SRC_DAEMON_REMEDY_H
#define SRC_DAEMON_REMEDY_H

#include "base/error.h"

/* Appends to the error's text what helps, where that is known by what the
 * system has said. */
void remedy_add(struct error *err);

#endif
