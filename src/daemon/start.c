/* SPDX-License-Identifier: MIT
 *
 * Start and stop of the parent: one table of steps. Up to the commit of the rules a failure changes
 * nothing in the kernel: what runs there, of an earlier zoned or of the boot rules, stays. A start
 * that fails behind it leaves the rules, as a stop does: they drop what needs an inspector.
 */
#include <cap-ng.h>
#include <errno.h>
#include <net/if.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <libmnl/libmnl.h>

#include "config.h"

#include "base/landlock.h"
#include "compile/policy_build.h"
#include "compile/ruleset.h"
#include "daemon/change.h"
#include "daemon/confine.h"
#include "daemon/counts.h"
#include "daemon/metrics.h"
#include "daemon/nflog.h"
#include "daemon/parent.h"
#include "daemon/start.h"
#include "daemon/taps.h"
#include "daemon/uses.h"

enum { DRAIN_MS = 2000, HELD_MS = 2000, DAY_SECONDS = 86400 };

/* ---- who we are, and where we write ---- */

static int begin_confined(struct parent *p)
{
	(void)p;
	closelog();
	return confine_start();
}

/* As another user than root zoned is started with CAP_NET_ADMIN only, as our unit does. */
static int choose_user(struct parent *p)
{
	const char *user = p->user ? p->user : p->model->daemon.user;
	const struct passwd *pw = geteuid() == 0 ? getpwnam(user) : NULL;
	if (geteuid() == 0 && !pw) {
		say(LOG_ERR,
		    "there is no user \"%s\" to become; make one (useradd --system %s) or write "
		    "another in daemon.user; nothing was changed",
		    user, user);
		return STEP_SAID;
	}
	p->becomes = pw != NULL;
	p->uid = pw ? pw->pw_uid : 0;
	p->gid = pw ? pw->pw_gid : 0;
	return 0;
}

/* As it is called now. */
static const char *interface_of(uint32_t index, char out[EVENT_INTERFACE])
{
	return if_indextoname(index, out);
}

/* The unit gives every zoned what a tap needs. Whoever has none has no use for it, and who has some
 * has used it now: their keepers are other processes. */
static int give_back_tap_rights(struct parent *p)
{
	(void)p;
	if (capng_get_caps_process() ||
	    capng_update(CAPNG_DROP, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_INHERITABLE,
			 CAP_NET_RAW) ||
	    capng_apply(CAPNG_SELECT_CAPS))
		return -EPERM;
	return confine_families();
}

static int open_records(struct parent *p)
{
	int facility = record_facility(p->model->daemon.syslog_facility);
	if (facility < 0) {
		say(LOG_ERR, "syslog_facility = \"%s\": there is none of that name",
		    p->model->daemon.syslog_facility);
		return STEP_SAID;
	}
	openlog("zoned", LOG_PID | LOG_NDELAY, facility);
	struct output_keys keys[RECORD_OUTPUTS];
	size_t n = outputs_of(p->model, say_has_reader(), keys);
	p->record = record_open(&(struct record_conf){ .outputs = keys,
						       .n_outputs = n,
						       .sink = say_record_line,
						       .said = say_to_starter,
						       .interface = interface_of });
	return p->record ? 0 : -errno;
}

/* A log daemon that hangs must not keep us: then the record stays, and ends with the process. */
static void close_records(struct parent *p)
{
	if (!record_drain(p->record, DRAIN_MS))
		return;
	say_by(NULL);
	record_close(p->record);
	p->record = NULL;
}

/* ---- the policy, and what the kernel can do ---- */

/* As root it is given to zoned's user, who writes into it. */
static int open_history(struct parent *p)
{
	bool unreadable;
	if (!p->keeps_history) /* said */
		return 0;
	int err = history_open(&p->history, p->history_path, &unreadable);
	p->keeps_history = !err;
	if (!err && p->becomes && fchown(p->history.dir, p->uid, p->gid))
		err = -errno;
	return err;
}

static void close_history(struct parent *p)
{
	if (p->keeps_history)
		history_close(&p->history);
	p->keeps_history = false;
}

static void free_policy(struct parent *p)
{
	free(p->img);
	p->img = NULL;
}

