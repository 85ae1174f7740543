/* SPDX-License-Identifier: MIT
 *
 * Generations: a model becomes a policy image for the inspectors and a ruleset
 * for the kernel. The kernel is asked first; then every inspector must have
 * taken the image; then the ruleset is committed. What fails changes nothing.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "compile/policy_build.h"
#include "daemon/parent.h"
#include "daemon/taps.h"
#include "recording/tap-filters.h"

/* ---- generations ---- */

bool wait_acks(struct parent *p)
{
	for (int ms = 0; ms < ACK_MS; ms++) {
		bool all = true;
		for (unsigned i = 0; i < p->n; i++) {
			worker_lock(&p->worker[i]);
			drain(&p->worker[i]);
			all &= p->worker[i].acked;
			worker_unlock(&p->worker[i]);
		}
		if (all)
			return true;
		usleep(1000);
	}
	return false;
}

/* Log the errors and free them. */
static void say_errors(struct errs *errs)
{
	for (size_t i = 0; i < errs->n; i++) {
		char where[ERR_LINE];
		say(LOG_ERR, "%s%s: error: %s", errs->v[i].file, err_line(&errs->v[i], where),
		    errs->v[i].text);
	}
	errs_free(errs);
}

static void say_old_keys(const struct model *m)
{
	for (size_t i = 0; i < m->n_old_keys; i++)
		say(LOG_WARNING, "%s:%u: warning: " OLD_KEY_TEXT, m->old_keys[i].at.file,
		    m->old_keys[i].at.line, m->old_keys[i].name, m->old_keys[i].now);
}

void watching_say(const struct parent *p)
{
	if (p->model->mode == MODE_OBSERVE)
		say(LOG_WARNING, "%s:%u: warning: " MODEL_WATCHES_TEXT ": event=site-only-watched",
		    p->model->mode_at.file, p->model->mode_at.line);
}

struct model *load_model(const struct parent *p)
{
	struct errs errs;
	errs_init(&errs);
	struct model *m = model_load(p->path, p->rules, &errs);
	if (m && !tap_filters_check(m, &errs)) {
		model_free(m);
		m = NULL;
	}
	say_errors(&errs);
	if (m)
		say_old_keys(m);
	return m;
}

enum how { ONLY_ASK, FOR_GOOD, AGAIN };

/* Of a site that is only watched nothing is stopped: neither when others change our table, nor when
 * more comes than can be judged. */
static void only_watch(struct parent *p, bool watches)
{
	int err = 0;
	guard_watches(p, watches);
	for (unsigned i = 0; i < p->n; i++) {
		worker_lock(&p->worker[i]);
		for (unsigned k = QUEUE_OPEN * LANES; k < (QUEUE_OPEN + 1) * LANES; k++) {
			int r = queue_pass_overload(&p->worker[i].queue[k], watches);
			err = err ? err : r;
		}
		worker_unlock(&p->worker[i]);
	}
	if (err)
		say(LOG_ERR, "what is too much for the packet queues is dropped: %s",
		    strerror(-err));
}

static int ruleset(struct parent *p, const struct model *m, uint32_t generation, enum how how)
{
	struct errs errs;
	errs_init(&errs);
	struct nft_opts o = nft_opts_of(p, generation);
	unsigned seen = guard_seen(p);
	o.again = how == AGAIN;
	bool now = p->in_force && p->model->mode == MODE_OBSERVE, next = m->mode == MODE_OBSERVE;
	if (how != ONLY_ASK && !next) /* before: nothing that is enforced is open to others */
		only_watch(p, false);
	int err =
		how != ONLY_ASK ? nft_commit(p->nl, m, &o, &errs) : nft_check(p->nl, m, &o, &errs);
	say_errors(&errs);
	if (how != ONLY_ASK)
		only_watch(p, err ? now : next);
	if (!err && how != ONLY_ASK)
		guard_committed(p, seen);
	return err;
}

/* No packet may be judged by one generation's rules and another's policies: while the
 * rules change, none goes fast. */
static int exchange(struct parent *p, const struct model *m, uint32_t generation, enum how how)
{
	if (!p->fast)
		return ruleset(p, m, generation, how);
	fastpath_switch(p->fast, 0);
	int err = ruleset(p, m, generation, how);
	fastpath_switch(p->fast, err ? p->generation : generation);
	return err;
}

int commit(struct parent *p, const struct model *m, uint32_t generation)
{
	return exchange(p, m, generation, FOR_GOOD);
}

int commit_again(struct parent *p)
{
	return exchange(p, p->model, p->generation, AGAIN);
}

struct nft_opts nft_opts_of(const struct parent *p, uint32_t generation)
{
	bool first = p->fast && fastpath_first(p->fast) >= 0;
	int program = !p->fast ? -1 : first ? fastpath_first(p->fast) : fastpath_late(p->fast);
	return (struct nft_opts){ .generation = generation,
				  .queues = (uint16_t)(p->n * LANES),
				  .queue = p->queue_kind,
				  .fast = program,
				  .fast_first = first,
				  .offload = p->has_flowtable,
				  .lock = p->locks_table,
				  .helper = p->has_helper,
				  .learn = first ? fastpath_learn(p->fast) : -1,
				  .asked_mark = p->asked_mark,
				  .blocked_mark = p->blocked_mark };
}

