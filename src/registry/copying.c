#include "copying.h"

#include <inttypes.h>

#include "base/bytes.h"
#include "base/random.h"

enum { BACKUP_PAGES = 100 }; /* a step, about 400 KB */

static char *
copy_path(const struct copying *copying)
{
	struct bytes path;
	uint64_t salt;

	random_bytes(&salt, sizeof(salt));
	bytes_init(&path);
	bytes_printf(&path, "%s.backup-%016" PRIx64, copying->database, salt);
	return bytes_take(&path);
}

struct job *
copying_begin(struct copying *copying, struct job *job)
{
	if (copying->backup != NULL) {
		job->status = error_set(&job->error, STATUS_BUSY,
					"a backup is running already");
		return job;
	}
	job->path = copy_path(copying);
	job->status = store_backup_begin(copying->store, job->path,
					 &copying->backup, &job->error);
	if (job->status != STATUS_OK)
		return job;
	copying->job = job;
	return NULL;
}

struct job *
copying_step(struct copying *copying, int64_t head)
{
	struct job *job = copying->job;
	bool finished = false;

	if (copying->backup == NULL)
		return NULL;
	if (atomic_load(&job->is_abandoned))
		job->status = error_set(&job->error, STATUS_BUSY,
					"nobody waited for it any more");
	else
		job->status = store_backup_step(copying->backup, BACKUP_PAGES,
						&finished, &job->error);
	if (job->status == STATUS_OK && !finished)
		return NULL;
	store_backup_end(copying->backup);
	copying->backup = NULL;
	copying->job = NULL;
	job->revision = head;
	return job;
}
