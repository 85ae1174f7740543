/* SPDX-License-Identifier: MIT
 * What may be asked by the control socket: one row for each verb (zoned-control(7)). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "daemon/connections.h"
#include "daemon/counts.h"
#include "daemon/metrics.h"
#include "daemon/proposals.h"
#include "daemon/requests.h"

void request_refused(void *parent, const struct control_request *q)
{
	struct parent *p = parent;
	const struct change c = request_change(q, "");
	audit(p, &(struct audit){ .change = &c,
				  .result = "refused",
				  .text = "refused, not in this role",
				  .before = p->generation,
				  .hash_before = p->hash });
}

static struct control_reply done_with(json_t *document)
{
	return (struct control_reply){ CONTROL_DONE, document };
}

/* ---- what is asked ---- */

static struct control_reply ask_status(void *ctx, const struct control_request *q)
{
	(void)q;
	return done_with(status_document(ctx));
}

static struct control_reply ask_counters(void *ctx, const struct control_request *q)
{
	(void)q;
	json_t *o = counters_document(ctx);
	return o ? done_with(o) : control_error(CONTROL_FAILED, "%s", strerror(errno));
}

static struct control_reply ask_metrics(void *ctx, const struct control_request *q)
{
	size_t n;
	char *text = metrics_text(ctx, &n);
	(void)q;
	if (!text)
		return control_error(CONTROL_FAILED, "%s", strerror(errno));
	json_t *o = json_pack("{s:s%}", "text", text, n);
	free(text);
	return done_with(o);
}

static json_t *pack_row(const struct parent *p, const struct generation *g)
{
	return json_pack("{s:I,s:I,s:s,s:s,s:s,s:s,s:s,s:b,s:b}", "number", (json_int_t)g->number,
			 "time", (json_int_t)g->time_s, "origin", g->origin, "who", g->who, "why",
			 g->why, "model", g->model, "files", g->files, "in_force",
			 g->number == p->listed, "waits_for_confirm",
			 g->number == p->listed && p->confirm_back);
}

static struct control_reply ask_generations(void *ctx, const struct control_request *q)
{
	const struct parent *p = ctx;
	json_t *list = json_array();
	(void)q;
	for (size_t i = 0; p->keeps_history && i < p->history.n; i++)
		json_array_append_new(list, pack_row(p, &p->history.v[i]));
	return done_with(json_pack("{s:b,s:o}", "kept", p->keeps_history, "generations", list));
}

/* "generation" of the request, or the one in force; NULL: r says why not. */
static struct model *asked_model(struct parent *p, const struct control_request *q,
				 uint64_t *number, struct control_reply *r)
{
	const char *text = control_arg(q, "generation");
	struct errs errs;
	*number = p->generation;
	if (text && !num_parse(text, 1, UINT32_MAX, number)) {
		*r = control_error(CONTROL_BAD, "generation=\"%s\" is no number", text);
		return NULL;
	}
	if (*number == p->generation || *number == p->listed)
		return p->model;
	const struct generation *g =
		p->keeps_history ? history_find(&p->history, (uint32_t)*number) : NULL;
	if (!g) {
		*r = control_error(CONTROL_NOT_FOUND,
				   "generation %s is not kept; see zonectl generations", text);
		return NULL;
	}
	errs_init(&errs);
	struct model *m = history_model(&p->history, g, &errs);
	if (!m)
		*r = control_error(CONTROL_FAILED, "%s", errs.n ? errs.v[0].text : "out of memory");
	errs_free(&errs);
	return m;
}

static struct model *asked_proposed(const struct parent *p, const struct control_request *q,
				    struct control_reply *r)
{
	const struct proposal *one = proposal_named(p, control_arg(q, "proposal"));
	struct errs errs;
	errs_init(&errs);
	struct model *m = one ? files_unpack(one->files, &errs) : NULL;
	if (!m)
		*r = control_error(CONTROL_NOT_FOUND, "no model with this hash is proposed");
	errs_free(&errs);
	return m;
}

/* The model as it is in force, with what waits for a restart left out, and its files. */
static struct control_reply ask_model(void *ctx, const struct control_request *q)
{
	struct parent *p = ctx;
	struct control_reply r;
	uint64_t number;
	size_t n;
	struct model *m = control_arg(q, "proposal") ? asked_proposed(p, q, &r)
						     : asked_model(p, q, &number, &r);
	if (control_arg(q, "proposal"))
		number = 0;
	if (!m)
		return r;
	char *text = model_text(m, &n);
	json_t *files = files_pack(m);
	r = done_with(text && files
			      ? json_pack("{s:I,s:s,s:s%,s:O}", "generation", (json_int_t)number,
					  "path", m->path, "text", text, n, "source", files)
			      : NULL);
	json_decref(files);
	free(text);
	if (m != p->model)
		model_free(m);
	return r;
}

/* ---- changes ---- */

static json_t *pack_errors(const struct errs *errs)
{
	json_t *list = json_array();
	for (size_t i = 0; i < errs->n; i++)
		json_array_append_new(list, json_pack("{s:o,s:i,s:o}", "file",
						      control_text(errs->v[i].file), "line",
						      (int)errs->v[i].line, "text",
						      control_text(errs->v[i].text)));
	return list;
}

