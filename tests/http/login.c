#include "login.h"

#include <check.h>

const char *
bearer(struct toggled *t, const char *token)
{
	return toggled_text(t, "Authorization: Bearer %s", token);
}

const char *
make_token(struct toggled *t, const char *by, const char *body, const char **id)
{
	json_t *token = answer_json(ask_with(t, by == NULL ? NULL : HEADERS(by),
					     "POST", "/v1/tokens", body, 201));

	if (id != NULL)
		*id = json_text_at(token, "/id");
	return json_text_at(token, "/token");
}

struct toggled *
open_guarded(int parking, const char **admin)
{
	struct toggled *t = scene_open_parking(parking);

	*admin = bearer(
	    t,
	    make_token(t, NULL, "{\"name\":\"ann\",\"role\":\"admin\"}", NULL));
	return t;
}

long
status_of(struct toggled *t, const char *header, const char *method,
	  const char *path, const char *body)
{
	return toggled_request(t, method, path,
			       header == NULL ? NULL : HEADERS(header), body)
	    ->status;
}
