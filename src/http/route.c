#include "route.h"

const struct route *const route_tables[] = {
	routes_toggles, routes_segments, routes_changes, routes_values,
	routes_history, routes_evaluate, routes_ofrep,   routes_environments,
	routes_flagd,   routes_tokens,   routes_system,  NULL,
};
