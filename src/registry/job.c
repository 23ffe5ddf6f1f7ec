#include "registry/registry.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "then.h"

void
job_init(struct job *job, enum job_type type)
{
	memset(job, 0, offsetof(struct job, error));
	job->type = type;
	error_init(&job->error);
}

void
job_fini(struct job *job)
{
	change_free(job->change);
	definition_unref(job->current);
	snapshot_unref(job->snapshot);
	for (size_t i = 0; i < job->change_count; i++)
		change_free(job->changes[i]);
	free(job->changes);
	free(job->path);
	then_free(job->then);
	warnings_fini(&job->warnings);
	job->change = NULL;
	job->current = NULL;
	job->snapshot = NULL;
	job->changes = NULL;
	job->path = NULL;
	job->then = NULL;
	job->change_count = 0;
}

void
registry_abandon(struct job *job)
{
	atomic_store(&job->is_abandoned, true);
}
