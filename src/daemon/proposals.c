/* SPDX-License-Identifier: MIT
 *
 * Changes by several people. A change of the model is refused to nobody who may make it, but it
 * waits: with the hash of the model, who proposed it and why. Another user approves that hash, and
 * then the model that was kept with it is put in force, if it still has that hash.
 *
 * One person alone can go back to the generation before, and give orders: the bad day does not
 * wait for two.
 */
#include "daemon/proposals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "base/utf8.h"

bool proposal_is_needed(const struct parent *p, const struct change *c, const struct model *m)
{
	bool own = !c->peer && strcmp(c->other, "zoned") == 0,
	     alone = c->alone && m->daemon.approvals >= p->model->daemon.approvals;
	return p->model->daemon.approvals > 1 && !alone && !own && !c->proposer;
}

static void set_person(struct proposal_person *to, const struct control_peer *who)
{
	*to = (struct proposal_person){ .uid = (uint32_t)who->uid };
	snprintf(to->login, sizeof(to->login), "%s", who->login);
	if (*who->user)
		snprintf(to->who, sizeof(to->who), "%s", who->user);
	else
		snprintf(to->who, sizeof(to->who), "uid %u", (unsigned)who->uid);
}

static void audit_proposal(struct parent *p, const struct change *c, const char *result,
			   const char *text, const char *model)
{
	audit(p, &(struct audit){ .change = c,
				  .result = result,
				  .text = text,
				  .before = p->generation,
				  .hash_before = p->hash,
				  .proposal = model });
}

/* False: o says why not; nothing has changed then. */
static bool keep_proposals(struct parent *p, struct outcome *o)
{
	int err = proposals_keep(p->history.dir, p->proposals);
	if (err)
		set_outcome(o, CONTROL_FAILED, "%s/proposals.json: %s", p->history_path,
			    strerror(-err));
	return !err;
}

static uint32_t people_needed(const struct parent *p)
{
	return p->model->daemon.approvals > 2 ? p->model->daemon.approvals : 2;
}

/* ---- propose ---- */

static bool may_propose(const struct parent *p, const struct change *c, const char *hash,
			struct outcome *o)
{
	const struct proposal *there = p->proposals ? proposals_find(p->proposals, hash) : NULL;
	if (!c->peer)
		set_outcome(o, CONTROL_CONFLICT,
			    "%u people are needed for a change, and a signal has none: zonectl "
			    "reload proposes it",
			    people_needed(p));
	else if (!p->keeps_history || !p->proposals)
		set_outcome(o, CONTROL_CONFLICT,
			    "%u people are needed for a change, and without a directory for "
			    "generations nothing can be proposed; see -S in zoned(8)",
			    people_needed(p));
	else if (there)
		set_outcome(o, CONTROL_CONFLICT, "this model is proposed by %s; approve that",
			    there->person[0].who);
	else if (p->proposals->n == PROPOSALS_MOST)
		set_outcome(o, CONTROL_CONFLICT,
			    "%d models are proposed; withdraw one (zonectl withdraw)",
			    PROPOSALS_MOST);
	else
		return true;
	return false;
}

bool proposal_make(struct parent *p, const struct change *c, const struct model *m,
		   const char *hash, struct outcome *o)
{
	struct proposal one = { .time_s = (int64_t)time(NULL),
				.confirm_s = c->confirm_s,
				.n_people = 1 };
	if (!may_propose(p, c, hash, o))
		return false;
	snprintf(one.hash, sizeof(one.hash), "%s", hash);
	snprintf(one.verb, sizeof(one.verb), "%s", c->verb);
	snprintf(one.origin, sizeof(one.origin), "%s", c->origin);
	snprintf(one.why, sizeof(one.why), "%.*s", (int)utf8_cut(c->why, HISTORY_TEXT), c->why);
	set_person(&one.person[0], c->peer);
	one.files = files_pack(m);
	if (!one.files || !proposals_add(p->proposals, &one)) {
		json_decref(one.files);
		set_outcome(o, CONTROL_FAILED, "out of memory");
		return false;
	}
	if (!keep_proposals(p, o)) {
		proposals_remove(p->proposals, &p->proposals->v[p->proposals->n - 1]);
		return false;
	}
	set_outcome(o, CONTROL_WAITS, "proposed; it waits for the approval of %u of %u people",
		    people_needed(p) - 1, people_needed(p));
	snprintf(o->proposal, sizeof(o->proposal), "%s", hash);
	audit_proposal(p, c, "proposed", "proposed, nothing was changed", hash);
	return true;
}

