/* SPDX-License-Identifier: MIT
 * Counts of what replay saw. */
#include "zonectl/replay-counts.h"

#include <stdlib.h>
#include <string.h>

#include "record/facts.h"

static const struct {
	const char *name, *text;
	bool loss;
} left_out[LEFT_N] = {
	[LEFT_UNINSPECTED] = { "uninspected", "permitted without inspection", false },
	[LEFT_LINK] = { "link", "not routed (broadcast, multicast, link-local)", false },
	[LEFT_PORT] = { "port", "no port of an inspected protocol", false },
	[LEFT_NOT_TCP] = { "transport", "neither TCP nor UDP", false },
	[LEFT_CHECKSUM] = { "checksum", "wrong checksum", true },
	[LEFT_MALFORMED] = { "malformed", "headers that make no sense", true },
	[LEFT_CUT] = { "snap-length", "cut short by the capture (snap length)", true },
	[LEFT_FRAGMENT] = { "fragment", "IP fragment", true },
	[LEFT_TIME] = { "time", "not between --from and --to", false },
};

const char *count_left_name(enum count_left why)
{
	return left_out[why].name;
}

const char *count_left_text(enum count_left why)
{
	return left_out[why].text;
}

bool count_left_is_loss(enum count_left why)
{
	return left_out[why].loss;
}

static bool is_same_row(const struct count_row *a, const struct count_row *b)
{
	return a->function == b->function && a->flow == b->flow && a->reason == b->reason &&
	       a->proto == b->proto && a->verdict == b->verdict;
}

static size_t hash_row(const struct count_row *k)
{
	uint64_t h = (uint64_t)(uintptr_t)k->function ^ (uint64_t)k->flow << 48 ^
		     (uint64_t)k->reason << 32 ^ (uint64_t)k->proto << 56 ^
		     (uint64_t)k->verdict << 40;
	return (size_t)((h * UINT64_C(0x9e3779b97f4a7c15)) >> 32) % COUNT_HASH;
}

/* Its row, or a new one; NULL: there is no room. */
static struct count_row *row_of(struct counts *c, const struct count_row *k)
{
	if (!c->rows && !(c->rows = calloc(COUNT_ROWS, sizeof(*c->rows)))) {
		c->no_memory = true;
		return NULL;
	}
	/* half of the places are always empty */
	for (size_t at = hash_row(k);; at = (at + 1) % COUNT_HASH) {
		if (c->place[at] == 0 && c->n_rows == COUNT_ROWS)
			return NULL;
		if (c->place[at] == 0) {
			c->rows[c->n_rows] = *k;
			c->rows[c->n_rows].requests = c->rows[c->n_rows].responses = 0;
			c->place[at] = (uint16_t)++c->n_rows;
		}
		if (is_same_row(&c->rows[c->place[at] - 1], k))
			return &c->rows[c->place[at] - 1];
	}
}

static void add_row(struct counts *c, const struct count_row *k)
{
	struct count_row *row = row_of(c, k);
	if (row) {
		row->requests += k->requests;
		row->responses += k->responses;
	} else {
		c->more += k->requests + k->responses;
	}
}

void counts_add_refused(struct counts *c, const struct refused_many *m)
{
	const struct count_row k = { .flow = m->ev.flow_id,
				     .reason = m->ev.reason,
				     .proto = m->ev.proto,
				     .verdict = m->ev.verdict,
				     .requests = m->requests,
				     .responses = m->responses };
	add_row(c, &k);
	c->refused_packets += m->requests + m->responses;
}

void counts_add(struct counts *c, const struct event *ev, bool message)
{
	const struct fact_ops *facts = message ? facts_of(ev) : NULL;
	const struct count_row k = { .function = facts ? facts->title(ev) : NULL,
				     .flow = ev->flow_id,
				     .reason = ev->reason,
				     .proto = ev->proto,
				     .verdict = ev->verdict,
				     .requests = !ev->response,
				     .responses = ev->response };
	add_row(c, &k);
	c->messages += message;
	if (ev->kind == EV_GAP) {
		c->unfollowed++;
		c->unjudged += ev->unjudged;
	}
	if (ev->reason == R_NONE || ev->kind == EV_GAP)
		return;
	c->refused_messages += message;
	c->refused_packets += !message;
}

void counts_leave(struct counts *c, enum count_left why, uint64_t bytes)
{
	c->left[why].packets++;
	c->left[why].bytes += bytes;
}

void counts_sum(struct counts *to, const struct counts *from)
{
	for (unsigned i = 0; i < from->n_rows; i++)
		add_row(to, &from->rows[i]);
	to->more += from->more;
	to->packets += from->packets;
	to->bytes += from->bytes;
	to->messages += from->messages;
	to->refused_messages += from->refused_messages;
	to->refused_packets += from->refused_packets;
	to->unfollowed += from->unfollowed;
	to->unjudged += from->unjudged;
	to->records += from->records;
	to->no_memory |= from->no_memory;
	for (unsigned i = 0; i < LEFT_N; i++) {
		to->left[i].packets += from->left[i].packets;
		to->left[i].bytes += from->left[i].bytes;
	}
}

void counts_free(struct counts *c)
{
	free(c->rows);
	c->rows = NULL;
}
