#include "rules.h"

#include "model/token.h"

/* --- rights --------------------------------------------------------------- */

static enum status
check_rights(const struct draft *draft, struct error *err)
{
	for (size_t i = 0; i < draft->change->count; i++) {
		const struct change_item *item = &draft->change->items[i];

		if (token_check_role(draft->by,
				     token_role_to_change(item->kind),
				     err) == STATUS_OK)
			continue;
		if (item->kind == KIND_ENVIRONMENT)
			return error_wrap(err,
					  "the settings of the environment "
					  "'%.*s' (metadata, description)",
					  (int)item->key.length,
					  item->key.data);
		return error_wrap(err, "%s '%.*s'", kind_name(item->kind),
				  (int)item->key.length, item->key.data);
	}
	return STATUS_OK;
}

/* --- tokens --------------------------------------------------------------- */

static bool
is_admin(const struct definition *token, int64_t now_ms)
{
	return token->token->role == ROLE_ADMIN &&
	       now_ms < token->token->expires_ms;
}

/* Walk the tokens from before the change: snapshot_walk_next until NULL. */
static void
walk_tokens(struct snapshot_walk *walk, const struct draft *draft)
{
	snapshot_walk_from(walk, draft->base, KIND_TOKEN,
			   (struct string){ "", 0 });
}

static bool
has_admin_before(const struct draft *draft, int64_t now_ms)
{
	const struct definition *d;
	struct snapshot_walk walk;
	bool found = false;

	walk_tokens(&walk, draft);
	while (!found && (d = snapshot_walk_next(&walk)) != NULL)
		found = is_admin(d, now_ms);
	return found;
}

static bool
has_admin_after(const struct draft *draft, int64_t now_ms)
{
	const struct definition *d;
	struct snapshot_walk walk;
	bool found = false;

	for (size_t i = 0; i < draft->change->count && !found; i++) {
		d = draft->change->items[i].after;
		found =
		    d != NULL && d->kind == KIND_TOKEN && is_admin(d, now_ms);
	}
	walk_tokens(&walk, draft);
	while (!found && (d = snapshot_walk_next(&walk)) != NULL)
		found = is_admin(d, now_ms) &&
			draft_find(draft, KIND_TOKEN, d->key) == d;
	return found;
}

static const char first_is_admins[] =
    "the first token has to be an admin's: as soon as there is one, nobody "
    "gets in without";

/* Before what else is wrong with it: it is what somebody has to know first. */
enum status
rules_check_first(const struct draft *draft, const struct edit *edits,
		  size_t count, struct error *err)
{
	if (draft->base->settings != NULL)
		return STATUS_OK;
	for (size_t i = 0; i < count; i++) {
		const struct value *role = value_get(&edits[i].value, "role");

		if (edits[i].kind == KIND_TOKEN && role != NULL &&
		    role->type == VALUE_STRING &&
		    !value_is_string(role, role_name(ROLE_ADMIN)))
			return error_set(err, STATUS_CONFLICT, "%s",
					 first_is_admins);
	}
	return STATUS_OK;
}

/* Whoever is locked out gets in no more, so one has to stay. */
static enum status
check_admins(const struct draft *draft, int64_t now_ms, struct error *err)
{
	const bool is_first = draft->base->settings == NULL;

	if ((!is_first && !has_admin_before(draft, now_ms)) ||
	    has_admin_after(draft, now_ms))
		return STATUS_OK;
	return error_set(err, STATUS_CONFLICT, "%s",
			 is_first ? first_is_admins
				  : "this is the last admin's token: make "
				    "another one first");
}

/* Another token that will have that name; NULL: none. */
static const struct definition *
find_namesake(const struct draft *draft, const struct definition *token)
{
	const struct definition *d;
	struct snapshot_walk walk;

	for (size_t i = 0; i < draft->change->count; i++) {
		d = draft->change->items[i].after;
		if (d != NULL && d != token && d->kind == KIND_TOKEN &&
		    string_equal(d->token->name, token->token->name))
			return d;
	}
	walk_tokens(&walk, draft);
	while ((d = snapshot_walk_next(&walk)) != NULL) {
		if (string_equal(d->token->name, token->token->name) &&
		    draft_find(draft, KIND_TOKEN, d->key) == d)
			return d;
	}
	return NULL;
}

static enum status
check_name(const struct draft *draft, const struct change_item *item,
	   struct error *err)
{
	const struct definition *namesake;

	if (item->after == NULL ||
	    (item->before != NULL &&
	     string_equal(item->before->token->name, item->after->token->name)))
		return STATUS_OK;
	namesake = find_namesake(draft, item->after);
	if (namesake == NULL)
		return STATUS_OK;
	return error_set(err, STATUS_CONFLICT,
			 "token %s is called '%s' already; rotate or revoke "
			 "it, or take another name",
			 namesake->token->id.data, namesake->token->name.data);
}

static enum status
check_tokens(const struct draft *draft, int64_t now_ms, struct error *err)
{
	bool touched = false;
	enum status rc = STATUS_OK;

	for (size_t i = 0; i < draft->change->count && rc == STATUS_OK; i++) {
		const struct change_item *item = &draft->change->items[i];

		if (item->kind != KIND_TOKEN)
			continue;
		touched = true;
		rc = check_name(draft, item, err);
	}
	return rc == STATUS_OK && touched ? check_admins(draft, now_ms, err)
					  : rc;
}

enum status
rules_check(const struct draft *draft, int64_t now_ms, struct error *err)
{
	enum status rc = check_rights(draft, err);

	return rc == STATUS_OK ? check_tokens(draft, now_ms, err) : rc;
}
