/*
 * Advice: what is said to whoever made a change that does what was asked, and
 * perhaps not what was meant. It refuses nothing.
 *
 * To add one: a function in advice.c, and a row in docs/API.md ("Warnings").
 */
#ifndef SRC_REGISTRY_ADVICE_H
#define SRC_REGISTRY_ADVICE_H

#include "registry/registry.h"

/* Into job->warnings: what is to be said of its change, also when it is
 * answered once more. Without one, job->current is what is there. */
void advice_give(struct job *job, const struct change *change);

#endif
