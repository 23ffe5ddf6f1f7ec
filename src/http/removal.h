/*
 * Removals: what is said to who removes a toggle that is still in use.
 */
#ifndef SRC_HTTP_REMOVAL_H
#define SRC_HTTP_REMOVAL_H

#include "request.h"

/* Warnings into r->job for the toggles that its edits remove and that were
 * evaluated within the last hour. Before it is handed to the registry: what is
 * removed is forgotten when that is published. */
void removal_warn(struct request *r);

#endif
