/* SPDX-License-Identifier: MIT
 * The parent's own parts: what they share. */
#ifndef ZONED_DAEMON_PARENT_H
#define ZONED_DAEMON_PARENT_H

#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "daemon/control.h"
#include "daemon/ctwatch.h"
#include "daemon/queue.h"
#include "daemon/spawner.h"
#include "evidence/evidence.h"
#include "fastpath/load.h"
#include "history/orders.h"
#include "host/misfits.h"
#include "model/model.h"
#include "nft/nft.h"
#include "policy/policy.h"
#include "record/record.h"

struct taps;
struct count_book;
struct metrics;
struct use_book;

enum {
	READ_BATCH = 256,
	ACK_MS = 2000,
	LIST_BATCH = RING_DATA / sizeof(struct tcp_ends),
	LIST_READS = 16,
	EVENTS_MAX = 16
};

struct worker {
	struct parent *p;
	unsigned index;
	struct inspector_conf conf;
	int epoll;	/* of its thread */
	int epoll_told; /* for a while without the queues: the ring is full */
	pthread_t thread;
	bool threaded; /* there is that thread, to be joined */
	/* Guards all that follows, and the parent's ends of both rings in conf.shm. Taken by the
	 * queue thread for each of its turns, and by the main thread. Not guarded, since only the
	 * main thread has them: pid, waiting, started_ns, beat, stalled, restarts. Taken before
	 * policy_lock. */
	pthread_mutex_t queues_lock;
	struct queue queue[QUEUES];
	struct evidence_ring *seen; /* copies of what it was given; NULL: none are kept */
	unsigned turn;
	pid_t pid;
	bool up; /* running and told the policy */
	bool acked;
	bool waiting; /* to be started again by the timer */
	uint64_t started_ns;
	uint64_t beat;
	unsigned stalled;
	uint64_t now_ns, wall_ns; /* of the packets that are being read */
	uint64_t restarts, dropped_down, passed_down, sent;
};

/* Groups of users with a role. */
struct role_groups {
	gid_t gid[MODEL_ROLE_GROUPS];
	size_t n;
	bool any;
};

struct roles {
	bool set; /* there are some: everybody may connect, and who has none is told so */
	struct role_groups viewer, operator, engineer;
};

/* Counts of what the in-kernel path passed for a conduit. */
struct used {
	struct fast_used inspected, plain;
};

/* The kernel's connections, asked for when word of some that ended was lost, or now and then. */
struct ct_list {
	struct mnl_socket *nl;
	bool wanted, running, broken;
	uint64_t since_ns, next_ns; /* begin of this one; time of the next (in-kernel path) */
	unsigned n;		    /* waiting to be handed over */
	struct tcp_ends ends[LIST_BATCH];
};

struct parent {
	const char *path, *rules, *user;
	bool foreground;
	struct model *model;
	struct pol_image *img;
	uint32_t generation;
	/* that of the history whose model is in force; generation is larger where orders made
	 * others since */
	uint32_t listed;
	struct orders orders;
	bool orders_changed; /* during the start: to be kept */
	uint64_t
		orders_wait_ns; /* of CLOCK_BOOTTIME: an end that was refused is tried again then */
	enum nft_queue queue_kind;
	bool has_flowtable; /* the kernel has it */
	/* the kernel can keep what is inspected out of flowtables of others */
	bool has_helper;
	bool has_xt_bpf;  /* the kernel can run the in-kernel path's program in a rule */
	bool locks_table; /* nobody else can change our table */
	struct guard *guard;
	struct bypass *bypass;
	struct host_links interfaces;  /* as last looked at */
	struct host_settings settings; /* the same */
	struct host_routes routes;
	struct misfits misfits, misfits_told;
	bool misfits_again; /* all are to be told, new or not */
	unsigned offload_ticks;
	uint32_t asked_mark, blocked_mark;
	struct mnl_socket *nl;
	struct refused *refused;
	struct count_book *counts; /* counts.h */
	struct use_book *uses;	   /* uses.h */
	struct metrics *metrics;   /* metrics.h; NULL: no socket */
	struct event_base *base;
	struct taps *taps; /* taps.h; NULL: the model has none */
	struct event *event[EVENTS_MAX];
	unsigned n_events;
	struct worker worker[INSPECTORS_MAX];
	unsigned n;
	struct fast_rate *rates;    /* shared by the inspectors and the in-kernel path */
	void *common;		    /* inspect_conf.common: shared by the inspectors */
	struct rate_shares *shares; /* shared by the inspectors */
	struct spawner_handle spawner;
	bool becomes; /* another user: these; else we stay who we are */
	uid_t uid;
	gid_t gid;
	bool in_force; /* the rules, by us */
	/* read by the queue threads, written by the main thread: return */
	atomic_bool ending;
	/* ctwatch: only without the in-kernel path; links: with it */
	struct mnl_socket *nflog, *ctwatch, *links;
	/* Guards record, the pointers model, img and next_img with what they lead to, and which
	 * connections the in-kernel path has (claims). Queue threads read under it, only the main
	 * thread changes: it reads model and img without. Taken last. */
	pthread_mutex_t policy_lock;
	struct ct_list list;
	struct record *record;
	char *evidence_path;
	struct evidence *evidence; /* NULL: none is kept; orders are given under policy_lock */
	const struct pol_image *next_img; /* during a reload */
	uint32_t tried;			  /* the last number given, in force or not */
	const char *history_path;
	struct history history; /* if keeps_history */
	bool keeps_history;
	struct proposals *proposals; /* NULL: none can be made */
	struct first *first;	     /* of the start */
	char hash[HISTORY_HASH];     /* of the model in force */
	/* the generation that follows if nobody confirms the one in force until then; 0: none */
	uint32_t confirm_back;
	uint64_t confirm_ns;
	const char *pending[MODEL_START_KEYS]; /* keys that wait for a restart */
	size_t n_pending;
	struct roles roles;
	bool stopping;
	struct control *control;
	const char *control_path;
	uint64_t started_ns;
	int64_t clock_offset_ns; /* clock_set_by() */
	struct fastpath *fast;	 /* NULL: every inspected packet goes to an inspector */
	bool plain_stopped;	 /* interfaces have changed */
	/* counts of what earlier generations passed fast: by conduit of the model, and behind these
	 * traffic inside one zone (NULL: nothing); and of conduits that no longer exist */
	struct used *carried, carried_gone;
};