struct control_reply request_reply(const struct parent *p, struct outcome *o)
{
	bool ok = o->code == CONTROL_DONE;
	json_t *doc = json_pack("{s:b,s:I,s:s,s:o,s:o,s:o}", "ok", ok, "generation",
				(json_int_t)p->generation, "hash", p->hash, "message",
				control_text(o->text), "errors", pack_errors(&o->errs),
				"pending_restart", pending_document(p));
	if (doc && o->code == CONTROL_WAITS)
		json_object_set_new(doc, "proposal", json_string(o->proposal));
	else if (doc && !ok)
		json_object_set_new(doc, "error", control_text(o->text));
	const struct control_reply r = { o->code, doc };
	outcome_free(o);
	return r;
}

struct change request_change(const struct control_request *q, const char *origin)
{
	const char *why = control_arg(q, "reason");
	return (struct change){ .verb = q->verb->name,
				.origin = origin,
				.why = why ? why : "",
				.peer = q->peer,
				.zone = control_arg(q, "zone"),
				.conduit = control_arg(q, "conduit"),
				.mode = control_arg(q, "mode"),
				.seconds = control_arg(q, "for") };
}

/* False: r says what is wrong with confirm. */
static bool read_change(const struct control_request *q, const char *origin, struct change *c,
			struct control_reply *r)
{
	const char *confirm = control_arg(q, "confirm");
	uint64_t seconds = 0;
	*c = request_change(q, origin);
	if (confirm && !num_parse(confirm, CONFIRM_LEAST, CONFIRM_MOST, &seconds)) {
		*r = control_error(CONTROL_BAD, "confirm=\"%s\": %d to %d seconds", confirm,
				   CONFIRM_LEAST, CONFIRM_MOST);
		return false;
	}
	c->confirm_s = (uint32_t)seconds;
	return true;
}

static struct control_reply ask_reload(void *ctx, const struct control_request *q)
{
	struct control_reply r;
	struct change c;
	struct outcome o;
	if (!read_change(q, "file", &c, &r))
		return r;
	outcome_init(&o);
	change_reload(ctx, &c, &o);
	return request_reply(ctx, &o);
}

static struct control_reply ask_apply(void *ctx, const struct control_request *q)
{
	struct parent *p = ctx;
	struct control_reply r;
	struct change c;
	struct outcome o;
	if (!q->body)
		return control_error(CONTROL_BAD, "apply has the files of the model as its body");
	if (!read_change(q, "apply", &c, &r))
		return r;
	json_t *files = json_loadb(q->body, q->body_len, JSON_REJECT_DUPLICATES, NULL);
	outcome_init(&o);
	struct model *m = files_unpack(files, &o.errs);
	json_decref(files);
	if (m)
		change_model(p, &c, m, &o);
	else
		change_refused(p, &c, &o, "the files have errors");
	return request_reply(p, &o);
}

static struct control_reply ask_rollback(void *ctx, const struct control_request *q)
{
	const char *to = control_arg(q, "generation");
	struct control_reply r;
	struct change c;
	struct outcome o;
	uint64_t number = 0;
	if (to && !num_parse(to, 1, UINT32_MAX, &number))
		return control_error(CONTROL_BAD, "generation=\"%s\" is no number", to);
	if (!read_change(q, "rollback", &c, &r))
		return r;
	outcome_init(&o);
	change_back(ctx, &c, (uint32_t)number, &o);
	return request_reply(ctx, &o);
}

static struct control_reply ask_confirm(void *ctx, const struct control_request *q)
{
	struct control_reply r;
	struct change c;
	struct outcome o;
	if (!read_change(q, "confirm", &c, &r))
		return r;
	outcome_init(&o);
	change_confirm(ctx, &c, &o);
	return request_reply(ctx, &o);
}

static struct control_reply ask_reopen(void *ctx, const struct control_request *q)
{
	(void)q;
	reopen_logs(ctx);
	return done_with(json_pack("{s:b}", "ok", true));
}

/* clang-format off */
const struct control_verb control_verbs[] = {
	/* verb         role           arguments        body   what answers */
	{ "status",      ROLE_VIEWER,   "",              false, ask_status },
	{ "counters",    ROLE_VIEWER,   "",              false, ask_counters },
	{ "connections", ROLE_VIEWER,   "conduit zone address protocol limit", false, ask_connections },
	{ "metrics",     ROLE_VIEWER,   "",              false, ask_metrics },
	{ "generations", ROLE_VIEWER,   "",              false, ask_generations },
	{ "model",       ROLE_VIEWER,   "generation proposal", false, ask_model },
	{ "reopen",      ROLE_OPERATOR, "",              false, ask_reopen },
	{ "proposals",   ROLE_VIEWER,   "",                 false, ask_proposals },
	{ "approve",     ROLE_ENGINEER, "model reason",     false, ask_approve },
	{ "withdraw",    ROLE_ENGINEER, "model reason",     false, ask_withdraw },
	{ "reload",      ROLE_ENGINEER, "reason confirm",   false, ask_reload },
	{ "apply",       ROLE_ENGINEER, "reason confirm",   true,  ask_apply },
	{ "confirm",     ROLE_ENGINEER, "reason",           false, ask_confirm },
	{ "rollback",    ROLE_ENGINEER, "generation reason confirm", false, ask_rollback },
	{ "isolate",     ROLE_OPERATOR, "zone reason",      false, ask_isolate },
	{ "release",     ROLE_OPERATOR, "zone reason",      false, ask_release },
	{ "mode",        ROLE_OPERATOR, "conduit mode for reason", false, ask_mode },
	{ "grant",       ROLE_OPERATOR, "conduit for reason", false, ask_grant },
	{ "revoke",      ROLE_OPERATOR, "conduit reason",   false, ask_revoke },
	{ NULL, ROLE_NONE, NULL, false, NULL },
};
/* clang-format on */
