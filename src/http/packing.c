#include "packing.h"

#include <event2/event.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/mem.h"
#include "coding.h"
#include "connection.h"
#include "loop.h"

enum {
	LEVEL = 5,
	WINDOW = 15 + 16, /* zlib: a gzip header and trailer */
	MEMORY = 8,
	STEP_BYTES = 32 * 1024, /* some half a millisecond */
	STEPS_MOST = 64,
};

struct package {
	struct package *next;
	struct blob *plain;
	struct exchange *first;    /* whose replies it is, by their `next` */
	struct snapshot *snapshot; /* which shall remember it … */
	char *name;                /* … under this name; or NULL */
	size_t taken;              /* bytes of `plain` */
	struct bytes out;
};

struct packing {
	struct loop *loop;
	struct event *event; /* the next slice */
	struct package *queue;
	size_t count;
	z_stream z; /* of the first */
	bool is_open;
};

static bool
open_stream(z_stream *z)
{
	memset(z, 0, sizeof(*z));
	return deflateInit2(z, LEVEL, Z_DEFLATED, WINDOW, MEMORY,
			    Z_DEFAULT_STRATEGY) == Z_OK;
}

/* The next `size` bytes of it; `ends`: they are the last. */
static bool
deflate_step(z_stream *z, const char *data, size_t size, bool ends,
	     struct bytes *out)
{
	int rc;

	z->next_in = (Bytef *)(uintptr_t)data;
	z->avail_in = (uInt)size;
	do {
		bytes_reserve(out, deflateBound(z, z->avail_in) + STEP_BYTES);
		z->next_out = (Bytef *)out->data + out->length;
		z->avail_out = (uInt)(out->capacity - out->length - 1);
		rc = deflate(z, ends ? Z_FINISH : Z_NO_FLUSH);
		out->length = (size_t)((char *)z->next_out - out->data);
	} while (rc == Z_OK && (z->avail_in > 0 || ends));
	return rc == Z_OK || rc == Z_STREAM_END || rc == Z_BUF_ERROR;
}

struct blob *
packing_pack(const struct blob *plain)
{
	struct bytes out;
	z_stream z;
	bool done;

	if (!open_stream(&z))
		return NULL;
	bytes_init(&out);
	done = deflate_step(&z, plain->data, plain->length, true, &out) &&
	       out.length < plain->length;
	(void)deflateEnd(&z);
	if (done)
		return blob_from_bytes(&out);
	bytes_fini(&out);
	return NULL;
}

/* --- the queue ------------------------------------------------------------ */

static struct blob *
given(const struct snapshot *snapshot, void *ctx)
{
	(void)snapshot;
	return ctx == NULL ? NULL : blob_ref(ctx);
}

static void
free_package(struct package *package)
{
	snapshot_unref(package->snapshot);
	blob_unref(package->plain);
	bytes_fini(&package->out);
	free(package->name);
	free(package);
}

/* All whose reply it is get it: `coded`, or NULL for the plain one. */
static void
hand_out(struct packing *packing, struct package *package, struct blob *coded)
{
	struct loop *loop = packing->loop;

	while (package->first != NULL) {
		struct exchange *x = package->first;

		package->first = x->next;
		x->next = NULL;
		loop->jobs--;
		if (coded != NULL)
			coding_put(&x->request, coded);
		connection_queue(x);
		MHD_resume_connection(x->connection->mhd);
	}
}

/* The first package is done, or cannot be. */
static void
finish_first(struct packing *packing, bool good)
{
	struct package *package = packing->queue;
	struct blob *coded = NULL;

	if (packing->is_open)
		(void)deflateEnd(&packing->z);
	packing->is_open = false;
	packing->queue = package->next;
	packing->count--;
	if (good && package->out.length < package->plain->length)
		coded = blob_from_bytes(&package->out);
	if (coded != NULL && package->name != NULL)
		blob_unref(snapshot_memo_try(package->snapshot, package->name,
					     given, coded));
	hand_out(packing, package, coded);
	blob_unref(coded);
	free_package(package);
}

static void
step_first(struct packing *packing)
{
	struct package *package = packing->queue;
	const size_t left = package->plain->length - package->taken;
	const size_t size = left < STEP_BYTES ? left : STEP_BYTES;
	const char *data = package->plain->data + package->taken;

	if (!packing->is_open)
		packing->is_open = open_stream(&packing->z);
	package->taken += size;
	if (!packing->is_open ||
	    !deflate_step(&packing->z, data, size, size == left, &package->out))
		finish_first(packing, false);
	else if (size == left)
		finish_first(packing, true);
}

static void
arm(struct packing *packing)
{
	static const struct timeval now = { 0, 0 };

	evtimer_add(packing->event, &now);
}

static void
slice_cb(evutil_socket_t fd, short what, void *ctx)
{
	struct packing *packing = ctx;
	struct loop *loop = packing->loop;
	const int64_t until_ms =
	    clock_mono_ms(&loop->service->clock) + PACKING_SLICE_MS;

	(void)fd;
	(void)what;
	loop_tick(loop);
	/* There is no time for it when the server stops. */
	while (packing->queue != NULL && loop->phase == LOOP_STOPPING)
		finish_first(packing, false);
	while (packing->queue != NULL &&
	       clock_mono_ms(&loop->service->clock) < until_ms)
		step_first(packing);
	if (packing->queue != NULL)
		arm(packing);
	loop_drive(loop);
	loop_end_when_done(loop);
}

struct packing *
packing_new(struct loop *loop)
{
	struct packing *packing = mem_zalloc(1, sizeof(*packing));

	packing->loop = loop;
	packing->event = evtimer_new(loop->base, slice_cb, packing);
	if (packing->event != NULL)
		return packing;
	free(packing);
	return NULL;
}

void
packing_free(struct packing *packing)
{
	if (packing == NULL)
		return;
	event_free(packing->event);
	free(packing);
}

static struct package *
find_package(const struct packing *packing, const struct blob *plain)
{
	struct package *package = packing->queue;

	while (package != NULL && package->plain != plain)
		package = package->next;
	return package;
}

static struct package *
append_package(struct packing *packing, const struct reply *reply)
{
	struct package *package = mem_zalloc(1, sizeof(*package));
	struct package **end = &packing->queue;

	package->plain = blob_ref(reply->body);
	if (reply->memo_name != NULL) {
		package->snapshot = snapshot_ref(reply->memo);
		package->name = mem_strdup(reply->memo_name);
	}
	bytes_init(&package->out);
	while (*end != NULL)
		end = &(*end)->next;
	*end = package;
	packing->count++;
	return package;
}

bool
packing_add(struct packing *packing, struct exchange *x)
{
	struct package *package = find_package(packing, x->request.reply.body);

	if (package == NULL && packing->count == PACKING_MAX)
		return false;
	if (package == NULL)
		package = append_package(packing, &x->request.reply);
	x->phase = EXCHANGE_PACKING;
	x->next = package->first;
	package->first = x;
	packing->loop->jobs++;
	arm(packing);
	return true;
}
