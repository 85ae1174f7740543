/* SPDX-License-Identifier: MIT
 * What zoned does, as documents for the control socket. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/landlock.h"
#include "daemon/parent.h"
#include "daemon/taps.h"

/* Counts of what the in-kernel path passed. null: there is no such path, or no counts. */
static json_t *fast_status(const struct parent *p)
{
	struct used u;
	uint64_t back;
	if (!p->fast || used_total(p, &u) || fastpath_back(p->fast, &back))
		return json_null();
	return json_pack(
		"{s:s,s:I,s:I,s:I,s:I,s:I}", "asked",
		fastpath_first(p->fast) >= 0 ? "first" : "late", "packets",
		(json_int_t)u.inspected.packets, "bytes", (json_int_t)u.inspected.bytes, "messages",
		(json_int_t)(u.inspected.messages[0] + u.inspected.messages[1]), "handed_back",
		(json_int_t)back, "uninspected", (json_int_t)u.plain.packets);
}

/* null: none is kept */
static json_t *evidence_status(const struct parent *p)
{
	struct evidence_stats s;
	if (!p->evidence)
		return json_null();
	evidence_stats(p->evidence, &s);
	json_t *lost = json_object();
	for (unsigned i = 0; i < EVIDENCE_LOSSES; i++)
		json_object_set_new(lost, evidence_loss_name(i),
				    json_integer((json_int_t)s.lost[i]));
	return json_pack("{s:s,s:I,s:I,s:I,s:I,s:I,s:o}", "directory", p->evidence_path, "files",
			 (json_int_t)s.files, "bytes", (json_int_t)s.bytes, "written",
			 (json_int_t)s.written, "removed", (json_int_t)s.removed, "waiting",
			 (json_int_t)s.waiting, "lost", lost);
}

/* null: nothing waits */
static json_t *confirm_status(const struct parent *p)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	if (!p->confirm_back)
		return json_null();
	return json_pack(
		"{s:I,s:I}", "back", (json_int_t)p->confirm_back, "seconds",
		(json_int_t)(p->confirm_ns > now ? (p->confirm_ns - now) / 1000000000 : 0));
}

json_t *pending_document(const struct parent *p)
{
	json_t *list = json_array();
	for (size_t i = 0; i < p->n_pending; i++)
		json_array_append_new(list, json_string(p->pending[i]));
	return list;
}

json_t *status_document(struct parent *p)
{
	struct record_stats rs;
	json_t *list = json_array();
	pthread_mutex_lock(&p->policy_lock);
	record_stats(p->record, &rs);
	json_t *outputs = outputs_status(p);
	pthread_mutex_unlock(&p->policy_lock);
	for (unsigned i = 0; i < p->n; i++) {
		struct worker *w = &p->worker[i];
		worker_lock(w);
		json_t *o = json_pack(
			"{s:i,s:i,s:b,s:I,s:I,s:I,s:I,s:I}", "queue", (int)w->queue[0].number,
			"pid", (int)w->pid, "up", w->up, "packets", (json_int_t)w->sent, "restarts",
			(json_int_t)w->restarts, "dropped_while_down", (json_int_t)w->dropped_down,
			"passed_while_down", (json_int_t)w->passed_down, "queue_overruns",
			(json_int_t)worker_overruns(w));
#define X(name) \
	json_object_set_new(o, #name, json_integer((json_int_t)atomic_load(&w->conf.shm->name)));
		RING_STATS(X)
#undef X
		json_array_append_new(list, o);
		worker_unlock(w);
	}
	json_t *o = json_pack(
		"{s:o,s:s,s:I,s:s,s:o,s:o,s:o,s:I,s:i,s:i,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:{s:I,s:"
		"I,s:"
		"I,s:I,s:I,s:"
		"I,s:o}}",
		"model", control_text(p->path), "mode",
		p->model->mode == MODE_OBSERVE ? "observe" : "enforce", "generation",
		(json_int_t)p->generation, "hash", p->hash, "confirm", confirm_status(p),
		"pending_restart", pending_document(p), "orders", orders_status(p),
		"uptime_seconds",
		(json_int_t)((clock_ns(CLOCK_MONOTONIC) - p->started_ns) / 1000000000), "zones",
		(int)p->model->n_zones - 1, "conduits", (int)p->model->n_conduits, "inspectors",
		list, "in_kernel", fast_status(p), "offload", offload_status(p), "table",
		guard_status(p), "bypasses", bypass_status(p), "misfits", misfits_status(p),
		"evidence", evidence_status(p), "taps", taps_status(p), "records", "events",
		(json_int_t)rs.events, "written", (json_int_t)rs.written, "repeated",
		(json_int_t)rs.repeated, "suppressed", (json_int_t)rs.suppressed, "json_lost",
		(json_int_t)rs.json_lost, "lost", (json_int_t)rs.lost, "outputs", outputs);
	if (o) {
		json_object_set_new(o, "landlock", json_integer(landlock_version()));
		json_object_set_new(o, "misfits_in_words", misfits_in_words(p));
	}
	return o;
}
