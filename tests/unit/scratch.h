/*
 * A directory of the test's own with a place for a database in it. Everything
 * asserts.
 */
#ifndef UNIT_SCRATCH_H
#define UNIT_SCRATCH_H

/* A fresh directory; `database` is the path of a file that is not there yet. */
void scratch_open(char directory[64], char database[96]);

/* Remove it with its files. */
void scratch_close(const char *directory);

/* Run SQL on the bare file, which nobody else has open. */
void scratch_tamper(const char *database, const char *sql);

#endif
