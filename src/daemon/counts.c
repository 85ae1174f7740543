/* SPDX-License-Identifier: MIT
 * The book of counters: see counts.h. All of it has a fixed size, and pages that nothing was
 * counted in are never touched. */
#include "daemon/counts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "record/fields.h"

enum { NAME_PLACES = 2 * COUNT_NAMES, ROW_PROBES = 256 };
static const uint64_t second_ns = 1000000000u;

struct count_book {
	char name[COUNT_NAMES][MODEL_NAME_MAX + 1]; /* from 1 on */
	uint16_t place[NAME_PLACES];		    /* of a name, by its hash; 0: none */
	uint32_t n_names;			    /* with 0, which has none */
	struct count_row row[COUNT_ROWS];
	struct count_row other[COUNT_BYS][COUNT_UNITS][COUNT_VERDICTS];
	/* of what shares a row of other, in the sample that is being taken */
	uint64_t sum[COUNT_BYS][COUNT_UNITS], sum_bytes[COUNT_BYS][COUNT_UNITS];
	/* of the rules' counters that are of no conduit, as last seen */
	uint64_t fixed[COUNT_REASONS], fixed_bytes[COUNT_REASONS];
	uint64_t since_ns;	       /* CLOCK_REALTIME */
	uint64_t began_ns, tick_ns[2]; /* CLOCK_MONOTONIC; of row.before */
	bool begins;		       /* what the kernel has counted is from before */
};

/* ---- names ---- */

static uint32_t hash_name(const char *s)
{
	uint32_t h = 2166136261u; /* FNV-1a */
	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * 16777619u;
	return h;
}

/* The number of a conduit's name; 0: there are no more. */
static uint16_t name_number(struct count_book *b, const char *name)
{
	uint32_t h = hash_name(name) % NAME_PLACES;
	for (; b->place[h]; h = (h + 1) % NAME_PLACES)
		if (strcmp(b->name[b->place[h]], name) == 0)
			return b->place[h];
	if (b->n_names == COUNT_NAMES || strlen(name) > MODEL_NAME_MAX)
		return 0;
	memcpy(b->name[b->n_names], name, strlen(name) + 1);
	b->place[h] = (uint16_t)b->n_names++;
	return b->place[h];
}

uint16_t counts_number(struct parent *p, const char *name)
{
	return name_number(p->counts, name);
}

const char *counts_name(const struct parent *p, uint16_t name)
{
	return name && name < p->counts->n_names ? p->counts->name[name] : NULL;
}

void counts_name_flows(struct parent *p, struct pol_image *img)
{
	for (uint32_t i = 0; i < img->n_flows; i++) {
		const struct pol_flow *f = policy_flow(img, (uint16_t)i);
		policy_set_count(img, (uint16_t)i,
				 name_number(p->counts, policy_str(img, f->conduit)));
	}
}

/* ---- rows ---- */

static bool is_book_row(const struct count_row *r, const struct count_of *of, enum count_by by)
{
	return r->by == by && r->of.name == of->name && r->of.reason == of->reason &&
	       r->of.unit == of->unit && r->of.direction == of->direction &&
	       r->of.verdict == of->verdict;
}

static struct count_row *other_row(struct count_book *b, const struct count_of *of,
				   enum count_by by)
{
	struct count_row *r = &b->other[by][of->unit][of->verdict];
	r->used = true;
	return r;
}

/* The row of these, or that of what has no room. */
static struct count_row *book_row(struct count_book *b, const struct count_of *of, enum count_by by)
{
	struct count_row *r;
	uint32_t h = (uint32_t)((count_key(of) << 2 | by) * 0x9e3779b97f4a7c15ull >> 40);
	for (uint32_t i = 0; i < ROW_PROBES; i++) {
		r = &b->row[(h + i) % COUNT_ROWS];
		if (r->used && is_book_row(r, of, by))
			return r;
		if (r->used)
			continue;
		*r = (struct count_row){ .of = *of, .by = (uint8_t)by, .used = true };
		return r;
	}
	return other_row(b, of, by);
}

static void each_row(struct count_book *b, void (*take)(void *ctx, struct count_row *r), void *ctx)
{
	struct count_row *other = &b->other[0][0][0];
	for (size_t i = 0; i < COUNT_ROWS; i++)
		if (b->row[i].used)
			take(ctx, &b->row[i]);
	for (size_t i = 0; i < sizeof(b->other) / sizeof(*other); i++)
		if (other[i].used)
			take(ctx, &other[i]);
}

/* ---- what inspectors counted ---- */

