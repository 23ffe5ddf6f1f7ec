/*
 * A disk under the program that fails when the test says so: the program is
 * started with fault/disk_calls.so between it and libc. It fails calls on files
 * in DIR/data, where t->database is from then on.
 */
#ifndef TESTS_HTTP_FAULTY_DISK_H
#define TESTS_HTTP_FAULTY_DISK_H

#include "fault/disk_calls.h"
#include "harness.h"

/* Before the program is started; the struct lives as long as `t`. */
struct disk_control *faulty_disk(struct toggled *t);

/* From now on the n-th call of these kinds fails; 0: no call does. */
void faulty_disk_fail(struct disk_control *control, unsigned kinds, int64_t n,
		      bool is_lasting, int error);

/* The same with so many of a thousand calls, at random. */
void faulty_disk_fail_some(struct disk_control *control, unsigned kinds,
			   int permille, int error);

/* At the n-th call that changes something the program is killed. */
void faulty_disk_kill(struct disk_control *control, int64_t n);

#endif
