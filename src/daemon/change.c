/* SPDX-License-Identifier: MIT
 *
 * One way from a model to what is in force, for all who ask: reload, apply, rollback, and the fall
 * back of what nobody confirmed. The kernel and every inspector are asked first; what is refused
 * changes nothing. What was put in force is written to the history behind it, but what is to be
 * confirmed before it: whatever ends zoned meanwhile, the next start falls back.
 */
#include "daemon/change.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "base/sb.h"
#include "compile/policy_build.h"
#include "daemon/orders.h"
#include "daemon/taps.h"
#include "recording/tap-filters.h"

enum { RETRY_SECONDS = 10 };
static const uint64_t second_ns = 1000000000u;

void outcome_init(struct outcome *o)
{
	memset(o, 0, sizeof(*o));
	errs_init(&o->errs);
}

void outcome_free(struct outcome *o)
{
	errs_free(&o->errs);
}

static void __attribute__((format(printf, 3, 4)))
set_outcome(struct outcome *o, enum control_code code, const char *fmt, ...)
{
	va_list ap;
	o->code = code;
	va_start(ap, fmt);
	vsnprintf(o->text, sizeof(o->text), fmt, ap);
	va_end(ap);
}

/* ---- the history ---- */

void change_put_who(const struct change *c, char out[HISTORY_TEXT])
{
	const struct control_peer *who = c->peer;
	if (!who)
		snprintf(out, HISTORY_TEXT, "%s", c->other);
	else if (*who->login && strcmp(who->login, who->user) != 0)
		snprintf(out, HISTORY_TEXT, "%s (as %s)", who->login, who->user);
	else if (*who->user)
		snprintf(out, HISTORY_TEXT, "%s", who->user);
	else
		snprintf(out, HISTORY_TEXT, "uid %u", (unsigned)who->uid);
}

/* What the configured file has now; "": it has errors, or is not there. */
static void hash_configured(const struct parent *p, char out[HISTORY_HASH])
{
	struct errs errs;
	errs_init(&errs);
	struct model *m = model_load(p->path, p->rules, &errs);
	out[0] = '\0';
	if (m)
		hash_files(m, out);
	model_free(m);
	errs_free(&errs);
}

/* What is in force goes on without it: only the next start does not know of it. */
static void write_history(struct parent *p, const struct change *c, struct outcome *o)
{
	struct generation g = { .number = p->generation, .time_s = (int64_t)time(NULL) };
	if (!p->keeps_history)
		return;
	snprintf(g.origin, sizeof(g.origin), "%s", c->origin);
	snprintf(g.why, sizeof(g.why), "%s", c->why);
	snprintf(g.model, sizeof(g.model), "%s", p->hash);
	change_put_who(c, g.who);
	hash_configured(p, g.configured);
	int err = history_add(&p->history, &g, p->model);
	if (!err)
		return;
	say(LOG_ERR,
	    "generation %u is in force, but %s does not take it: %s; a restart does not know of it",
	    p->generation, p->history.path, strerror(-err));
	set_outcome(o, o->code, "in force, but not kept (%s): a restart does not know of it",
		    strerror(-err));
}

static int wait_for_confirm(struct parent *p, uint32_t number, uint32_t back, uint32_t seconds)
{
	int err = 0;
	if (p->keeps_history)
		err = history_confirm(&p->history, number, back, (int64_t)time(NULL) + seconds);
	if (!err) {
		p->confirm_back = number ? back : 0;
		p->confirm_ns = number ? clock_ns(CLOCK_MONOTONIC) + seconds * second_ns : 0;
	}
	return err;
}

/* ---- one change ---- */

void change_say_refusal(struct parent *p, const struct change *c, const struct outcome *o)
{
	say(LOG_ERR, "%s refused: %s; nothing was changed, generation %u stays in force", c->verb,
	    o->text, p->generation);
	audit(p, &(struct audit){ .change = c,
				  .result = "refused",
				  .text = "refused, nothing was changed",
				  .before = p->generation,
				  .hash_before = p->hash });
}