/* ---- approve ---- */

static struct proposal *asked_proposal(const struct parent *p, const char *hash, struct outcome *o)
{
	struct proposal *one = p->proposals ? proposals_find(p->proposals, hash) : NULL;
	if (one && proposal_left(one, (int64_t)time(NULL)))
		return one;
	set_outcome(o, CONTROL_NOT_FOUND,
		    "no model with the hash %.64s is proposed; see zonectl "
		    "proposals",
		    hash);
	return NULL;
}

/* The proposed model, if it still is the one that was approved. */
static struct model *proposed_model(const struct proposal *one, struct outcome *o)
{
	char hash[HISTORY_HASH] = "";
	struct model *m = files_unpack(one->files, &o->errs);
	if (m && hash_model(m, hash) && strcmp(hash, one->hash) == 0)
		return m;
	set_outcome(o, CONTROL_MODEL, "the model that is kept is not the one that was proposed");
	model_free(m);
	return NULL;
}

static void put_in_force(struct parent *p, const struct change *c, struct proposal *one,
			 struct outcome *o)
{
	struct model *m = proposed_model(one, o);
	char why[HISTORY_TEXT];
	if (!m) {
		change_say_refusal(p, c, o);
		return;
	}
	snprintf(why, sizeof(why), "%.*s%s%.*s", (int)utf8_cut(one->why, HISTORY_TEXT / 2),
		 one->why, *one->why && *c->why ? "; " : "",
		 (int)utf8_cut(c->why, HISTORY_TEXT / 2 - 3), c->why);
	const struct proposal_person proposer = one->person[0];
	const struct change both = { .verb = c->verb,
				     .origin = one->origin,
				     .why = why,
				     .peer = c->peer,
				     .confirm_s = one->confirm_s,
				     .proposer = &proposer };
	if (!change_model(p, &both, m, o))
		return;
	struct outcome ignored = { .code = CONTROL_DONE };
	proposals_remove(p->proposals, one);
	if (!keep_proposals(p, &ignored))
		say(LOG_ERR, "%s; what is in force stays proposed", ignored.text);
}

/* All of it: whoever proposes can make two models whose hashes begin alike, and put the second in
 * the place of the one that was looked at. */
static bool is_whole_hash(const char *hash, struct outcome *o)
{
	if (strlen(hash) == HISTORY_HASH - 1)
		return true;
	set_outcome(o, CONTROL_BAD,
		    "approve needs all %d digits of the hash, as zonectl proposals prints them: "
		    "another model may begin with the same ones",
		    HISTORY_HASH - 1);
	return false;
}

void proposal_approve(struct parent *p, const struct change *c, const char *hash, struct outcome *o)
{
	struct proposal *one = is_whole_hash(hash, o) ? asked_proposal(p, hash, o) : NULL;
	struct proposal_person who;
	if (!one) {
		change_say_refusal(p, c, o);
		return;
	}
	set_person(&who, c->peer);
	if (proposal_has_person(one, &who)) {
		set_outcome(o, CONTROL_CONFLICT,
			    "%s has proposed or approved it; another person is needed", who.who);
		change_say_refusal(p, c, o);
		return;
	}
	if (one->n_people + 1 >= people_needed(p) || one->n_people == PROPOSAL_PEOPLE) {
		put_in_force(p, c, one, o);
		return;
	}
	one->person[one->n_people++] = who;
	if (!keep_proposals(p, o)) {
		one->n_people--;
		change_say_refusal(p, c, o);
		return;
	}
	set_outcome(o, CONTROL_WAITS, "approved; it waits for the approval of %zu more",
		    people_needed(p) - one->n_people);
	snprintf(o->proposal, sizeof(o->proposal), "%s", one->hash);
	audit_proposal(p, c, "approved", "approved, nothing was changed", one->hash);
}

