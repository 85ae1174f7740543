/* SPDX-License-Identifier: MIT
 *
 * Threads that judge. The one that reads fills batches, in the order of the capture; each worker
 * has some of the groups, and goes through every batch for what is theirs; the reader writes the
 * records of a batch that all have been through, in the order of its items:
 *
 *	reader   fill 5 | fill 6 | write 3 | fill 7 | write 4 ...
 *	worker 0 judge 3, 4, 5 ...
 *	worker 1 judge 3, 4 ...
 *
 * With one job there is neither batch nor thread. What is judged by whom with what before it
 * follows from the groups alone, so the records are the same octets with any number of jobs.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/thread.h"
#include "zonectl/replay-parts.h"

enum {
	BATCHES = 3,
	BATCH_ITEMS = 512,
	BATCH_BYTES = 48 << 10,	    /* and one packet */
	PACKET_BYTES = 65536 + 256, /* with what no IP packet has */
	WRITE_BYTES = 64 << 10,
};

enum item_kind { ITEM_PACKET, ITEM_REFUSED, ITEM_CLOCK };

struct item {
	uint16_t kind, group; /* of a turn of the clock: all groups */
	union {
		struct inspect_pkt packet;
		const struct refused_many *refused; /* in the bytes of the batch */
		struct recording_turns clock;
	};
};

/* The records of one item, or of one group at a turn of the clock. */
struct piece {
	uint16_t item, group;
	size_t end; /* in the text of its worker */
};

struct shelf { /* what one worker has made of one batch */
	struct text text;
	struct piece *pieces;
	size_t n, cap, next, from;
};

struct batch {
	struct item items[BATCH_ITEMS];
	unsigned n;
	size_t used;
	uint8_t *bytes;
	bool last; /* of its capture: the inspectors end behind it */
	struct shelf shelf[REPLAY_JOBS_MAX];
};

struct worker {
	struct workers *w;
	unsigned number;
	pthread_t thread;
	uint64_t done; /* batches; under the lock */
};

struct workers {
	const struct replay *r;
	struct output *out;
	unsigned jobs, started;
	struct judge *judges; /* by group */
	struct text text;     /* what is to be written */
	/* with more than one job */
	struct batch *batches;
	uint64_t filled, written; /* the first under the lock */
	bool ending, failed;
	pthread_mutex_t lock;
	pthread_cond_t more, less;
	struct worker worker[REPLAY_JOBS_MAX];
};

static bool end_piece(struct shelf *s, unsigned item, unsigned group)
{
	size_t from = s->n ? s->pieces[s->n - 1].end : 0;
	if (s->text.len == from)
		return true;
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : BATCH_ITEMS;
		struct piece *v = realloc(s->pieces, cap * sizeof(*v));
		if (!v)
			return false;
		s->pieces = v;
		s->cap = cap;
	}
	s->pieces[s->n++] = (struct piece){ .item = (uint16_t)item,
					    .group = (uint16_t)group,
					    .end = s->text.len };
	return true;
}

static void judge_item(struct judge *j, const struct item *it, struct text *to)
{
	if (it->kind == ITEM_PACKET)
		judge_packet(j, &it->packet, to);
	else
		judge_refused(j, it->refused, to);
}

/* All groups of this worker. */
static bool judge_batch(const struct worker *k, struct batch *b)
{
	struct workers *w = k->w;
	struct shelf *s = &b->shelf[k->number];
	bool good = true;
	s->text.len = s->n = s->next = s->from = 0;
	for (unsigned i = 0; i < b->n; i++) {
		const struct item *it = &b->items[i];
		if (it->kind != ITEM_CLOCK) {
			if (it->group % w->jobs != k->number)
				continue;
			judge_item(&w->judges[it->group], it, &s->text);
			good &= end_piece(s, i, it->group) && !w->judges[it->group].failed;
			continue;
		}
		for (unsigned g = k->number; g < REPLAY_GROUPS; g += w->jobs) {
			judge_clock(&w->judges[g], &it->clock, &s->text);
			good &= end_piece(s, i, g);
		}
	}
	for (unsigned g = k->number; b->last && g < REPLAY_GROUPS; g += w->jobs) {
		judge_end(&w->judges[g], &s->text);
		good &= end_piece(s, b->n, g);
	}
	return good && !s->text.failed;
}

