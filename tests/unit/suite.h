/*
 * The main function of a suite with one case.
 */
#ifndef UNIT_SUITE_H
#define UNIT_SUITE_H

struct TCase;

/* Run what `add` adds. A test has a minute where it does not ask for more. */
int suite_main(const char *name, void (*add)(struct TCase *tc));

#endif
