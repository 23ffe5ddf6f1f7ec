/*
 * Disks of a few megabytes for a program under test, mounted at DIR/disk where
 * only this test sees them: full means full.
 *
 * That takes root and a kernel that lets it mount; where it does not, the test
 * says so in a line that begins with "skipped:" and is over.
 */
#ifndef TESTS_HTTP_SMALL_DISK_H
#define TESTS_HTTP_SMALL_DISK_H

#include "harness.h"

enum { SMALL_DISKS = 3 };
extern const char *const small_disk_names[SMALL_DISKS];

/* A program with t->database on such a disk; nothing runs yet. NULL: skipped.
 */
struct toggled *small_disk_open(int kind);

/* The program has ended. */
void small_disk_close(struct toggled *t);

/* A file that takes all the room there is, or all but `spare` bytes; and its
 * end. */
void small_disk_fill(struct toggled *t, long spare);
void small_disk_clear(struct toggled *t);

/* Mount it again, for reading only or for writing too. False: it is in use. */
bool small_disk_set_writable(struct toggled *t, bool is_writable) MUST_CHECK;

#endif
