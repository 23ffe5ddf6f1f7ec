/*
 * Effort: how many steps of evaluation (eval/machine.h) a request may take, and
 * how many a client may cause. Steps are counted by the machine, so what is
 * refused depends on rule and context, not on how fast the machine is.
 *
 * A request has EFFORT_REQUEST steps. Those beyond EFFORT_PLAIN are costly:
 * what rules of an ordinary size take with a context of an ordinary size is
 * free, also where there are very many toggles. An account (a token, or without
 * one an address) may cause EFFORT_A_SECOND costly steps a second and
 * EFFORT_BURST at a time; once it has spent more it is in debt, and until that
 * is paid its requests have the free steps only.
 *
 * One a loop, on its thread. Accounts are kept in a table of fixed size; two
 * that meet in one place of it share it.
 */
#ifndef SRC_HTTP_EFFORT_H
#define SRC_HTTP_EFFORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "model/definition.h"
#include "peer.h"

enum {
	EFFORT_REQUEST = 4 * 1000 * 1000,
	EFFORT_PLAIN = 100 * 1000, /* free, and … */
	EFFORT_A_TOGGLE = 64,      /* … so many for each toggle */
	EFFORT_A_SECOND = 16 * 1000 * 1000,
	EFFORT_BURST = 8 * 1000 * 1000,
};

/* Whose steps they are: of a token, or, where that is NULL, of an address (an
 * IPv6 network /64 is one, all unix sockets are one). Never 0, which is nobody:
 * nobody is never in debt. */
uint64_t effort_account(const struct definition *token,
			const struct peer *peer);

/* What is said to who is in debt. */
#define EFFORT_REFUSED                                                         \
	"evaluating for this client takes too many steps: ask less often, or " \
	"with a smaller context"

struct effort;

struct effort *effort_new(void) MUST_CHECK;

/* NULL is allowed. */
void effort_free(struct effort *effort);

/* The free steps of a request over so many toggles. */
int64_t effort_plain(size_t toggles);

/* Milliseconds until the account is out of debt; 0: it is not in debt. */
int64_t effort_debt_ms(const struct effort *effort, uint64_t account,
		       int64_t now_ms);

/* It has caused so many costly steps. */
void effort_spend(struct effort *effort, uint64_t account, int64_t steps,
		  int64_t now_ms);

#endif
