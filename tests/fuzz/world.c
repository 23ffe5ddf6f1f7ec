#include "world.h"

#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "registry/loader.h"
#include "scratch.h"
#include "wire/json.h"

static int64_t
tell_ms(void *ctx)
{
	return ((const struct world *)ctx)->now_ms;
}

static void
add_snapshot(struct snapshot *snapshot, void *ctx)
{
	struct catalog **catalog = ctx;
	struct catalog *next =
	    catalog_with(*catalog, snapshot, (*catalog)->head);

	catalog_unref(*catalog);
	*catalog = next;
}

enum status
world_open(struct world *world, const char *path, struct error *err)
{
	struct clock clock = { tell_ms, tell_ms, world };
	enum status rc =
	    store_open(path, STORE_CREATE, world->now_ms, &world->store, err);

	if (rc != STATUS_OK)
		return rc;
	world->catalog =
	    catalog_new(store_epoch(world->store), store_head(world->store));
	rc = loader_run(world->store, (struct string){ "", 0 }, INT64_MAX,
			add_snapshot, &world->catalog, err);
	if (rc == STATUS_OK) {
		group_init(&world->group, world->store, world->catalog, clock,
			   WORLD_GROUP);
		return STATUS_OK;
	}
	catalog_unref(world->catalog);
	store_close(world->store);
	return rc;
}

void
world_close(struct world *world)
{
	group_fini(&world->group);
	catalog_unref(world->catalog);
	store_close(world->store);
}

void
world_stage(struct world *world, struct job *job)
{
	if (world->group.count == world->group.limit ||
	    group_holds_key(&world->group, job))
		world_commit(world);
	group_stage(&world->group, job);
}

void
world_commit(struct world *world)
{
	struct error err;

	error_init(&err);
	if (group_commit(&world->group, world->catalog, &err) != STATUS_OK)
		finding("commit failed: %s", err.text);
	catalog_unref(world->catalog);
	world->catalog = catalog_ref(world->group.catalog);
	group_clear(&world->group);
}

static void
obey(struct world *world, struct job *job, const char *environment)
{
	job->environment = (struct string){ environment, strlen(environment) };
	job->actor = (struct string){ "ann", 3 };
	job->comment = (struct string){ "why", 3 };
	world_stage(world, job);
	world_commit(world);
	if (job->status != STATUS_OK)
		finding("not taken: %s", job->error.text);
	job_fini(job);
}

void
world_change(struct world *world, const char *environment, const char *body)
{
	struct edit_list list;
	struct arena arena;
	struct value value;
	struct job job;

	arena_init(&arena);
	job_init(&job, JOB_WRITE);
	if (json_decode(body, strlen(body), NULL, &arena, &value, NULL) !=
		STATUS_OK ||
	    edit_decode_changes(&value, &arena, &list, NULL) != STATUS_OK)
		finding("no change: %s", body);
	job.write.edits = list.edits;
	job.write.count = list.count;
	obey(world, &job, environment);
	arena_fini(&arena);
}

void
world_environment(struct world *world, const char *environment)
{
	struct edit edit = { .verb = EDIT_PUT,
			     .kind = KIND_ENVIRONMENT,
			     .key = { environment, strlen(environment) },
			     .value = { .type = VALUE_OBJECT },
			     .pointer = "" };
	struct job job;

	job_init(&job, JOB_WRITE);
	job.write.edits = &edit;
	job.write.count = 1;
	job.write.create_environment = true;
	obey(world, &job, environment);
}

static void
dump_one(const struct definition *d, bool stamps, struct bytes *out)
{
	bytes_printf(out, "%s %.*s %.*s", kind_name(d->kind),
		     (int)d->key.length, d->key.data, (int)d->stored.length,
		     d->stored.data);
	if (stamps)
		bytes_printf(out, " @%" PRId64, d->revision);
	bytes_append_char(out, '\n');
}

void
world_dump(const struct snapshot *snapshot, bool stamps, struct bytes *out)
{
	static const enum kind kinds[] = { KIND_SEGMENT, KIND_TOGGLE,
					   KIND_TOKEN };
	struct snapshot_walk walk;
	const struct definition *d;

	if (snapshot->settings != NULL)
		dump_one(snapshot->settings, stamps, out);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		snapshot_walk_from(&walk, snapshot, kinds[i],
				   (struct string){ "", 0 });
		for (d = snapshot_walk_next(&walk); d != NULL;
		     d = snapshot_walk_next(&walk))
			dump_one(d, stamps, out);
	}
}
