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
#include "daemon/counts.h"
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

void say_errors(const struct errs *errs)
{
	for (size_t i = 0; i < errs->n; i++) {
		char where[ERR_LINE];
		say(LOG_ERR, "%s%s: error: %s", errs->v[i].file, err_line(&errs->v[i], where),
		    errs->v[i].text);
	}
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

struct model *load_model(const struct parent *p, struct errs *errs)
{
	struct model *m = model_load(p->path, p->rules, errs);
	if (m && !tap_filters_check(m, errs)) {
		model_free(m);
		m = NULL;
	}
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

/* How the ruleset of a model is asked for. */
struct asked {
	const struct model *m;
	uint32_t generation;
	enum how how;
	struct errs *errs; /* gets what the kernel refuses, which is logged, too */
};

static int ruleset(struct parent *p, const struct asked *a)
{
	const struct model *m = a->m;
	enum how how = a->how;
	size_t before = a->errs->n;
	struct nft_opts o = nft_opts_of(p, a->generation);
	unsigned seen = guard_seen(p);
	o.again = how == AGAIN;
	bool now = p->in_force && p->model->mode == MODE_OBSERVE, next = m->mode == MODE_OBSERVE;
	if (how != ONLY_ASK && !next) /* before: nothing that is enforced is open to others */
		only_watch(p, false);
	int err = how != ONLY_ASK ? nft_commit(p->nl, m, &o, a->errs)
				  : nft_check(p->nl, m, &o, a->errs);
	if (a->errs->n > before)
		say_errors(a->errs);
	if (how != ONLY_ASK)
		only_watch(p, err ? now : next);
	if (!err && how != ONLY_ASK)
		guard_committed(p, seen);
	return err;
}

/* No packet may be judged by one generation's rules and another's policies: while the
 * rules change, none goes fast. */
static int exchange(struct parent *p, const struct asked *a)
{
	if (!p->fast)
		return ruleset(p, a);
	fastpath_switch(p->fast, 0);
	int err = ruleset(p, a);
	fastpath_switch(p->fast, err ? p->generation : a->generation);
	return err;
}

int commit(struct parent *p, const struct model *m, uint32_t generation, struct errs *errs)
{
	return exchange(p, &(struct asked){ m, generation, FOR_GOOD, errs });
}

int commit_again(struct parent *p)
{
	struct errs errs;
	errs_init(&errs);
	int err = exchange(p, &(struct asked){ p->model, p->generation, AGAIN, &errs });
	errs_free(&errs);
	return err;
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
uint32_t generation_next(const struct parent *p)
{
	uint32_t next = p->tried + 1;
	return next + !((next ^ p->generation) & 1);
}

bool generation_exchange(struct parent *p, struct model *m, struct pol_image *img, uint32_t next,
			 struct errs *errs)
{
	const struct asked only_ask = { m, next, ONLY_ASK, errs };
	p->tried = next;
	set_images(p, p->model, p->img, img);
	bool taken = ruleset(p, &only_ask) == 0 && give_fast(p, m, img) && give_all(p, img);
	if (taken) {
		refused_read(p);
		counts_sample(p);
	}
	if (!taken || commit(p, m, next, errs)) {
		give_all(p, p->img);
		set_images(p, p->model, p->img, NULL);
		return false;
	}
	struct pol_image *old = p->img;
	struct model *before = p->model;
	counts_carry(p, m);
	used_carry(p, m);
	set_images(p, m, img, NULL);
	refused_begin_again(p);
	model_free(before);
	free(old);
	p->generation = next;
	outputs_apply(p);
	return true;
}