static int build_policy(struct parent *p)
{
	int err = 0;
	p->started_ns = clock_ns(CLOCK_MONOTONIC);
	clock_set_by(&p->clock_offset_ns, clock_ns(CLOCK_REALTIME), clock_ns(CLOCK_BOOTTIME));
	/* numbers that only orders had are not used again for something else */
	p->generation = p->orders.generation >= p->first->number ? p->orders.generation + 1
								 : p->first->number;
	p->tried = p->generation;
	p->listed = p->first->is_new ? p->generation : p->first->number;
	if (!hash_model(p->model, p->hash))
		return -ENOMEM;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	p->n = p->model->daemon.queues ? p->model->daemon.queues
	       : cores < 1	       ? 1
	       : cores > 8	       ? 8
				       : (unsigned)cores;
	p->img = policy_build(p->model, p->generation, &err);
	if (p->img && p->img->size <= IMAGE_MAX) {
		counts_name_flows(p, p->img);
		return 0;
	}
	say(LOG_ERR, "the policy does not fit: %s", p->img ? "larger than 16 MB" : strerror(-err));
	if (p->img || err != -ENOMEM)
		first_refused(p);
	free_policy(p);
	return STEP_SAID;
}

static int open_nftables(struct parent *p)
{
	p->nl = nft_open();
	return p->nl ? 0 : -errno;
}

static void close_nftables(struct parent *p)
{
	nft_close(p->nl);
	p->nl = NULL;
}

/* Called before zoned listens to nftables, since each feature is tried with a table of its own. */
static int probe_kernel(struct parent *p)
{
	size_t n;
	bool ok = true;
	const struct nft_feature *f = nft_probe(p->nl, &n, &p->queue_kind);
	for (size_t i = 0; i < n; i++) {
		if (!f[i].essential || f[i].present)
			continue;
		say(LOG_ERR, "this kernel lacks %s: %s; nothing was changed", f[i].name, f[i].what);
		ok = false;
	}
	p->has_flowtable = nft_has(f, n, "flowtable");
	p->has_helper = nft_has(f, n, "helper");
	p->has_xt_bpf = nft_has(f, n, "bpf-xt");
	p->locks_table = p->model->daemon.lock_table && nft_has(f, n, "table-lock");
	return ok ? 0 : STEP_SAID;
}

static int draw_marks(struct parent *p)
{
	uint32_t drawn[2];
	if (getrandom(drawn, sizeof(drawn), 0) != sizeof(drawn))
		return -errno;
	p->asked_mark = drawn[0] ? drawn[0] : 1;
	p->blocked_mark = nft_blocked_mark(p->model->daemon.mark_mask, drawn[1]);
	return 0;
}

/* Without it all works, only slower: one line says why. */
static int open_fastpath(struct parent *p)
{
	const char *why = "this kernel has no xt_bpf (modprobe -a nft_compat xt_bpf)";
	if (!p->model->daemon.fast_path)
		return 0;
	if (p->has_xt_bpf)
		p->fast = fastpath_open(
			&(struct fast_room){ .inspectors = p->n,
					     .max_connections = p->model->daemon.max_connections,
					     .flows = p->img->n_flows,
					     .marks = (uint32_t)ruleset_marks(p->model),
					     .conduits = (uint32_t)p->model->n_conduits,
					     .mark_mask = p->model->daemon.mark_mask },
			false, &why);
	int err = p->fast ? fastpath_policy(p->fast, p->img) : 0;
	if (err) {
		fastpath_close(p->fast);
		p->fast = NULL;
		why = strerror(-err);
	}
	if (p->fast)
		say(LOG_INFO, "in-kernel path: up to %u connections per inspector",
		    fastpath_slots(p->fast));
	else
		say(LOG_NOTICE,
		    "no in-kernel path: %s; every inspected packet goes to an inspector", why);
	return 0;
}

static void close_fastpath(struct parent *p)
{
	fastpath_close(p->fast);
	p->fast = NULL;
	free(p->carried);
	p->carried = NULL;
}

/* ---- what the kernel tells us ---- */

/* Log all that leads packets past zoned. With strict = true zoned does not start beside it. */
static int refuse_bypasses(struct parent *p)
{
	if (bypass_look(p) + misfits_unjudged(p) == 0 || !p->model->daemon.strict)
		return 0;
	say(LOG_ERR, "strict = true: not started beside what is named above; nothing was changed");
	return STEP_SAID;
}

