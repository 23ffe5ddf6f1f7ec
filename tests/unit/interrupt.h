/*
 * Statements that give up in the middle: SQLite's own interrupt, at the n-th
 * place where it looks whether it has to stop. To the store that is an error
 * like any other that a statement may end with, and the disk is well.
 *
 * For all connections that are opened after interrupt_install. Connections may
 * be used on another thread while the test waits for it.
 */
#ifndef UNIT_INTERRUPT_H
#define UNIT_INTERRUPT_H

#include <stdbool.h>
#include <stdint.h>

void interrupt_install(void);

/* Once, at the n-th look from now on; 0: not any more. */
void interrupt_at(int64_t n);

/* Has it come to that look? */
bool interrupt_struck(void);

/* The same operation again and again, with the interrupt a look later each
 * time, until it is not struck any more. */
struct strikes {
	int64_t n; /* the look */
	int refused;
	bool struck; /* the last time; the test begins with true */
};

void strikes_next(struct strikes *strikes);

/* Between the two stands the operation. */
void strikes_end(struct strikes *strikes, bool is_refused);

#endif