static void forget_sum(void *ctx, struct count_row *r)
{
	(void)ctx;
	if (r->by == COUNT_INSPECTOR)
		r->n = 0;
}

static void add_slot(struct count_row *r, const struct count_slot *s, uint64_t now_ns)
{
	uint64_t n, last;
	count_read_slot(s, now_ns, &n, &last);
	r->n = count_sum(r->n, n);
	if (last > r->last_ns)
		r->last_ns = last;
}

static void sample_inspector(struct count_book *b, const struct count_table *t)
{
	uint64_t now = clock_ns(CLOCK_REALTIME);
	for (size_t i = 0; i < COUNT_SLOTS; i++) {
		uint64_t key = atomic_load_explicit(&t->slot[i].key, memory_order_relaxed);
		struct count_of of;
		if (key && count_read_key(key, &of) && of.name < b->n_names && of.reason < R_COUNT)
			add_slot(book_row(b, &of, COUNT_INSPECTOR), &t->slot[i], now);
	}
	for (uint8_t u = 0; u < COUNT_UNITS; u++)
		for (uint8_t v = 0; v < COUNT_VERDICTS; v++) {
			struct count_row *r = &b->other[COUNT_INSPECTOR][u][v];
			r->used |=
				atomic_load_explicit(&t->other[u][v].n, memory_order_relaxed) != 0;
			if (r->used)
				add_slot(r, &t->other[u][v], now);
		}
}

/* ---- what the kernel counted ---- */

/* A counter that is smaller than it was began again. */
static uint64_t difference(uint64_t now, uint64_t *was)
{
	uint64_t more = now >= *was ? now - *was : now;
	*was = now;
	return more;
}

static void add_more(struct count_book *b, struct count_row *r, uint64_t n, uint64_t bytes)
{
	if (b->begins || !n)
		return;
	r->n += n;
	r->bytes += bytes;
	r->last_ns = clock_ns(CLOCK_REALTIME);
}

/* What a conduit's counter has. Those that have no row of their own are one sum, since one of them
 * is smaller than another and has not begun again. */
static void add_kernel(struct count_book *b, const struct count_of *of, enum count_by by,
		       const uint64_t had[2])
{
	bool alone = of->name || of->reason == COUNT_INSIDE;
	struct count_row *r = alone ? book_row(b, of, by) : other_row(b, of, by);
	if (r == &b->other[by][of->unit][of->verdict]) {
		b->sum[by][of->unit] += had[0];
		b->sum_bytes[by][of->unit] += had[1];
		return;
	}
	uint64_t more = difference(had[0], &r->raw);
	add_more(b, r, more, difference(had[1], &r->raw_bytes));
}

/* A sum that is smaller lacks a conduit that is gone, or has one that began again: what is more
 * counts from there. One that is not whole is none. */
static void add_shared(struct count_book *b, enum count_by by, bool whole)
{
	for (uint8_t u = 0; u < COUNT_UNITS; u++) {
		struct count_row *r = &b->other[by][u][V_ACCEPT];
		uint64_t n = b->sum[by][u], bytes = b->sum_bytes[by][u];
		b->sum[by][u] = b->sum_bytes[by][u] = 0;
		if (!whole)
			continue;
		add_more(b, r, n > r->raw ? n - r->raw : 0,
			 bytes > r->raw_bytes ? bytes - r->raw_bytes : 0);
		r->raw = n;
		r->raw_bytes = bytes;
	}
}

static void take_fast(void *ctx, const char *conduit, const struct used *u)
{
	struct count_book *b = ctx;
	uint64_t packets = u->inspected.packets + u->plain.packets;
	struct count_of of = { .name = conduit ? name_number(b, conduit) : 0,
			       .reason = conduit ? R_NONE : COUNT_INSIDE,
			       .unit = COUNT_PACKET,
			       .direction = COUNT_UNKNOWN };
	if (packets)
		add_kernel(b, &of, COUNT_KERNEL,
			   (uint64_t[2]){ packets, u->inspected.bytes + u->plain.bytes });
	of.unit = COUNT_MESSAGE;
	for (uint8_t d = 0; d < 2; d++) {
		of.direction = d ? COUNT_RESPONSE : COUNT_REQUEST;
		if (u->inspected.messages[d])
			add_kernel(b, &of, COUNT_KERNEL, (uint64_t[2]){ u->inspected.messages[d] });
	}
}

static uint16_t counter_reason(const char *name)
{
	for (uint16_t i = R_NONE + 1; i < COUNT_REASONS; i++)
		if (strcmp(counts_reason(i), name) == 0)
			return i;
	return COUNT_OTHER;
}