static bool check_wait(struct parent *p, const struct change *c, struct outcome *o)
{
	if (p->confirm_back && strcmp(c->origin, "rollback") != 0) {
		set_outcome(o, CONTROL_CONFLICT,
			    "generation %u waits to be confirmed; zonectl confirm or zonectl "
			    "rollback first",
			    p->generation);
		return false;
	}
	if (c->confirm_s && !p->keeps_history) {
		set_outcome(o, CONTROL_CONFLICT,
			    "without a directory for generations there is no way back after a "
			    "restart; see -S in zoned(8)");
		return false;
	}
	return true;
}

/* What the new model says and only a restart puts in force is logged and kept out. */
static void keep_start_keys(struct parent *p, struct model *m)
{
	char list[512] = "";
	const char *keys[MODEL_START_KEYS];
	size_t n = model_start_keys(m, p->model, keys);
	struct sb b = sb_init(list, sizeof(list));
	for (size_t i = 0; i < n; i++)
		sb_printf(&b, "%s%s", i ? ", " : "", keys[i]);
	memcpy(p->pending, keys, n * sizeof(keys[0]));
	p->n_pending = n;
	if (n == 0)
		return;
	say(LOG_WARNING, "changed and not in force until a restart: %s; the rest is in force",
	    list);
	model_keep_start_keys(m, p->model);
}

/* Ask all who must take it, then commit. False: o says why, and nothing changed. */
bool change_try(struct parent *p, struct model *m, uint32_t next, struct outcome *o)
{
	int err = 0;
	struct pol_image *img = policy_build(m, next, &err);
	if (!img || img->size > RING_IMAGE) {
		set_outcome(o, CONTROL_MODEL, "the policy does not fit: %s",
			    img ? "larger than 16 MB" : strerror(-err));
		free(img);
		return false;
	}
	if (generation_exchange(p, m, img, next, &o->errs))
		return true;
	set_outcome(o, CONTROL_MODEL, "an inspector or the kernel refused it");
	free(img);
	return false;
}

static void say_in_force(struct parent *p, const struct change *c)
{
	say(LOG_NOTICE, "generation %u is in force: %zu zones, %zu conduits", p->generation,
	    p->model->n_zones - 1, p->model->n_conduits);
	if (c->confirm_s)
		say(LOG_NOTICE,
		    "generation %u is in force for %u seconds, and generation %u again then, "
		    "unless it is confirmed (zonectl confirm)",
		    p->generation, c->confirm_s, p->confirm_back);
	watching_say(p);
	offload_say(p);
	misfits_tell_again(p);
}

static bool prepare_change(struct parent *p, const struct change *c, struct model *m,
			   struct roles *roles, struct outcome *o)
{
	if (!check_wait(p, c, o))
		return false;
	if (!roles_of(m, roles, &o->errs) || !tap_filters_check(m, &o->errs)) {
		set_outcome(o, CONTROL_MODEL, "the file has errors");
		say_errors(&o->errs);
		return false;
	}
	return true;
}

bool change_model(struct parent *p, const struct change *c, struct model *m, struct outcome *o)
{
	uint32_t before = p->generation, next = generation_next(p);
	char hash_before[HISTORY_HASH], hash[HISTORY_HASH];
	struct roles roles;
	int err = 0;
	memcpy(hash_before, p->hash, sizeof(hash_before));
	bool ok = prepare_change(p, c, m, &roles, o);
	if (ok && !hash_model(m, hash)) {
		set_outcome(o, CONTROL_FAILED, "out of memory");
		ok = false;
	}
	if (ok && c->confirm_s && (err = wait_for_confirm(p, next, p->listed, c->confirm_s))) {
		set_outcome(o, CONTROL_FAILED, "%s: %s", p->history.path, strerror(-err));
		ok = false;
	}
	if (ok) {
		keep_start_keys(p, m);
		orders_over(&p->orders, m);
		ok = change_try(p, m, next, o);
		if (!ok && c->confirm_s)
			wait_for_confirm(p, 0, 0, 0);
	}
	if (!ok) {
		change_say_refusal(p, c, o);
		model_free(m);
		return false;
	}
	memcpy(p->hash, hash, sizeof(p->hash));
	p->listed = p->generation;
	orders_fit(p);
	taps_give(p); /* what they had blocked is so again, before anything is logged */
	if (!c->confirm_s)
		p->confirm_back = 0;
	if (p->control && roles.set != p->roles.set &&
	    (err = control_let_in(p->control, roles.set)))
		say(LOG_ERR, "control socket: %s: roles by group do not work", strerror(-err));
	p->roles = roles;
	set_outcome(o, CONTROL_DONE, "in force");
	say_in_force(p, c);
	write_history(p, c, o);
	audit(p, &(struct audit){ .change = c,
				  .result = "in-force",
				  .text = o->text,
				  .before = before,
				  .hash_before = hash_before });
	return true;
}

