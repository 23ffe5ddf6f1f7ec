#include "http/server.h"

#include <event2/event.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "address.h"
#include "base/mem.h"
#include "descriptors.h"
#include "loop_life.h"
#include "proxies.h"
#include "route.h"
#include "service.h"
#include "tls.h"

enum {
	LOOPS_MAX = 64,
	HEADER_TIMEOUT_MS = 10 * 1000,
	BODY_TIMEOUT_MS = 60 * 1000,
	WRITE_TIMEOUT_MS = 30 * 1000,
	IDLE_TIMEOUT_MS = 75 * 1000,
	DRAINED_MS = 100, /* after the last connection, for one just accepted */
	GUESTS_MAX = 16,
	RESERVE_SHARE = 8, /* no more than an eighth of what there is */
};

struct server {
	struct service service;
	struct address addresses[LOOP_LISTENERS_MAX];
	char names[LOOP_LISTENERS_MAX][ADDRESS_TEXT_BYTES];
	/* For each address, the sockets by loop; -1: none, or its loop's. */
	int *fds[LOOP_LISTENERS_MAX];
	size_t address_count;
};

static unsigned
count_loops(unsigned wanted)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (wanted == 0)
		wanted = cores < 1 ? 1 : (unsigned)cores;
	return wanted < LOOPS_MAX ? wanted : LOOPS_MAX;
}

static unsigned
or_default(unsigned given, unsigned initial)
{
	return given != 0 ? given : initial;
}

static size_t
at_most(size_t wanted, size_t most)
{
	return wanted < most ? wanted : most;
}

/* How many connections there may be, and how many beyond that. */
static void
init_limits(struct service *service, const struct server_config *config)
{
	const size_t limit = descriptors_raise();
	const size_t tables =
	    config->descriptor_tables ? service->loop_count : 1;
	const size_t loops = service->loop_count / tables;
	const size_t share =
	    descriptors_for_connections(limit, loops, config->listen_count);
	const size_t reserve =
	    at_most(config->reserve, 1 + share / RESERVE_SHARE);
	const size_t guests =
	    at_most(GUESTS_MAX, 1 + share / (2 * RESERVE_SHARE));
	/* Any loop may get all of the reserve; as many as are in its lobby may
	 * still linger. */
	const size_t others = reserve + 2 * guests * loops;
	size_t most = (share > others ? share - others : 1) * tables;

	if (config->connections_max != 0)
		most = at_most(config->connections_max, most);
	service->loop_connections_max = (unsigned)limit;
	service->guests_max = guests;
	service->contexts = contexts_new();
	service->limits =
	    limits_new(most, config->connections_per_address, reserve);
	log_to(config->log, LOG_INFO, "limits", LOG_N("descriptors", limit),
	       LOG_N("tables", tables), LOG_N("connections", most),
	       LOG_N("reserve", reserve), LOG_N("loops", service->loop_count));
}

static void
init_service(struct service *service, const struct server_config *config)
{
	service->clock = config->clock;
	service->started_ms = clock_wall_ms(&config->clock);
	service->log = config->log;
	service->parking = config->parking;
	service->descriptor_tables = config->descriptor_tables;
	service->access_log = config->access_log;
	service->access_log_polls = config->access_log_polls;
	service->allow_unauthenticated = config->allow_unauthenticated;
	service->header_timeout_ms =
	    or_default(config->header_timeout_ms, HEADER_TIMEOUT_MS);
	service->body_timeout_ms =
	    or_default(config->body_timeout_ms, BODY_TIMEOUT_MS);
	service->write_timeout_ms =
	    or_default(config->write_timeout_ms, WRITE_TIMEOUT_MS);
	service->idle_timeout_ms =
	    or_default(config->idle_timeout_ms, IDLE_TIMEOUT_MS);
	service->loop_count = count_loops(config->loops);
	service->loops = mem_zalloc(service->loop_count, sizeof(struct loop *));
	service->router = router_new(route_tables);
	service->attempts = attempts_new();
	service->strangers = attempts_new();
	service->proxies =
	    proxies_new(config->trusted_proxies, config->trusted_proxy_count);
	service->tls = tls_new(config->clock, config->log);
	init_limits(service, config);
	limits_exempt(service->limits, service->proxies);
}

static void
give_sockets(struct server *server, const struct address *address,
	     const int *fds)
{
	struct service *service = &server->service;
	bool each = address->kind == ADDRESS_TCP;

	for (unsigned i = 0; i < service->loop_count; i++) {
		struct loop *loop = service->loops[i];

		loop->sockets[loop->socket_count++] = (struct loop_socket){
			.fd = each ? fds[i] : fds[0],
			.owned = each,
			.tls = address->tls,
		};
	}
}

static enum status
listen_on(struct server *server, const char *text, struct error *err)
{
	struct service *service = &server->service;
	struct address *address = &server->addresses[server->address_count];
	char *name = server->names[server->address_count];
	int *fds = mem_zalloc(service->loop_count, sizeof(*fds));
	enum status rc = address_parse(text, address, err);

	if (rc == STATUS_OK)
		rc = address_listen(address, fds, service->loop_count, err);
	if (rc == STATUS_OK) {
		address_name(fds[0], address->tls, name);
		give_sockets(server, address, fds);
		server->fds[server->address_count++] = fds;
	} else {
		rc = error_wrap(err, "listen on %s", text);
		free(fds);
	}
	return rc;
}

static enum status
open_tls(struct service *service, const struct server_config *config,
	 struct error *err)
{
	if (config->tls_certificate == NULL)
		return STATUS_OK;
	return tls_load(service->tls, config->tls_certificate, config->tls_key,
			err);
}