static void *run_worker(void *ctx)
{
	struct worker *k = ctx;
	struct workers *w = k->w;
	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (w->filled == k->done && !w->ending)
			pthread_cond_wait(&w->more, &w->lock);
		if (w->filled == k->done)
			break;
		struct batch *b = &w->batches[k->done % BATCHES];
		pthread_mutex_unlock(&w->lock);
		bool good = judge_batch(k, b);
		pthread_mutex_lock(&w->lock);
		w->failed |= !good;
		k->done++;
		pthread_cond_signal(&w->less);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* ---- what the reader's thread does ---- */

static bool write_text(struct workers *w, size_t keep)
{
	bool good = w->text.len <= keep || output_write(w->out, w->text.s, w->text.len);
	if (w->text.len > keep)
		w->text.len = 0;
	return good && !w->text.failed;
}

static bool put_piece(struct workers *w, struct shelf *s)
{
	const struct piece *p = &s->pieces[s->next++];
	size_t n = p->end - s->from;
	if (!text_room(&w->text, n))
		return false;
	memcpy(w->text.s + w->text.len, s->text.s + s->from, n);
	w->text.len += n;
	s->from = p->end;
	return write_text(w, WRITE_BYTES);
}

static bool comes_before(const struct piece *a, const struct piece *b)
{
	return a->item != b->item ? a->item < b->item : a->group < b->group;
}

/* The next of all pieces; NULL: there is none. */
static struct shelf *next_shelf(struct batch *b, unsigned jobs)
{
	struct shelf *first = NULL;
	for (unsigned i = 0; i < jobs; i++) {
		struct shelf *s = &b->shelf[i];
		if (s->next < s->n &&
		    (!first || comes_before(&s->pieces[s->next], &first->pieces[first->next])))
			first = s;
	}
	return first;
}

static uint64_t done_by_all(const struct workers *w)
{
	uint64_t least = w->filled;
	for (unsigned i = 0; i < w->jobs; i++)
		least = w->worker[i].done < least ? w->worker[i].done : least;
	return least;
}

/* Write the oldest batch, when it is judged. */
static bool write_batch(struct workers *w)
{
	pthread_mutex_lock(&w->lock);
	while (done_by_all(w) == w->written)
		pthread_cond_wait(&w->less, &w->lock);
	bool good = !w->failed;
	pthread_mutex_unlock(&w->lock);
	struct batch *b = &w->batches[w->written++ % BATCHES];
	for (struct shelf *s; good && (s = next_shelf(b, w->jobs));)
		good = put_piece(w, s);
	b->n = 0;
	b->used = 0;
	b->last = false;
	return good;
}

/* Hand over the batch that was filled, and have an empty one. */
static bool hand_over(struct workers *w)
{
	pthread_mutex_lock(&w->lock);
	w->filled++;
	pthread_cond_broadcast(&w->more);
	pthread_mutex_unlock(&w->lock);
	return w->filled - w->written < BATCHES || write_batch(w);
}

static struct batch *filling(struct workers *w)
{
	return &w->batches[w->filled % BATCHES];
}

bool workers_flush(struct workers *w)
{
	bool good = true;
	if (w->batches && filling(w)->n)
		good = hand_over(w);
	while (w->batches && w->written < w->filled)
		good &= write_batch(w);
	return write_text(w, 0) && good;
}

bool workers_end(struct workers *w)
{
	if (w->batches) {
		filling(w)->last = true;
		bool good = hand_over(w);
		return workers_flush(w) && good;
	}
	for (unsigned g = 0; g < REPLAY_GROUPS; g++)
		judge_end(&w->judges[g], &w->text);
	return workers_flush(w);
}

static bool add_item(struct workers *w, const struct item *it)
{
	struct batch *b = filling(w);
	b->items[b->n++] = *it;
	return b->n < BATCH_ITEMS && b->used < BATCH_BYTES ? true : hand_over(w);
}

/* n bytes of the batch that is filled. */
static void *batch_room(struct workers *w, size_t n)
{
	struct batch *b = filling(w);
	void *p = b->bytes + b->used;
	b->used += (n + 7) & ~(size_t)7;
	return p;
}

static bool judged_at_once(struct workers *w, unsigned group)
{
	return write_text(w, w->out->at_once ? 0 : WRITE_BYTES) && !w->judges[group].failed;
}

bool workers_packet(struct workers *w, unsigned group, const struct inspect_pkt *p)
{
	if (!w->batches) {
		judge_packet(&w->judges[group], p, &w->text);
		return judged_at_once(w, group);
	}
	struct item it = { .kind = ITEM_PACKET, .group = (uint16_t)group, .packet = *p };
	if (p->len > PACKET_BYTES)
		it.packet.len = PACKET_BYTES;
	it.packet.ip = memcpy(batch_room(w, it.packet.len), p->ip, it.packet.len);
	return add_item(w, &it);
}

bool workers_refused(struct workers *w, unsigned group, const struct refused_many *m)
{
	if (!w->batches) {
		judge_refused(&w->judges[group], m, &w->text);
		return judged_at_once(w, group);
	}
	return add_item(
		w, &(struct item){ .kind = ITEM_REFUSED,
				   .group = (uint16_t)group,
				   .refused = memcpy(batch_room(w, sizeof(*m)), m, sizeof(*m)) });
}

bool workers_clock(struct workers *w, const struct recording_turns *t)
{
	if (w->batches)
		return add_item(w, &(struct item){ .kind = ITEM_CLOCK, .clock = *t });
	for (unsigned g = 0; g < REPLAY_GROUPS; g++)
		judge_clock(&w->judges[g], t, &w->text);
	return write_text(w, WRITE_BYTES);
}

static bool start_threads(struct workers *w)
{
	w->batches = calloc(BATCHES, sizeof(*w->batches));
	for (unsigned i = 0; w->batches && i < BATCHES; i++)
		if (!(w->batches[i].bytes = malloc(BATCH_BYTES + PACKET_BYTES)))
			return false;
	for (; w->batches && w->started < w->jobs; w->started++) {
		struct worker *k = &w->worker[w->started];
		*k = (struct worker){ .w = w, .number = w->started };
		if (thread_start(&k->thread, run_worker, k))
			return false;
	}
	return w->batches != NULL;
}

struct workers *workers_new(const struct replay *r, struct output *out, unsigned jobs)
{
	struct workers *w = calloc(1, sizeof(*w));
	if (!w)
		return NULL;
	w->r = r;
	w->out = out;
	w->jobs = jobs;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->more, NULL);
	pthread_cond_init(&w->less, NULL);
	w->judges = calloc(REPLAY_GROUPS, sizeof(*w->judges));
	for (unsigned g = 0; w->judges && g < REPLAY_GROUPS; g++)
		w->judges[g].r = r;
	if (!w->judges || (jobs > 1 && !start_threads(w))) {
		workers_free(w, NULL);
		return NULL;
	}
	return w;
}

static void stop_threads(struct workers *w)
{
	pthread_mutex_lock(&w->lock);
	w->ending = true;
	pthread_cond_broadcast(&w->more);
	pthread_mutex_unlock(&w->lock);
	for (unsigned i = 0; i < w->started; i++)
		pthread_join(w->worker[i].thread, NULL);
	for (unsigned i = 0; w->batches && i < BATCHES; i++) {
		free(w->batches[i].bytes);
		for (unsigned k = 0; k < w->jobs; k++) {
			free(w->batches[i].shelf[k].text.s);
			free(w->batches[i].shelf[k].pieces);
		}
	}
	free(w->batches);
}

void workers_free(struct workers *w, struct counts *sum)
{
	if (!w)
		return;
	stop_threads(w);
	for (unsigned g = 0; w->judges && g < REPLAY_GROUPS; g++) {
		judge_end(&w->judges[g], NULL);
		if (sum)
			counts_sum(sum, &w->judges[g].counts);
		counts_free(&w->judges[g].counts);
	}
	free(w->judges);
	free(w->text.s);
	pthread_cond_destroy(&w->more);
	pthread_cond_destroy(&w->less);
	pthread_mutex_destroy(&w->lock);
	free(w);
}