static int ask_kernel(struct parent *p, const struct model *m, uint32_t generation)
{
	return ruleset(p, m, generation, ONLY_ASK);
}

static bool give_all(struct parent *p, const struct pol_image *img)
{
	bool all = true;
	for (unsigned i = 0; i < p->n; i++) {
		bool given = false;
		/* a busy inspector's ring is full at times */
		for (int ms = 0; ms < ACK_MS && !given; ms++) {
			worker_lock(&p->worker[i]);
			given = give_policy(&p->worker[i], img);
			if (!given)
				drain(&p->worker[i]);
			worker_unlock(&p->worker[i]);
			if (!given)
				usleep(1000);
		}
		all &= given;
	}
	return all && wait_acks(p);
}

/* Set the model and images from which records take names. If img replaces another image, pending
 * events are recorded first, with the old one's names. */
static void set_images(struct parent *p, struct model *m, struct pol_image *img,
		       const struct pol_image *next)
{
	pthread_mutex_lock(&p->policy_lock);
	if (img != p->img)
		record_flush(p->record, p->img, clock_ns(CLOCK_MONOTONIC));
	p->img = img;
	p->model = m;
	p->next_img = next;
	pthread_mutex_unlock(&p->policy_lock);
}

static bool give_fast(struct parent *p, const struct model *m, const struct pol_image *img)
{
	int err = p->fast ? fastpath_policy(p->fast, img) : 0;
	if (err)
		say(LOG_ERR, "the in-kernel path did not take the policy: %s", strerror(-err));
	else if (p->fast && img->n_flows > fastpath_bank(p->fast))
		say(LOG_WARNING,
		    "the in-kernel path has room for %u inspected flows; the last %u of this model "
		    "go to "
		    "the inspectors until a restart",
		    fastpath_bank(p->fast), img->n_flows - fastpath_bank(p->fast));
	ssize_t left = !err && p->fast ? plain_give(p, m, img->generation) : 0;
	if (left > 0)
		say(LOG_WARNING,
		    "the in-kernel path has no room for %zd flows without inspection; they go by "
		    "the rules "
		    "until a restart",
		    left);
	return err == 0;
}

/* Never one number for two images. The inspectors' images and the in-kernel path's policies
 * have two places, by the lowest bit: what is tried must not go where the one in force is,
 * however many were refused since. */
static uint32_t next_number(const struct parent *p)
{
	uint32_t next = p->tried + 1;
	return next + !((next ^ p->generation) & 1);
}

bool reload(struct parent *p)
{
	int err = 0;
	struct model *m = load_model(p);
	uint32_t next = next_number(p);
	if (m)
		p->tried = next;
	struct pol_image *img = m ? policy_build(m, next, &err) : NULL;
	const char *why = "the file has errors";
	if (m &&
	    (m->daemon.mark_mask != p->model->daemon.mark_mask ||
	     m->daemon.queue_base != p->model->daemon.queue_base ||
	     m->daemon.queues != p->model->daemon.queues ||
	     m->daemon.log_group != p->model->daemon.log_group ||
	     m->daemon.max_connections != p->model->daemon.max_connections ||
	     m->daemon.max_connections_per_source != p->model->daemon.max_connections_per_source ||
	     m->daemon.fast_path != p->model->daemon.fast_path ||
	     m->daemon.lock_table != p->model->daemon.lock_table || !model_taps_eq(m, p->model) ||
	     strcmp(m->daemon.user, p->model->daemon.user) != 0)) {
		why = "mark_mask, queue_base, queues, log_group, max_connections, "
		      "max_connections_per_source, fast_path, lock_table, user and interfaces "
		      "change only with a restart";
	} else if (img && img->size <= RING_IMAGE) {
		why = "an inspector or the kernel refused it";
		set_images(p, p->model, p->img, img);
		bool taken =
			ask_kernel(p, m, next) == 0 && give_fast(p, m, img) && give_all(p, img);
		if (taken)
			refused_read(p);
		if (taken && commit(p, m, next) == 0) {
			struct pol_image *old = p->img;
			struct model *before = p->model;
			used_carry(p, m);
			set_images(p, m, img, NULL);
			refused_begin_again(p);
			model_free(before);
			free(old);
			p->generation = next;
			say(LOG_NOTICE, "generation %u is in force: %zu zones, %zu conduits", next,
			    m->n_zones - 1, m->n_conduits);
			watching_say(p);
			offload_say(p);
			misfits_tell_again(p);
			taps_give(p);
			return true;
		}
		give_all(p, p->img);
		set_images(p, p->model, p->img, NULL);
	}
	say(LOG_ERR, "reload refused: %s; nothing was changed, generation %u stays in force", why,
	    p->generation);
	free(img);
	model_free(m);
	return false;
}