static bool open_lane(struct parent *p, unsigned i, uint32_t index)
{
	struct queue *q = &p->worker[i].queue[index];
	uint32_t kind = index / LANES;
	uint16_t number =
		(uint16_t)(p->model->daemon.queue_base + (kind * p->n + i) * LANES + index % LANES);
	int err = queue_open(q, number);
	if (err) {
		say(LOG_ERR, "queue %u: %s%s; nothing was changed", number, strerror(-err),
		    err == -EBUSY || err == -EPERM
			    ? " (is another program, or another zoned, using it?)"
			    : "");
		return false;
	}
	q->kind = kind;
	q->index = index;
	q->owner = &p->worker[i];
	return true;
}

/* Given back by the end of the process, all at once: closing one waits for the kernel, and there
 * are 16 for each inspector, so that a stop took seconds. */
static int open_queues(struct parent *p)
{
	bool ok = true;
	for (unsigned i = 0; ok && i < p->n; i++)
		for (uint32_t k = 0; ok && k < QUEUES; k++)
			ok = open_lane(p, i, k);
	return ok ? 0 : STEP_SAID;
}

static void close_netlink(struct mnl_socket **nl)
{
	if (*nl)
		mnl_socket_close(*nl);
	*nl = NULL;
}

static int open_log(struct parent *p)
{
	p->nflog = nflog_open(p->model->daemon.log_group);
	if (p->nflog)
		return 0;
	say(LOG_ERR, "log_group %u: %s; nothing was changed", p->model->daemon.log_group,
	    strerror(errno));
	return STEP_SAID;
}

static void close_log(struct parent *p)
{
	close_netlink(&p->nflog);
}

static void close_conntrack(struct parent *p)
{
	close_netlink(&p->list.nl);
	close_netlink(&p->ctwatch);
}

static int open_conntrack(struct parent *p)
{
	if (!p->fast)
		p->ctwatch = ctwatch_open();
	if ((p->fast || p->ctwatch) && list_open(p))
		return 0;
	int err = -errno;
	close_conntrack(p);
	return err;
}

static int open_links(struct parent *p)
{
	if (!p->fast)
		return 0;
	p->links = links_open();
	if (!p->links)
		return -errno;
	plain_give(p, p->model, p->generation); /* from here on changes are noticed */
	return 0;
}

static void close_links(struct parent *p)
{
	close_netlink(&p->links);
}

/* ---- other processes, and the socket for zonectl ---- */

static int open_spawner(struct parent *p)
{
	struct inspector_conf conf[INSPECTORS_MAX];
	for (unsigned i = 0; i < p->n; i++)
		conf[i] = p->worker[i].conf;
	if (!landlock_version())
		say(LOG_NOTICE,
		    "this kernel has no Landlock: inspectors are confined by the list of "
		    "their system calls alone");
	int err = spawner_start(conf, p->n, p->uid, p->gid, &p->spawner);
	if (!err || !p->spawner.failed)
		return err;
	say(LOG_ERR, "the spawner: %s: %s; nothing was changed", p->spawner.failed, strerror(-err));
	return STEP_SAID;
}

/* The inspectors are the spawner's children and end with it. */
static void close_spawner(struct parent *p)
{
	spawner_stop(&p->spawner);
}

static int start_inspectors(struct parent *p)
{
	for (unsigned i = 0; i < p->n; i++) {
		worker_lock(&p->worker[i]);
		start_worker(&p->worker[i]);
		worker_unlock(&p->worker[i]);
	}
	if (wait_acks(p))
		return 0;
	if (!say_failed_starts(p))
		say(LOG_ERR, "an inspector did not take the policy; nothing was changed");
	return STEP_SAID;
}

static int open_control(struct parent *p)
{
	if (strncmp(p->control_path, ZONED_RUNDIR "/", sizeof(ZONED_RUNDIR)) == 0)
		mkdir(ZONED_RUNDIR, 0755); /* there already under systemd */
	p->control = control_open(p->base, &(struct control_conf){ .path = p->control_path,
								   .everybody = p->roles.set,
								   .verbs = control_verbs,
								   .ctx = p,
								   .role_of = role_of,
								   .refused = request_refused });
	/* his, as under systemd: its mode changes with the roles */
	if (p->control && (!p->becomes || chown(p->control_path, p->uid, p->gid) == 0))
		return 0;
	say(LOG_ERR, "control socket %s: %s; nothing was changed", p->control_path,
	    strerror(errno));
	return STEP_SAID;
}