/* As the ruleset has it: a site that is only watched refuses nothing but what is isolated. */
static enum verdict verdict_of_counter(const struct parent *p, uint16_t reason)
{
	if (reason == COUNT_INSIDE)
		return V_ACCEPT;
	return p->model->mode == MODE_OBSERVE && reason != R_ISOLATED ? V_OBSERVED : V_DROP;
}

static void add_fixed(struct parent *p, const char *name, uint64_t packets, uint64_t bytes)
{
	struct count_book *b = p->counts;
	const uint16_t reason = counter_reason(name);
	const struct count_of of = { .reason = reason,
				     .unit = COUNT_PACKET,
				     .direction = COUNT_UNKNOWN,
				     .verdict = (uint8_t)verdict_of_counter(p, reason) };
	uint64_t more = difference(packets, &b->fixed[reason]);
	uint64_t more_bytes = difference(bytes, &b->fixed_bytes[reason]);
	if (!b->begins && more)
		add_more(b, book_row(b, &of, COUNT_RULES), more, more_bytes);
}

struct rules_reader {
	struct parent *p;
	void (*see)(void *ctx, const char *name, uint64_t packets, uint64_t bytes); /* or NULL */
	void *ctx;
};

static void take_counter(void *ctx, const char *name, uint64_t packets, uint64_t bytes)
{
	static const char of_conduit[] = "conduit-";
	const struct rules_reader *r = ctx;
	struct parent *p = r->p;
	const size_t n = sizeof(of_conduit) - 1;
	if (r->see)
		r->see(r->ctx, name, packets, bytes);
	if (strncmp(name, of_conduit, n) != 0) {
		add_fixed(p, name, packets, bytes);
		return;
	}
	const struct count_of of = { .name = name_number(p->counts, name + n),
				     .unit = COUNT_PACKET,
				     .direction = COUNT_UNKNOWN };
	if (packets)
		add_kernel(p->counts, &of, COUNT_RULES, (uint64_t[2]){ packets, bytes });
}

static void sample_fast(struct parent *p)
{
	if (p->fast)
		add_shared(p->counts, COUNT_KERNEL, used_rows(p, take_fast, p->counts) == 0);
}

static int sample_rules(struct rules_reader *r)
{
	int err = nft_counters_read(r->p->nl, take_counter, r);
	add_shared(r->p->counts, COUNT_RULES, !err);
	return err;
}

int counts_sample_rules(struct parent *p,
			void (*see)(void *ctx, const char *name, uint64_t packets, uint64_t bytes),
			void *ctx)
{
	struct count_book *b = p->counts;
	each_row(b, forget_sum, NULL);
	for (unsigned i = 0; i < p->n; i++)
		sample_inspector(b, &p->worker[i].conf.shm->counts);
	sample_fast(p);
	return sample_rules(&(struct rules_reader){ p, see, ctx });
}

void counts_sample(struct parent *p)
{
	int err = counts_sample_rules(p, NULL, NULL);
	if (err && err != -EINTR) /* changed while it was read: the next one has it */
		say(LOG_ERR, "the counters of the rules: %s", strerror(-err));
}

/* The conduits that next has not lose their counters, and begin at 0 when they come again. */
struct staying {
	struct count_book *book;
	bool *there; /* by the number of the name */
};

static void forget_raw(void *ctx, struct count_row *r)
{
	const struct staying *s = ctx;
	if (r->by != COUNT_INSPECTOR && r->of.name && !s->there[r->of.name])
		r->raw = r->raw_bytes = 0;
}

void counts_carry(struct parent *p, const struct model *next)
{
	struct staying s = { p->counts, calloc(COUNT_NAMES, sizeof(*s.there)) };
	sample_fast(p);
	if (!s.there) {
		say(LOG_ERR, "no memory: counters of conduits that are gone may be too small when "
			     "they come again");
		return;
	}
	for (size_t i = 0; i < next->n_conduits; i++)
		s.there[name_number(p->counts, next->conduits[i].name)] = true;
	each_row(p->counts, forget_raw, &s);
	free(s.there);
}

/* ---- time ---- */

static void keep_before(void *ctx, struct count_row *r)
{
	(void)ctx;
	r->before[1] = r->before[0];
	r->before[0] = r->n;
}

void counts_tick(struct parent *p)
{
	struct count_book *b = p->counts;
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	if (now - b->tick_ns[0] < COUNT_TICK_S * second_ns)
		return;
	counts_sample(p);
	each_row(b, keep_before, NULL);
	b->tick_ns[1] = b->tick_ns[0];
	b->tick_ns[0] = now;
}

