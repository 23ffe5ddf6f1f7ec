#include "place.h"

#include "wire/json.h"

static const char *
pointer_to(const struct place *place, struct arena *arena)
{
	const char *base;

	if (place->up == NULL)
		return place->name.data;
	base = pointer_to(place->up, arena);
	if (place->name.data == NULL)
		return json_pointer_index(arena, base, place->index);
	return json_pointer(arena, base, place->name.data, place->name.length);
}

enum status
place_fault(const struct place *place, struct arena *arena, struct error *err,
	    const char *detail)
{
	if (err == NULL || err->place_count >= ERROR_PLACES_MAX)
		return error_at(err, "", "%s", detail);
	return error_at(err, pointer_to(place, arena), "%s", detail);
}