void say(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool say_has_reader(void);	    /* all that is logged goes to standard error, too */
void reopen_logs(struct parent *p); /* files were rotated */

/* worker.c: packets to an inspector and verdicts back; inspectors' lives. What takes a worker
 * or a queue wants the worker locked, but for callbacks and workers_alive(). */
/* q: one of so many that have something; each may fill its part of the ring. */
void read_queue(struct queue *q, unsigned ready);
uint64_t worker_overruns(const struct worker *w);
void on_ctwatch(evutil_socket_t fd, short what, void *parent);
void on_nflog(evutil_socket_t fd, short what, void *parent);
void on_spawner(evutil_socket_t fd, short what, void *parent);
void drain(struct worker *w);
bool worker_full(struct worker *w); /* its ring has no room for packets now */
void start_worker(struct worker *w);
/* During the start: log why inspectors did not start. False: none has told why. */
bool say_failed_starts(struct parent *p);
bool give_policy(struct worker *w, const struct pol_image *img);
void worker_lock(struct worker *w);
void worker_unlock(struct worker *w);
void worker_wake(const struct worker *w); /* there is something in its ring */
/* Hands it something, dated now, and wakes it; false: it is down, its ring is full, or a slot too
 * small. Under the worker's lock. */
bool worker_tell(struct worker *w, enum slot_kind kind, uint32_t id, const void *data,
		 uint32_t len);
/* Look after every inspector; true when all move. */
bool workers_alive(struct parent *p);

/* thread.c: read_queue() and drain() for each worker, from now on; 0 or -errno, and then none runs
 */
int threads_start(struct parent *p);
void threads_stop(struct parent *p); /* on return no thread runs */
/* ctlist.c: what the kernel still knows */
bool list_open(struct parent *p);  /* false: errno */
void list_start(struct parent *p); /* only if it is wanted; call now and then */
void on_list(evutil_socket_t fd, short what, void *parent);

/* generation.c: models to rulesets and policies */
/* say so, where the whole site is only watched */
void watching_say(const struct parent *p);
struct model *load_model(const struct parent *p, struct errs *errs); /* NULL: errs has why */
void say_errors(const struct errs *errs);
struct nft_opts nft_opts_of(const struct parent *p, uint32_t generation);
/* errs gets what the kernel refuses, which is logged, too. 0 or -errno */
int commit(struct parent *p, const struct model *m, uint32_t generation, struct errs *errs);
int commit_again(struct parent *p); /* the model in force */
bool wait_acks(struct parent *p);
uint32_t generation_next(const struct parent *p); /* the number for one that is tried */
/* In force instead of the model and the image before, which are freed. False: refused (errs), and
 * nothing changed; both are still the caller's. */
bool generation_exchange(struct parent *p, struct model *m, struct pol_image *img, uint32_t next,
			 struct errs *errs);

/* roles.c: who may ask what. False: errs has the groups that are not there. */
bool roles_of(const struct model *m, struct roles *r, struct errs *errs);
enum control_role role_of(void *parent, const struct control_peer *who);

/* guard.c: others that change our table. Main thread. */
int guard_open(struct parent *p); /* before the first commit; 0 or -errno */
/* while there are rights: this thread and the next; false: errno */
bool guard_before_others(void);
/* after it, and the first thread then; 0 or -errno */
int guard_start(struct parent *p);
void guard_stop(struct parent *p); /* on return the thread has ended */
void guard_close(struct parent *p);
int guard_wake_fd(const struct parent *p); /* readable: call on_guard() */
void on_guard(evutil_socket_t fd, short what, void *parent);
void guard_tick(struct parent *p);     /* from the timer */
unsigned guard_seen(struct parent *p); /* before a commit */
/* the site is only watched: forwarding is not stopped, whatever others do to the table */
void guard_watches(struct parent *p, bool watches);
/* after it: this is what the table shall be */
void guard_committed(struct parent *p, unsigned seen);
json_t *guard_status(const struct parent *p);

/* bypass.c: what others have that leads packets past our rules. Main thread. */
int bypass_open(struct parent *p); /* 0 or -errno */
void bypass_close(struct parent *p);
/* Now, and at the interfaces too, for which it calls misfits_look(); says what is new or gone. How
 * many there are. */
size_t bypass_look(struct parent *p);
void bypass_tick(struct parent *p);			      /* now and then; from the timer */
void on_bypass(evutil_socket_t fd, short what, void *parent); /* programs on interfaces changed */
int bypass_fd(const struct parent *p);
json_t *bypass_status(const struct parent *p);

/* misfits.c: where the model does not fit this machine. Main thread. */
/* With p->interfaces; asks for the rest by this socket, and says what is new or gone. */
void misfits_look(struct parent *p, struct mnl_socket *asks);
void misfits_tell_again(struct parent *p); /* another model is in force: look, and say all */
/* of what was found: packets between zones pass unjudged */
size_t misfits_unjudged(const struct parent *p);
json_t *misfits_status(const struct parent *p);
json_t *misfits_in_words(const struct parent *p); /* what to do, in the same order */

/* links.c: interfaces that change */
struct mnl_socket *links_open(void); /* NULL and errno */
void on_links(evutil_socket_t fd, short what, void *parent);

/* plain.c: what the in-kernel path passes of flows without inspection */
/* Returns the number of these flows for which there is no room; -1: no memory (logged). */
ssize_t plain_give(struct parent *p, const struct model *m, uint32_t generation);
void plain_stop(struct parent *p); /* interfaces change */
/* refused.c: what the ruleset counts of refused connections, as repeats of their records */
struct refused;
int refused_open(struct parent *p); /* 0 or -errno */
void refused_close(struct parent *p);
void refused_read(struct parent *p); /* all that was counted until now */
void refused_tick(struct parent *p); /* from the timer */
void refused_begin_again(
	struct parent *p); /* other rules are in force, which counted nothing yet */

void plain_tick(struct parent *p); /* they have changed; from the timer */

/* used.c: what went fast, by conduit and over all generations. Main thread, with p->fast only.
 * Keep the counts when m is about to replace the parent's model. */
void used_carry(struct parent *p, const struct model *m);
/* 0, or -1 (the reason is logged) */
int used_total(const struct parent *p, struct used *sum);
/* Call take with the counts of each counter of the ruleset. */
int used_each(const struct parent *p,
	      void (*take)(void *ctx, const char *counter, uint64_t packets, uint64_t bytes),
	      void *ctx);
/* The same of each conduit, and of what is routed inside one zone (NULL), all of it. */
int used_rows(const struct parent *p,
	      void (*take)(void *ctx, const char *conduit, const struct used *u), void *ctx);
/* offload.c: reports the conduits whose connections leave the rules, and what prevents others */
void offload_say(struct parent *p);		/* after each commit */
void offload_tick(struct parent *p);		/* interfaces that have come; from the timer */
json_t *offload_status(const struct parent *p); /* null: no conduit asks for it */

/* outputs.c: where records go */
/* sink: and to say_record_line() */
size_t outputs_of(const struct model *m, bool sink, struct output_keys out[RECORD_OUTPUTS]);
void outputs_apply(struct parent *p);		/* those of the model in force, after a reload */
json_t *outputs_status(const struct parent *p); /* under policy_lock */

/* status.c: what zoned does */
json_t *orders_status(const struct parent *p);
json_t *status_document(struct parent *p);
json_t *pending_document(const struct parent *p); /* the keys that wait for a restart */

/* requests.c: what may be asked by the control socket */
extern const struct control_verb control_verbs[];
void request_refused(void *parent, const struct control_request *q);

#endif
