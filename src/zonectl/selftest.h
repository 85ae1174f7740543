/* SPDX-License-Identifier: MIT
 * What the files of selftest share: the model that is tested, its findings, and two tests. */
#ifndef ZONED_ZONECTL_SELFTEST_H
#define ZONED_ZONECTL_SELFTEST_H

#include "zonectl/explain.h"

enum {
	SELFTEST_SCHEMA = 1,
	SELFTEST_MESSAGES = 20000, /* of a model; flows behind them are left out, and listed */
	SELFTEST_PROBES = 300,
	SELFTEST_TEXT = 500,
};

struct selftest {
	struct explain x; /* model, image and ruleset */
	json_t *flows;	  /* one row for each conduit and flow */
	json_t *failures;
	json_t *left;	 /* what was not tested */
	json_t *samples; /* all, for programs; NULL: not kept */
	uint32_t messages, probes, failed;
};

struct selftest_sample {
	const char *test, *conduit, *what;
	char asked[SELFTEST_TEXT];
	char expected[120], got[120]; /* words: "permitted", or a reason */
};

/* Counted, and kept where it failed or programs want all. */
void selftest_note(struct selftest *t, const struct selftest_sample *s);
/* Once for each text. */
void selftest_leave(struct selftest *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Addresses of both ends of a conduit, as the ruleset finds zones. False: there are none of one
 * family. */
bool selftest_ends(const struct selftest *t, const struct conduit *c, struct reach_ends *out);
/* The same between two zones. */
bool selftest_zone_ends(const struct selftest *t, size_t from, size_t to, struct reach_ends *out);
/* A first packet of this flow, behind its addresses. False: it has none with addresses of this
 * family. */
bool selftest_first_packet(const struct flow *f, struct reach_packet *p);

/* selftest-messages.c: messages for each inspected flow through the engine */
void selftest_messages(struct selftest *t);
/* selftest-probes.c: packets through a copy of the ruleset in a name space of its own. False: it
 * cannot be made, and why is in what was left. */
bool selftest_probes(struct selftest *t);

/* selftest-space.c: the name space. All of these are in a process of its own. */
struct space;
/* why: room for SELFTEST_TEXT */
struct space *space_new(char *why);
void space_free(struct space *s);
/* Put the ruleset of m in force there. */
bool space_commit(struct space *s, const struct model *m, char *why);
/* Packets that were counted there under this name; UINT64_MAX: it has no such counter. */
uint64_t space_counted(struct space *s, const char *counter);
/* Have addr reached by this interface. */
bool space_route(struct space *s, const char *interface, const struct addr *addr);
/* A packet comes in by this interface, from this MAC address. */
bool space_send(struct space *s, const char *interface, const uint8_t mac[6], const uint8_t *ip,
		size_t n);
/* Did a packet that begins and ends like this one go out by the interface, within so many ms? */
bool space_came_out(struct space *s, const char *interface, const uint8_t *ip, size_t n, int ms);

#endif
