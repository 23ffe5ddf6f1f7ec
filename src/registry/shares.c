#include "shares.h"

#include <stdint.h>

enum { PARTS = 4 };

void
shares_init(struct shares *shares, size_t limit)
{
	map_init(&shares->counts);
	shares->limit = limit;
	shares->count = 0;
}

void
shares_fini(struct shares *shares)
{
	map_fini(&shares->counts);
}

static size_t
count_of(const struct shares *shares, struct string who)
{
	return (size_t)(uintptr_t)map_find(&shares->counts, who.data,
					   who.length);
}

enum shares_verdict
shares_enter(struct shares *shares, struct string who)
{
	const size_t share = (shares->limit + PARTS - 1) / PARTS;
	size_t count;

	if (shares->count >= shares->limit)
		return SHARES_FULL;
	if (who.length > 0) {
		count = count_of(shares, who);
		if (count >= share)
			return SHARES_USED_UP;
		(void)map_put(&shares->counts, who.data, who.length,
			      (void *)(uintptr_t)(count + 1));
	}
	shares->count++;
	return SHARES_OK;
}

void
shares_leave(struct shares *shares, struct string who)
{
	const size_t count = who.length > 0 ? count_of(shares, who) : 0;

	shares->count--;
	if (count > 1)
		(void)map_put(&shares->counts, who.data, who.length,
			      (void *)(uintptr_t)(count - 1));
	else if (count == 1)
		(void)map_take(&shares->counts, who.data, who.length);
}
