#include "life.h"
#include "store_private.h"
#include "version.h"

/* The versions of its settings lie in one list, newest first; where it was
 * removed, one of them says so. *end gets the revision of that. */
static enum status
find_birth(struct store *store, const struct stored_key *key, int64_t at,
	   int64_t *born, int64_t *end, struct error *err)
{
	struct version version = { .removed = false };
	int64_t revision = 0;
	enum status status = version_newest(store, key, &revision, err);

	*born = 0;
	*end = 0;
	if (status == STATUS_OK)
		status = version_go_back(store, key, at, &revision, err);
	while (status == STATUS_OK && revision > 0) {
		status = version_read(store, key, revision, &version, err);
		version_release(store);
		if (status != STATUS_OK || version.removed) {
			*end = revision;
			break;
		}
		*born = revision;
		status =
		    version_go_back(store, key, revision - 1, &revision, err);
	}
	return status;
}

/* It was made again by a rollback since `end`: where the life that went on
 * began. */
static enum status
find_life(struct store *store, struct string environment, int64_t at,
	  int64_t end, int64_t *born, struct error *err)
{
	const struct stored_key key = { environment, (enum kind)KIND_LIFE,
					life_key };
	struct version version = { .revision = 0 };
	int64_t revision = 0;
	int64_t life = 0;
	enum status status = version_newest(store, &key, &revision, err);

	if (status == STATUS_OK)
		status = version_go_back(store, &key, at, &revision, err);
	if (status != STATUS_OK || revision <= end)
		return status;
	status = version_read(store, &key, revision, &version, err);
	if (status == STATUS_OK)
		life = life_decode(version.text);
	version_release(store);
	if (life > 0)
		*born = life;
	return status;
}

enum status
store_born(struct store *store, struct string environment, int64_t at,
	   int64_t *revision, struct error *err)
{
	const struct stored_key key = { environment, KIND_ENVIRONMENT,
					environment };
	int64_t born = 0;
	int64_t end = 0;
	enum status status = find_birth(store, &key, at, &born, &end, err);

	if (status == STATUS_OK && born > 0)
		status = find_life(store, environment, at, end, &born, err);
	if (status == STATUS_OK)
		*revision = born;
	return status;
}