/* ---- the end of one ---- */

void proposal_withdraw(struct parent *p, const struct change *c, const char *hash,
		       struct outcome *o)
{
	struct proposal *one = asked_proposal(p, hash, o);
	if (!one) {
		change_say_refusal(p, c, o);
		return;
	}
	struct proposal gone = *one;
	json_incref(gone.files);
	proposals_remove(p->proposals, one);
	set_outcome(o, CONTROL_DONE, "withdrawn");
	if (keep_proposals(p, o)) {
		audit_proposal(p, c, "withdrawn", "withdrawn, nothing was changed", gone.hash);
		json_decref(gone.files);
		return;
	}
	/* the file still has it, and so would the next start */
	proposals_add(p->proposals, &gone);
	change_say_refusal(p, c, o);
}

void proposals_tick(struct parent *p)
{
	const struct change c = {
		.verb = "expire", .origin = "", .why = "not approved in time", .other = "zoned"
	};
	struct outcome o = { .code = CONTROL_DONE };
	int64_t now = (int64_t)time(NULL);
	bool gone = false;
	for (size_t i = p->proposals ? p->proposals->n : 0; i-- > 0;)
		if (!proposal_left(&p->proposals->v[i], now)) {
			audit_proposal(p, &c, "expired", "expired, nothing was changed",
				       p->proposals->v[i].hash);
			proposals_remove(p->proposals, &p->proposals->v[i]);
			gone = true;
		}
	if (gone && !keep_proposals(p, &o))
		say(LOG_ERR, "%s", o.text);
}

void proposals_start(struct parent *p)
{
	bool unreadable = false;
	p->proposals = p->keeps_history ? calloc(1, sizeof(*p->proposals)) : NULL;
	int err = p->proposals ? proposals_read(p->history.dir, p->proposals, &unreadable) : 0;
	if (err)
		say(LOG_ERR, "%s/proposals.json: %s: nothing is proposed", p->history_path,
		    strerror(-err));
	if (unreadable)
		say(LOG_ERR,
		    "%s/proposals.json has no proposals; it is proposals.json.unreadable now",
		    p->history_path);
}

/* ---- what is proposed ---- */

static json_t *pack_proposal(const struct parent *p, const struct proposal *one, int64_t now)
{
	json_t *people = json_array();
	for (size_t i = 1; i < one->n_people; i++)
		json_array_append_new(people, control_text(one->person[i].who));
	return json_pack("{s:s,s:s,s:o,s:I,s:I,s:I,s:o,s:o,s:I,s:I}", "model", one->hash, "verb",
			 one->verb, "who", control_text(one->person[0].who), "uid",
			 (json_int_t)one->person[0].uid, "time", (json_int_t)one->time_s, "seconds",
			 (json_int_t)proposal_left(one, now), "why", control_text(one->why),
			 "approved_by", people, "needed", (json_int_t)people_needed(p), "confirm",
			 (json_int_t)one->confirm_s);
}

json_t *proposals_document(const struct parent *p)
{
	json_t *list = json_array();
	for (size_t i = 0; p->proposals && i < p->proposals->n; i++)
		json_array_append_new(list,
				      pack_proposal(p, &p->proposals->v[i], (int64_t)time(NULL)));
	return json_pack("{s:o}", "proposals", list);
}

const struct proposal *proposal_named(const struct parent *p, const char *hash)
{
	return p->proposals ? proposals_find(p->proposals, hash) : NULL;
}