enum status
server_check_tls(const char *certificate, const char *key, int64_t *until_ms,
		 struct error *err)
{
	return tls_check(certificate, key, until_ms, err);
}

enum status
server_load_tls(struct server *server, const char *certificate, const char *key,
		struct error *err)
{
	return tls_load(server->service.tls, certificate, key, err);
}

enum status
server_open(const struct server_config *config, struct server **out,
	    struct error *err)
{
	struct server *server = mem_zalloc(1, sizeof(*server));
	struct service *service = &server->service;
	enum status rc = STATUS_OK;

	init_service(service, config);
	rc = open_tls(service, config, err);
	if (rc != STATUS_OK)
		goto out;
	for (unsigned i = 0; i < service->loop_count; i++) {
		service->loops[i] = loop_new(service, i, err);
		if (service->loops[i] == NULL) {
			rc = STATUS_IO;
			goto out;
		}
	}
	if (config->listen_count > LOOP_LISTENERS_MAX) {
		rc = error_set(err, STATUS_INVALID,
			       "more than %d addresses to listen on",
			       LOOP_LISTENERS_MAX);
		goto out;
	}
	for (size_t i = 0; i < config->listen_count && rc == STATUS_OK; i++)
		rc = listen_on(server, config->listen[i], err);
	if (rc != STATUS_OK)
		goto out;
	*out = server;
	server = NULL;
out:
	server_close(server);
	return rc;
}

const char *
server_address(const struct server *server, size_t index)
{
	return index < server->address_count ? server->names[index] : NULL;
}

void
server_publish(struct server *server, const struct catalog *catalog)
{
	for (unsigned i = 0; i < server->service.loop_count; i++)
		inbox_publish(&server->service.loops[i]->inbox, catalog);
}

/* A loop that runs closes the sockets that are its alone. Where it has a table
 * of its own, those in this one are copies; left open, they would go on
 * listening. */
static void
hand_sockets_over(struct server *server, unsigned index)
{
	for (size_t a = 0; a < server->address_count; a++) {
		if (server->addresses[a].kind == ADDRESS_TCP)
			descriptors_close(&server->fds[a][index],
					  server->service.descriptor_tables);
	}
}

static void
stop_loops(struct service *service)
{
	for (unsigned i = 0; i < service->loop_count; i++)
		if (service->loops[i] != NULL)
			loop_want(service->loops[i], LOOP_STOPPING);
	for (unsigned i = 0; i < service->loop_count; i++)
		if (service->loops[i] != NULL)
			loop_join(service->loops[i]);
}

void
server_set_ticket_key(struct server *server, const struct ticket_key *key)
{
	server->service.ticket_key = *key;
}

enum status
server_start(struct server *server, struct registry *registry,
	     struct error *err)
{
	struct service *service = &server->service;
	enum status rc = STATUS_OK;

	service->registry = registry;
	for (unsigned i = 0; i < service->loop_count && rc == STATUS_OK; i++) {
		rc = loop_start(service->loops[i], err);
		if (service->loops[i]->started)
			hand_sockets_over(server, i);
	}
	if (rc != STATUS_OK)
		stop_loops(service);
	return rc;
}

static int64_t
left_until(int64_t due_us)
{
	int64_t left = (due_us - clock_stopwatch_us()) / 1000;

	return left > 0 ? left : 0;
}

void
server_drain(struct server *server, int64_t deadline_ms)
{
	struct service *service = &server->service;
	int64_t due_us = clock_stopwatch_us() + deadline_ms * 1000;

	for (unsigned i = 0; i < service->loop_count; i++)
		loop_want(service->loops[i], LOOP_DRAINING);
	for (unsigned i = 0; i < service->loop_count; i++)
		(void)loop_wait_quiet(service->loops[i], left_until(due_us));
	log_to(service->log, LOG_INFO, "drained",
	       LOG_N("connections", limits_connections(service->limits)));
	loop_linger(service->loops[0], DRAINED_MS);
	/* From here on nobody asks the registry for anything. */
	stop_loops(service);
}

static void
remove_socket_file(const struct address *address)
{
	struct sockaddr_un un;

	if (address->kind != ADDRESS_UNIX)
		return;
	memcpy(&un, &address->socket, sizeof(un));
	unlink(un.sun_path);
}

static void
close_sockets(struct server *server)
{
	for (size_t a = 0; a < server->address_count; a++) {
		const struct address *address = &server->addresses[a];

		for (unsigned i = 0; i < server->service.loop_count; i++)
			descriptors_close(&server->fds[a][i],
					  address->kind != ADDRESS_INHERITED);
		free(server->fds[a]);
		remove_socket_file(address);
	}
}

void
server_close(struct server *server)
{
	struct service *service;

	if (server == NULL)
		return;
	service = &server->service;
	stop_loops(service);
	close_sockets(server);
	for (unsigned i = 0; i < service->loop_count; i++)
		loop_free(service->loops[i]);
	free(service->loops);
	router_free(service->router);
	limits_free(service->limits);
	contexts_free(service->contexts);
	attempts_free(service->attempts);
	attempts_free(service->strangers);
	proxies_free(service->proxies);
	tls_free(service->tls);
	free(server);
}

enum status
server_check_proxy(const char *text, struct error *err)
{
	return proxies_check(text, err);
}

bool
server_is_alive(const struct server *server, int64_t period_ms)
{
	const struct service *service = &server->service;
	int64_t now = clock_mono_ms(&service->clock);
	bool alive = true;

	for (unsigned i = 0; i < service->loop_count; i++)
		alive =
		    loop_is_alive(service->loops[i], now, period_ms) && alive;
	return alive;
}

const char *
server_libmicrohttpd_version(void)
{
	return MHD_get_version();
}

const char *
server_libevent_version(void)
{
	return event_get_version();
}