void change_refused(struct parent *p, const struct change *c, struct outcome *o, const char *why)
{
	say_errors(&o->errs);
	set_outcome(o, CONTROL_MODEL, "%s", why);
	change_say_refusal(p, c, o);
}

bool change_reload(struct parent *p, const struct change *c, struct outcome *o)
{
	struct model *m = load_model(p, &o->errs);
	if (m)
		return change_model(p, c, m, o);
	change_refused(p, c, o, "the file has errors");
	return false;
}

/* The generation before the one in force, of those kept. */
static uint32_t number_before(const struct parent *p)
{
	if (p->confirm_back)
		return p->confirm_back;
	for (size_t i = p->history.n; i-- > 1;)
		if (p->history.v[i].number == p->listed)
			return p->history.v[i - 1].number;
	return 0;
}

bool change_back(struct parent *p, const struct change *c, uint32_t number, struct outcome *o)
{
	number = number ? number : number_before(p);
	const struct generation *g = p->keeps_history ? history_find(&p->history, number) : NULL;
	char why[HISTORY_TEXT];
	if (!g || number == p->listed) {
		set_outcome(o, CONTROL_NOT_FOUND, "generation %u is %s; see zonectl generations",
			    number, g ? "in force" : "not kept");
		change_say_refusal(p, c, o);
		return false;
	}
	snprintf(why, sizeof(why), "generation %u again%s%.*s", number, *c->why ? ": " : "",
		 HISTORY_TEXT - 40, c->why);
	struct model *m = history_model(&p->history, g, &o->errs);
	if (!m) {
		say_errors(&o->errs);
		set_outcome(o, CONTROL_MODEL, "generation %u cannot be read", number);
		change_say_refusal(p, c, o);
		return false;
	}
	struct change back = *c;
	back.why = why;
	return change_model(p, &back, m, o);
}

bool change_confirm(struct parent *p, const struct change *c, struct outcome *o)
{
	if (!p->confirm_back) {
		set_outcome(o, CONTROL_CONFLICT, "nothing waits to be confirmed");
		return false;
	}
	int err = wait_for_confirm(p, 0, 0, 0);
	if (err)
		set_outcome(o, CONTROL_FAILED, "%s: %s; it still waits", p->history.path,
			    strerror(-err));
	else
		set_outcome(o, CONTROL_DONE, "confirmed");
	audit(p, &(struct audit){ .change = c,
				  .result = err ? "refused" : "confirmed",
				  .text = o->text,
				  .before = p->generation,
				  .hash_before = p->hash });
	return !err;
}

void change_tick(struct parent *p)
{
	const struct change c = { .verb = "fall back",
				  .origin = "rollback",
				  .why = "not confirmed in time",
				  .other = "zoned" };
	struct outcome o;
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	if (!p->confirm_back || now < p->confirm_ns)
		return;
	outcome_init(&o);
	if (!change_back(p, &c, p->confirm_back, &o)) {
		say(LOG_CRIT,
		    "generation %u was not confirmed and stays in force, since generation %u was "
		    "refused; it is tried again in %d seconds",
		    p->generation, p->confirm_back, RETRY_SECONDS);
		p->confirm_ns = now + RETRY_SECONDS * second_ns;
	}
	outcome_free(&o);
}

int change_first(struct parent *p)
{
	struct outcome o;
	outcome_init(&o);
	if (p->orders_changed)
		orders_fit(p), p->orders_changed = false;
	if (p->first->is_new)
		write_history(p, &p->first->change, &o);
	else if (p->history.confirm.number) /* of a generation that is no longer kept */
		wait_for_confirm(p, 0, 0, 0);
	outcome_free(&o);
	return 0;
}
