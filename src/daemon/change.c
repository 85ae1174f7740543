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
#include "base/utf8.h"
#include "compile/policy_build.h"
#include "daemon/counts.h"
#include "daemon/metrics.h"
#include "daemon/orders.h"
#include "daemon/proposals.h"
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

void set_outcome(struct outcome *o, enum control_code code, const char *fmt, ...)
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
	char user[HISTORY_TEXT];
	if (who && *who->user)
		snprintf(user, sizeof(user), "%s", who->user);
	else if (who)
		snprintf(user, sizeof(user), "uid %u", (unsigned)who->uid);
	if (!who)
		snprintf(out, HISTORY_TEXT, "%s", c->other);
	else if (c->proposer)
		snprintf(out, HISTORY_TEXT, "%s, approved by %.60s", c->proposer->who, user);
	else if (*who->login && strcmp(who->login, who->user) != 0)
		snprintf(out, HISTORY_TEXT, "%s (as %.60s)", who->login, user);
	else
		snprintf(out, HISTORY_TEXT, "%s", user);
}

/* What the configured file has now; "": it has errors, or is not there. */
static void hash_configured(const struct parent *p, char out[HISTORY_HASH])
{
	struct errs errs;
	errs_init(&errs);
	struct model *m = model_load(p->path, p->rules, &errs);
	out[0] = '\0';
	if (m)
		hash_own_files(m, out);
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
	/* a file that is edited meanwhile is newer than what was read of it */
	if (strcmp(c->origin, "file") == 0)
		hash_own_files(p->model, g.configured);
	else
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

/* What is in force waits as it did before a change that was refused. */
static void wait_as_before(struct parent *p, uint32_t back, uint64_t until_ns)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	uint64_t left = back && until_ns > now ? (until_ns - now) / second_ns : 0;
	int err = wait_for_confirm(p, back ? p->listed : 0, back, (uint32_t)left);
	if (err)
		say(LOG_ERR, "%s: %s", p->history.path, strerror(-err));
	p->confirm_back = back;
	p->confirm_ns = until_ns;
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
	if (c->confirm_s && !p->confirm_back && !history_find(&p->history, p->listed)) {
		set_outcome(o, CONTROL_CONFLICT,
			    "generation %u, which is in force, is not kept in %s, so there is no "
			    "way back to it; mend the directory, and load without confirm",
			    p->listed, p->history.path);
		return false;
	}
	return true;
}

/* What only a restart puts in force. */
struct start_keys {
	const char *name[MODEL_START_KEYS];
	size_t n;
};

/* What the new model says of them is kept out. */
static void keep_start_keys(const struct parent *p, struct model *m, struct start_keys *keys)
{
	keys->n = model_start_keys(m, p->model, keys->name);
	if (keys->n)
		model_keep_start_keys(m, p->model);
}

static void set_pending(struct parent *p, const struct start_keys *keys)
{
	char list[512] = "";
	struct sb b = sb_init(list, sizeof(list));
	for (size_t i = 0; i < keys->n; i++)
		sb_printf(&b, "%s%s", i ? ", " : "", keys->name[i]);
	memcpy(p->pending, keys->name, keys->n * sizeof(keys->name[0]));
	p->n_pending = keys->n;
	if (keys->n)
		say(LOG_WARNING,
		    "changed and not in force until a restart: %s; the rest is in force", list);
}

/* Ask all who must take it, then commit. False: o says why, and nothing changed. */
bool change_try(struct parent *p, struct model *m, uint32_t next, struct outcome *o)
{
	int err = 0;
	struct pol_image *img = policy_build(m, next, &err);
	if (!img || img->size > IMAGE_MAX) {
		set_outcome(o, CONTROL_MODEL, "the policy does not fit: %s",
			    img ? "larger than 16 MB" : strerror(-err));
		free(img);
		return false;
	}
	counts_name_flows(p, img);
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
	/* zoned itself goes back to what was in force before, signed or not */
	bool back = !c->peer && strcmp(c->origin, "rollback") == 0;
	if (!back && !signature_check(m, p->model, &o->errs)) {
		set_outcome(o, CONTROL_MODEL, "the model is not signed by a trusted key");
		say_errors(&o->errs);
		return false;
	}
	if (!roles_of(m, roles, &o->errs) || !tap_filters_check(m, &o->errs)) {
		set_outcome(o, CONTROL_MODEL, "the file has errors");
		say_errors(&o->errs);
		return false;
	}
	return true;
}

/* Asks for the change, and has it wait to be confirmed. What nobody has confirmed is no way back:
 * that stays the generation before it. */
static bool try_change(struct parent *p, const struct change *c, struct model *m, struct outcome *o)
{
	uint32_t next = generation_next(p), back = p->confirm_back;
	uint64_t until_ns = p->confirm_ns;
	int err = !c->confirm_s ? 0
				: wait_for_confirm(p, next, back ? back : p->listed, c->confirm_s);
	if (err) {
		set_outcome(o, CONTROL_FAILED, "%s: %s", p->history.path, strerror(-err));
		return false;
	}
	bool ok = change_try(p, m, next, o);
	if (!ok && c->confirm_s)
		wait_as_before(p, back, until_ns);
	return ok;
}