static void close_control(struct parent *p)
{
	control_close(p->control);
	p->control = NULL;
}

/* ---- in force ---- */

/* Is it the model that cannot be put in force? Not while another process has the table, and not for
 * want of memory. */
static bool model_is_refused(const struct parent *p, int err)
{
	static const int others[] = { EPERM, EBUSY, ENOMEM, ENOBUFS, EINTR, ERESTART };
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (err == -others[i])
			return false;
	return err && !nft_held_by_another(p->nl);
}

/* Another zoned that has just been ended may hold the table for a moment. */
static int commit_first(struct parent *p)
{
	struct errs errs;
	for (int ms = 0; ms < HELD_MS && nft_held_by_another(p->nl); ms += 10)
		usleep(10000);
	errs_init(&errs);
	int err = commit(p, p->model, p->generation, &errs);
	if (model_is_refused(p, err))
		first_refused(p);
	errs_free(&errs);
	p->in_force = err == 0;
	return err;
}

/* Does anything that is inspected pass while nobody judges it? */
static bool any_open(const struct model *m)
{
	for (size_t i = 0; i < m->n_conduits; i++)
		for (size_t k = 0; k < m->conduits[i].n_flows; k++)
			if (model_fail_of(m, &m->conduits[i]) == FAIL_OPEN &&
			    m->conduits[i].flows[k].proto != PROTO_NONE)
				return true;
	return false;
}

/* The rules stay in the kernel: without them everything would be forwarded. */
static void leave_rules(struct parent *p)
{
	if (p->fast)
		fastpath_switch(p->fast, 0);
	say(LOG_NOTICE,
	    "stopping; the rules stay in the kernel: what needs an inspector is dropped%s",
	    any_open(p->model)
		    ? ", but for conduits with fail = \"open\": what they carry passes unjudged"
		    : "");
}

/* Threads have the rights of the thread that makes them: dropped before the first. The guard's
 * real-time priority needs them, and is this thread's until that one is made. The bounding
 * set is confine_start()'s: libcap-ng needs CAP_SETPCAP for it, or logs that, and 0.8.5 fails. */
static int drop_parent_rights(struct parent *p)
{
	if (!guard_before_others())
		say(LOG_WARNING,
		    "no real-time priority for the guard of the table (%s): while the processors "
		    "are busy, a table "
		    "that is removed stays open for longer; see LimitRTPRIO in zoned.service",
		    strerror(errno));
	capng_clear(CAPNG_SELECT_BOTH);
	capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_ADMIN);
	int err = p->becomes ? capng_change_id((int)p->uid, (int)p->gid, CAPNG_DROP_SUPP_GRP)
			     : capng_apply(CAPNG_SELECT_CAPS);
	if (!err)
		err = confine_parent();
	if (err)
		say(LOG_ERR, "cannot give up rights (%d)", err);
	return err ? STEP_SAID : 0;
}

static int start_record_thread(struct parent *p)
{
	int err = record_start(p->record);
	if (!err)
		say_by(p->record);
	return err;
}

static void say_evidence(void *ctx, bool trouble, const char *text)
{
	(void)ctx;
	say(trouble ? LOG_ERR : LOG_NOTICE, "%s", text);
}

static int open_evidence(struct parent *p)
{
	const struct evidence_keys *k = &p->model->daemon.evidence;
	if (!k->directory)
		return 0;
	/* a reload frees the model */
	p->evidence_path = strdup(k->directory);
	if (p->evidence_path)
		p->evidence = evidence_open(
			&(struct evidence_conf){ .directory = p->evidence_path,
						 .bytes_max = (uint64_t)k->size << 20,
						 .seconds_max = (uint64_t)k->age * DAY_SECONDS,
						 .before = k->before,
						 .after = k->after,
						 .snap = k->snap,
						 .memory = (size_t)k->memory << 20,
						 .rings = p->n,
						 .in_kernel = p->fast != NULL,
						 .application = "zoned " PACKAGE_VERSION,
						 .say = say_evidence });
	if (!p->evidence) {
		free(p->evidence_path);
		p->evidence_path = NULL;
		return -ENOMEM;
	}
	for (unsigned i = 0; i < p->n; i++)
		p->worker[i].seen = evidence_ring_of(p->evidence, i);
	return 0;
}

