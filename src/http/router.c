/*
 * Patterns are cut into segments once. A request then compares segment by
 * segment with some forty rows, which is cheaper than it is worth improving.
 */
#include "router.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum piece_kind { PIECE_LITERAL, PIECE_PARAM, PIECE_REST };

struct piece {
	enum piece_kind kind;
	struct string text; /* inside the pattern */
};

struct row {
	const struct route *route;
	struct piece pieces[URI_SEGMENTS_MAX];
	size_t count;
};

struct router {
	struct row *rows;
	size_t count;
};

static const char *const method_names[] = {
	[METHOD_GET] = "GET",       [METHOD_POST] = "POST",
	[METHOD_PUT] = "PUT",       [METHOD_PATCH] = "PATCH",
	[METHOD_DELETE] = "DELETE", [METHOD_OPTIONS] = "OPTIONS",
	[METHOD_OTHER] = NULL,
};

enum method
method_parse(const char *name)
{
	for (int m = METHOD_GET; m < METHOD_OTHER; m++)
		if (strcmp(method_names[m], name) == 0)
			return (enum method)m;
	return strcmp(name, "HEAD") == 0 ? METHOD_GET : METHOD_OTHER;
}

const char *
method_name(enum method method)
{
	return method == METHOD_OTHER ? "OTHER" : method_names[method];
}

static enum piece_kind
kind_of(const char *text, size_t length)
{
	if (length < 2 || text[0] != '{' || text[length - 1] != '}')
		return PIECE_LITERAL;
	if (length > 5 && memcmp(text + length - 4, "...}", 4) == 0)
		return PIECE_REST;
	return PIECE_PARAM;
}

static void
cut(struct row *row, const struct route *route)
{
	const char *at = route->pattern;

	row->route = route;
	while (*at == '/') {
		size_t length = strcspn(at + 1, "/");
		struct piece *piece = &row->pieces[row->count];

		assert(row->count < URI_SEGMENTS_MAX);
		piece->text = (struct string){ at + 1, length };
		piece->kind = kind_of(at + 1, length);
		row->count++;
		at += length + 1;
	}
}

struct router *
router_new(const struct route *const *tables)
{
	struct router *router = mem_zalloc(1, sizeof(*router));

	for (size_t t = 0; tables[t] != NULL; t++) {
		for (const struct route *r = tables[t]; r->pattern != NULL;
		     r++) {
			router->rows =
			    mem_resize(router->rows, router->count + 1,
				       sizeof(*router->rows));
			memset(&router->rows[router->count], 0,
			       sizeof(*router->rows));
			cut(&router->rows[router->count++], r);
		}
	}
	return router;
}

void
router_free(struct router *router)
{
	if (router == NULL)
		return;
	free(router->rows);
	free(router);
}

const struct route *
router_route(const struct router *router, size_t number)
{
	return number < router->count ? router->rows[number].route : NULL;
}

static bool
piece_fits(const struct piece *piece, const struct string *segment)
{
	if (piece->kind == PIECE_PARAM)
		return segment->length > 0;
	return string_equal(piece->text, *segment);
}

static bool
row_fits(const struct row *row, const struct uri *uri)
{
	for (size_t i = 0; i < row->count; i++) {
		if (i >= uri->segment_count)
			return false;
		if (row->pieces[i].kind == PIECE_REST)
			return true;
		if (!piece_fits(&row->pieces[i], &uri->segments[i]))
			return false;
	}
	return row->count == uri->segment_count;
}

static void
take_params(const struct row *row, const struct uri *uri,
	    struct router_match *match)
{
	size_t n = 0;

	for (size_t i = 0; i < row->count && n < ROUTE_PARAMS_MAX; i++) {
		if (row->pieces[i].kind == PIECE_PARAM)
			match->params[n++] = uri->segments[i];
		else if (row->pieces[i].kind == PIECE_REST)
			match->params[n++] =
			    (struct string){ uri->rests[i],
					     strlen(uri->rests[i]) };
	}
}

void
router_find(const struct router *router, enum method method,
	    const struct uri *uri, struct router_match *match)
{
	memset(match, 0, sizeof(*match));
	for (size_t i = 0; i < router->count; i++) {
		const struct row *row = &router->rows[i];

		if (!row_fits(row, uri))
			continue;
		match->allowed |= 1U << row->route->method;
		match->flags |= row->route->flags;
		if (row->route->method != method || match->route != NULL)
			continue;
		match->route = row->route;
		match->number = i;
		take_params(row, uri, match);
	}
}

void
router_allow(unsigned allowed, struct bytes *out)
{
	allowed |= 1U << METHOD_OPTIONS;
	for (int m = METHOD_GET; m < METHOD_OTHER; m++) {
		if ((allowed & 1U << m) == 0)
			continue;
		if (out->length > 0)
			bytes_append_str(out, ", ");
		bytes_append_str(out, method_names[m]);
		if (m == METHOD_GET)
			bytes_append_str(out, ", HEAD");
	}
}
