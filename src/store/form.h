/*
 * What a file is before SQLite has opened it: what a person may have named by
 * mistake, or a disk has lost.
 */
#ifndef STORE_FORM_H
#define STORE_FORM_H

#include "base/attr.h"
#include "base/error.h"

/* It is there, a file, and has the head of a database. STATUS_NOT_FOUND: it is
 * not there; STATUS_CORRUPT: it is empty, or its head is damaged. */
enum status form_check(const char *path, struct error *err) MUST_CHECK;

#endif
