/*
 * A TLS client on a socket, for harness_raw.c and for what it does not do.
 */
#ifndef TESTS_HTTP_SECURE_H
#define TESTS_HTTP_SECURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct secure;

/* Agree with the server behind `fd` (borrowed), whose certificate has to be for
 * localhost and of an authority in `ca_file`. `priorities` NULL: GnuTLS's own.
 * NULL when they do not agree; hangs at most as long as DEADLINE_ANSWER_MS. */
struct secure *secure_new(int fd, const char *ca_file, const char *priorities);

/* The alert that the other end answers a client with that speaks nothing but
 * `protocol`; -1: none, the handshake succeeds. */
int secure_offer(int fd, const char *ca_file, const char *protocol);

/* NULL is allowed. Says nothing to the other side. */
void secure_free(struct secure *secure);

/* Say that no more comes. */
void secure_bye(struct secure *secure);

/* As send(2) and recv(2) with MSG_DONTWAIT. */
ssize_t secure_send(struct secure *secure, const void *data, size_t length);
ssize_t secure_receive(struct secure *secure, void *data, size_t length);

/* Records without data: an update of our key (TLS 1.3), a warning that ends
 * nothing (TLS 1.2). False when they cannot be sent. */
bool secure_update_key(struct secure *secure);
bool secure_warn(struct secure *secure);

/* Until there is something to receive; false at the deadline. */
bool secure_await(struct secure *secure, int64_t deadline_ms);

/* Is there more to receive that is not in the socket any more? */
bool secure_has_more(const struct secure *secure);

/* The serial number of the server's certificate (its last byte), and what was
 * agreed on by ALPN ("" when nothing). */
unsigned secure_serial(const struct secure *secure);
bool secure_speaks(const struct secure *secure, const char *protocol);

#endif
