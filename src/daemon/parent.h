/* SPDX-License-Identifier: MIT
 * The parent's own parts: what they share. */
#ifndef ZONED_DAEMON_PARENT_H
#define ZONED_DAEMON_PARENT_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/control.h"
#include "daemon/queue.h"
#include "daemon/spawner.h"
#include "fastpath/load.h"
#include "model/model.h"
#include "nft/nft.h"
#include "policy/policy.h"
#include "record/record.h"

enum { READ_BATCH = 256, ACK_MS = 2000 };

struct worker {
	struct parent *p;
	unsigned index;
	struct inspector_conf conf;
	struct queue queue[QUEUES];
	pid_t pid;
	bool up;		/* running and told the policy */
	bool acked;
	bool waiting;		/* to be started again by the timer */
	uint64_t started_ns;
	uint64_t beat;
	unsigned stalled;
	uint64_t restarts, dropped_down, passed_down, sent;
};

struct parent {
	const char *path, *rules, *user;
	bool foreground;
	struct model *model;
	struct pol_image *img;
	uint32_t generation;
	enum nft_queue queue_kind;
	uint32_t blocked_mark;
	struct mnl_socket *nl;
	struct event_base *base;
	struct worker worker[INSPECTORS_MAX];
	unsigned n;
	atomic_ullong *rates;	/* shared by the inspectors */
	int spawner;
	struct mnl_socket *nflog, *ctwatch;
	struct record *record;
	const struct pol_image *next_img;	/* during a reload */
	uint32_t in_force;	/* generation of the in-kernel path; 0: none yet */
	uint32_t tried;		/* generations built, in force or not */
	bool stopping;
	struct control *control;
	const char *control_path;
	uint64_t started_ns;
	struct fastpath *fast;	/* NULL: every inspected packet goes to an inspector */
};

void say(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
uint64_t clock_ns(int id);	/* CLOCK_MONOTONIC, CLOCK_REALTIME */

/* worker.c: packets to an inspector and verdicts back; inspectors' lives */
void on_queue(evutil_socket_t fd, short what, void *queue);
void on_told(evutil_socket_t fd, short what, void *worker);
void on_ctwatch(evutil_socket_t fd, short what, void *parent);
void on_nflog(evutil_socket_t fd, short what, void *parent);
void on_spawner(evutil_socket_t fd, short what, void *parent);
void drain(struct worker *w);
void start_worker(struct worker *w);
bool give_policy(struct worker *w, const struct pol_image *img);
/* Look after every inspector; true when all move. */
bool workers_alive(struct parent *p);

/* generation.c: models to rulesets and policies */
struct model *load(const struct parent *p);	/* NULL: errors were said */
struct nft_opts nft_opts_of(const struct parent *p, uint32_t generation);
int commit(struct parent *p, const struct model *m, uint32_t generation);
bool wait_acks(struct parent *p);
bool reload(struct parent *p);			/* false: said why, nothing changed */

/* status.c: what the control socket answers */
extern const struct control_verb control_verbs[];

#endif
