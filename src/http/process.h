/*
 * What the operating system says about this process.
 */
#ifndef SRC_HTTP_PROCESS_H
#define SRC_HTTP_PROCESS_H

#include <stddef.h>
#include <stdint.h>

struct process {
	uint64_t resident_bytes; /* 0: the system does not say */
	uint64_t virtual_bytes;
	uint64_t descriptors; /* open in the table of the main thread */
	uint64_t descriptors_max;
	double cpu_seconds;
};

/* Where counting the descriptors would take long, because there are more than
 * `many_descriptors` and the kernel is older than 6.2, `many_descriptors` is
 * what is taken for their number. */
void process_look(struct process *process, uint64_t many_descriptors);

#endif
