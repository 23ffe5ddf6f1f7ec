#include "store_private.h"
#include "version.h"

/* The versions of its settings lie in one list, newest first; where it was
 * removed, one of them says so. */
enum status
store_born(struct store *store, struct string environment, int64_t *revision,
	   struct error *err)
{
	const struct stored_key key = { environment, KIND_ENVIRONMENT,
					environment };
	struct version version = { .removed = false };
	int64_t born = 0;
	int64_t at = 0;
	enum status status = version_newest(store, &key, &at, err);

	while (status == STATUS_OK && at > 0 && !version.removed) {
		status = version_read(store, &key, at, &version, err);
		version_release(store);
		if (status != STATUS_OK || version.removed)
			break;
		born = at;
		status = version_go_back(store, &key, at - 1, &at, err);
	}
	if (status == STATUS_OK)
		*revision = born;
	return status;
}