double counts_rate(const struct parent *p, const struct count_row *r, double *window_s)
{
	const struct count_book *b = p->counts;
	uint64_t ns = clock_ns(CLOCK_MONOTONIC) - b->tick_ns[1];
	*window_s = (double)(ns ? ns : 1) / (double)second_ns;
	return r->n > r->before[1] ? (double)(r->n - r->before[1]) / *window_s : 0;
}

uint64_t counts_since_ns(const struct parent *p)
{
	return p->counts->since_ns;
}

/* ---- reading ---- */

struct row_list {
	const struct count_book *book;
	struct count_row **v;
	size_t n;
};

static void list_row(void *ctx, struct count_row *r)
{
	struct row_list *l = ctx;
	if (r->n)
		l->v[l->n++] = r;
}

static int by_key(const void *x, const void *y, void *ctx)
{
	const struct count_row *a = *(struct count_row *const *)x,
			       *b = *(struct count_row *const *)y;
	const struct count_book *book = ctx;
	int names = strcmp(book->name[a->of.name], book->name[b->of.name]);
	uint64_t ka = count_key(&a->of), kb = count_key(&b->of);
	return names ? names : a->by != b->by ? a->by - b->by : (ka > kb) - (ka < kb);
}

void counts_each(const struct parent *p, void (*take)(void *ctx, const struct count_row *r),
		 void *ctx)
{
	struct row_list l = { .book = p->counts };
	l.v = calloc(COUNT_ROWS + sizeof(p->counts->other) / sizeof(struct count_row),
		     sizeof(struct count_row *));
	if (!l.v) {
		say(LOG_ERR, "no memory to list the counters");
		return;
	}
	each_row(p->counts, list_row, &l);
	qsort_r(l.v, l.n, sizeof(*l.v), by_key, p->counts);
	for (size_t i = 0; i < l.n; i++)
		take(ctx, l.v[i]);
	free(l.v);
}

const char *counts_reason(uint16_t reason)
{
	static const char *const more[] = { [COUNT_OTHER - R_COUNT] = "other",
					    [COUNT_INSIDE - R_COUNT] = "inside",
					    [COUNT_INVALID - R_COUNT] = "invalid",
					    [COUNT_BLOCKED - R_COUNT] = "blocked" };
	return reason < R_COUNT ? reason_name((enum reason)reason) : more[reason - R_COUNT];
}

const char *counts_by(uint8_t by)
{
	static const char *const words[] = { "inspector", "kernel", "rules" };
	return words[by];
}

const char *counts_unit(uint8_t unit)
{
	static const char *const words[] = { "message", "packet", "connection" };
	return words[unit];
}

const char *counts_verdict(uint8_t verdict)
{
	return event_verdict_word(&(struct event){ .verdict = verdict });
}

const char *counts_direction(uint8_t direction)
{
	static const char *const words[] = { "request", "response", "unknown" };
	return words[direction];
}

void counts_unjudged(struct parent *p, struct count_unjudged *u)
{
	*u = (struct count_unjudged){ 0 };
	for (unsigned i = 0; i < p->n; i++) {
		struct worker *w = &p->worker[i];
		worker_lock(w);
		u->dropped += w->dropped_down;
		u->passed += w->passed_down;
		u->overruns += worker_overruns(w);
		worker_unlock(w);
	}
}

/* ---- start and stop ---- */

static void name_other(struct count_book *b)
{
	for (uint8_t by = 0; by < COUNT_BYS; by++)
		for (uint8_t u = 0; u < COUNT_UNITS; u++)
			for (uint8_t v = 0; v < COUNT_VERDICTS; v++)
				b->other[by][u][v] = (struct count_row){
					.by = by,
					.of = { .reason = COUNT_OTHER,
						.unit = u,
						.direction = COUNT_UNKNOWN,
						.verdict = v },
				};
}

int counts_open(struct parent *p)
{
	p->counts = calloc(1, sizeof(*p->counts));
	if (!p->counts)
		return -ENOMEM;
	p->counts->n_names = 1;
	name_other(p->counts);
	return 0;
}

void counts_close(struct parent *p)
{
	free(p->counts);
	p->counts = NULL;
}

/* The rules may be there from before, and their counters go on: what they have is not ours. */
int counts_begin(struct parent *p)
{
	struct count_book *b = p->counts;
	b->since_ns = clock_ns(CLOCK_REALTIME);
	b->tick_ns[0] = b->tick_ns[1] = clock_ns(CLOCK_MONOTONIC);
	b->begins = true;
	if (nft_present(p->nl))
		sample_rules(&(struct rules_reader){ .p = p });
	b->begins = false;
	return 0;
}
