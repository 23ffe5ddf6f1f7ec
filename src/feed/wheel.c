#include "feed/wheel.h"

#include <string.h>

static struct waiter **
slot_of(struct wheel *wheel, uint32_t tick)
{
	return &wheel->slots[tick % WHEEL_SLOTS];
}

static bool
is_past(uint32_t tick, uint32_t now)
{
	return (int32_t)(tick - now) <= 0;
}

void
wheel_init(struct wheel *wheel, uint32_t now)
{
	memset(wheel, 0, sizeof(*wheel));
	wheel->tick = now;
}

void
wheel_add(struct wheel *wheel, struct waiter *waiter, uint32_t now,
	  uint32_t due)
{
	struct waiter **slot;

	/* Nobody turned it while it was empty. */
	if (wheel->count == 0)
		wheel->tick = now;
	waiter->due = is_past(due, now) ? now + 1 : due;
	slot = slot_of(wheel, waiter->due);
	waiter->slot_next = *slot;
	waiter->slot_link = slot;
	if (*slot != NULL)
		(*slot)->slot_link = &waiter->slot_next;
	*slot = waiter;
	wheel->count++;
}

void
wheel_remove(struct wheel *wheel, struct waiter *waiter)
{
	if (waiter->slot_link == NULL)
		return;
	*waiter->slot_link = waiter->slot_next;
	if (waiter->slot_next != NULL)
		waiter->slot_next->slot_link = waiter->slot_link;
	waiter->slot_next = NULL;
	waiter->slot_link = NULL;
	wheel->count--;
}

struct waiter *
wheel_pop(struct wheel *wheel, uint32_t now)
{
	if (wheel->count == 0)
		wheel->tick = now;
	/* After a long stop each slot is looked at once. */
	if (now - wheel->tick > WHEEL_SLOTS)
		wheel->tick = now - WHEEL_SLOTS;
	for (; wheel->tick != now; wheel->tick++) {
		struct waiter *waiter = *slot_of(wheel, wheel->tick + 1);

		/* Those of a later turn share the slot if the loop lagged. */
		while (waiter != NULL && !is_past(waiter->due, now))
			waiter = waiter->slot_next;
		if (waiter != NULL) {
			wheel_remove(wheel, waiter);
			return waiter;
		}
	}
	return NULL;
}

int64_t
wheel_next(const struct wheel *wheel)
{
	if (wheel->count == 0)
		return -1;
	for (uint32_t ahead = 1; ahead < WHEEL_SLOTS; ahead++) {
		if (wheel->slots[(wheel->tick + ahead) % WHEEL_SLOTS] != NULL)
			return ahead;
	}
	return WHEEL_SLOTS;
}