static void close_evidence(struct parent *p)
{
	for (unsigned i = 0; i < p->n; i++)
		p->worker[i].seen = NULL;
	evidence_close(p->evidence);
	free(p->evidence_path);
	p->evidence = NULL;
	p->evidence_path = NULL;
}

static int start_evidence_thread(struct parent *p)
{
	return p->evidence ? evidence_start(p->evidence) : 0;
}

/* A disk that hangs must not keep us: then the thread, and its memory, end with the process. */
static void stop_evidence_thread(struct parent *p)
{
	if (p->evidence && !evidence_stop(p->evidence, DRAIN_MS)) {
		say(LOG_ERR, "evidence: %s takes nothing; the last files of it are lost",
		    p->evidence_path);
		p->evidence = NULL;
		p->evidence_path = NULL;
	}
}

/* Stop the threads, then record the pending events of the last packets. */
static void stop_queue_threads(struct parent *p)
{
	threads_stop(p);
	refused_read(p);
	record_flush(p->record, p->img, clock_ns(CLOCK_MONOTONIC));
}

/* clang-format off */
static const struct step steps[] = {
	{ "cannot give up what this process was started with", begin_confined, NULL },
	{ "the user to become", choose_user, NULL },
	{ "the history", open_history, close_history },
	{ "no records", open_records, close_records },
	{ "no memory for counters", counts_open, counts_close },
	{ "the policy", build_policy, free_policy },
	{ "no netlink socket", open_nftables, close_nftables },
	{ "what this kernel can do", probe_kernel, NULL },
	{ "notices of nftables", guard_open, guard_close },
	{ "no random numbers", draw_marks, NULL },
	{ "the taps", open_taps, close_taps },
	{ "cannot give back the rights of taps", give_back_tap_rights, NULL },
	{ "the in-kernel path", open_fastpath, close_fastpath },
	{ "no memory for the limits", open_limits, close_limits },
	{ "no memory for what inspectors share, or no random numbers", open_common, close_common },
	{ "memory shared with inspectors", open_workers, close_workers },
	{ "no memory for evidence", open_evidence, close_evidence },
	{ "programs on interfaces", bypass_open, bypass_close },
	{ "what leads packets past the rules", refuse_bypasses, NULL },
	{ "the packet queues", open_queues, NULL },
	{ "the log of refused flows", open_log, close_log },
	{ "no memory for the counts of refused flows", refused_open, refused_close },
	{ "connection tracking events", open_conntrack, close_conntrack },
	{ "word of interfaces", open_links, close_links },
	{ "the counters of the rules", counts_begin, NULL },
	{ "no memory for the uses of conduits", uses_open, uses_close },
	{ "no spawner", open_spawner, close_spawner },
	{ "the inspectors", start_inspectors, NULL },
	{ "no loop of events", events_open, events_close },
	{ "the control socket", open_control, close_control },
	{ "the socket of metrics", metrics_open, metrics_close },
	{ "the rules", commit_first, leave_rules },
	{ "rights", drop_parent_rights, NULL },
	{ "the history", change_first, NULL },
	{ "no thread for the guard of the table", guard_start, guard_stop },
	{ "no thread for the records", start_record_thread, NULL },
	{ "no thread for evidence", start_evidence_thread, stop_evidence_thread },
	{ "no threads for the queues", threads_start, stop_queue_threads },
};
/* clang-format on */
enum { STEPS = sizeof(steps) / sizeof(steps[0]) };

static void say_failed(struct parent *p, const struct step *step, int err)
{
	if (err != STEP_SAID)
		say(LOG_ERR, "%s: %s%s", step->what, strerror(-err),
		    p->in_force ? "" : "; nothing was changed");
}

bool parent_start(struct parent *p)
{
	return steps_open(steps, STEPS, p, say_failed);
}

void parent_stop(struct parent *p)
{
	steps_close(steps, STEPS, p);
}