static void take_roles(struct parent *p, const struct roles *roles)
{
	int err = p->control && roles->set != p->roles.set ? control_let_in(p->control, roles->set)
							   : 0;
	if (!err)
		err = metrics_let_in(p, roles->set);
	if (err)
		say(LOG_ERR, "control socket: %s: roles by group do not work", strerror(-err));
	p->roles = *roles;
}

bool change_model(struct parent *p, const struct change *c, struct model *m, struct outcome *o)
{
	uint32_t before = p->generation;
	char hash_before[HISTORY_HASH], hash[HISTORY_HASH];
	struct start_keys keys;
	struct roles roles;
	memcpy(hash_before, p->hash, sizeof(hash_before));
	bool ok = prepare_change(p, c, m, &roles, o);
	if (ok && !hash_model(m, hash)) {
		set_outcome(o, CONTROL_FAILED, "out of memory");
		ok = false;
	}
	if (ok && proposal_is_needed(p, c, m) && proposal_make(p, c, m, hash, o)) {
		model_free(m);
		return false;
	}
	ok = ok && !proposal_is_needed(p, c, m);
	if (ok) {
		keep_start_keys(p, m, &keys);
		orders_lay(p, &p->orders, m);
		ok = try_change(p, c, m, o);
	}
	if (!ok) {
		change_say_refusal(p, c, o);
		model_free(m);
		return false;
	}
	memcpy(p->hash, hash, sizeof(p->hash));
	p->listed = p->generation;
	if (!c->confirm_s)
		p->confirm_back = 0;
	orders_fit(p);
	taps_give(p); /* what they had blocked is so again, before anything is logged */
	set_pending(p, &keys);
	take_roles(p, &roles);
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
	for (size_t i = p->history.n; i-- > 0;)
		if (p->history.v[i].number < p->listed)
			return p->history.v[i].number;
	return 0;
}

/* NULL: o says why there is no way to it. */
static const struct generation *find_back(const struct parent *p, uint32_t number,
					  struct outcome *o)
{
	const struct generation *g = p->keeps_history ? history_find(&p->history, number) : NULL;
	if (!p->keeps_history)
		set_outcome(o, CONTROL_NOT_FOUND, "generations are not kept; see -S in zoned(8)");
	else if (!number)
		set_outcome(o, CONTROL_NOT_FOUND, "no generation before %u is kept", p->listed);
	else if (!g || number == p->listed)
		set_outcome(o, CONTROL_NOT_FOUND, "generation %u is %s; see zonectl generations",
			    number, g ? "in force" : "not kept");
	return g && number != p->listed ? g : NULL;
}

bool change_back(struct parent *p, const struct change *c, uint32_t number, struct outcome *o)
{
	bool alone = number == 0;
	number = number ? number : number_before(p);
	const struct generation *g = find_back(p, number, o);
	char why[HISTORY_TEXT];
	if (!g) {
		change_say_refusal(p, c, o);
		return false;
	}
	snprintf(why, sizeof(why), "generation %u again%s%.*s", number, *c->why ? ": " : "",
		 (int)utf8_cut(c->why, HISTORY_TEXT - 40), c->why);
	struct model *m = history_model(&p->history, g, &o->errs);
	if (!m) {
		say_errors(&o->errs);
		set_outcome(o, CONTROL_MODEL, "generation %u cannot be read", number);
		change_say_refusal(p, c, o);
		return false;
	}
	struct change back = *c;
	back.why = why;
	back.alone = alone;
	return change_model(p, &back, m, o);
}

bool change_confirm(struct parent *p, const struct change *c, struct outcome *o)
{
	bool waits = p->confirm_back != 0;
	int err = waits ? wait_for_confirm(p, 0, 0, 0) : 0;
	if (!waits)
		set_outcome(o, CONTROL_CONFLICT, "nothing waits to be confirmed");
	else if (err)
		set_outcome(o, CONTROL_FAILED, "%s: %s; it still waits", p->history.path,
			    strerror(-err));
	else
		set_outcome(o, CONTROL_DONE, "confirmed");
	if (waits && !err)
		orders_fit(p);
	audit(p, &(struct audit){ .change = c,
				  .result = waits && !err ? "confirmed" : "refused",
				  .text = o->text,
				  .before = p->generation,
				  .hash_before = p->hash });
	return waits && !err;
}

void change_tick(struct parent *p)
{
	const struct change c = { .verb = "fall back",
				  .origin = "rollback",
				  .why = "not confirmed in time",
				  .other = "zoned" };
	struct outcome o;
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	proposals_tick(p);
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
	proposals_start(p);
	restored_say(p);
	if (p->orders_changed)
		orders_fit(p);
	if (p->first->is_new)
		write_history(p, &p->first->change, &o);
	else if (p->history.confirm.number) /* of a generation that is no longer kept */
		wait_for_confirm(p, 0, 0, 0);
	outcome_free(&o);
	return 0;
}
