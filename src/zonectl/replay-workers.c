/* SPDX-License-Identifier: MIT
 *
 * Threads that judge. The one that reads fills batches, in the order of the capture; what a batch
 * has of one group is a task, and every worker takes the oldest task that is free: a group is
 * judged by one worker at a time, batch after batch. The reader writes the records of a batch of
 * which all groups are judged, in the order of its items:
 *
 *	reader   fill 5 | fill 6 | write 3 | fill 7 | write 4 ...
 *	worker 0 judge group 0 of 3, group 2 of 3, group 0 of 4 ...
 *	worker 1 judge group 1 of 3, group 3 of 3, group 1 of 4 ...
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
	BATCHES = 4,
	BATCH_ITEMS = 512,
	BATCH_BYTES = 48 << 10,	    /* and one packet */
	PACKET_BYTES = 65536 + 256, /* with what no IP packet has */
	WRITE_BYTES = 64 << 10,
	CLOCKS = REPLAY_GROUPS, /* the list of turns of the clock, behind those of the groups */
	LISTS,
	NO_ITEM = BATCH_ITEMS,
};

enum item_kind { ITEM_PACKET, ITEM_REFUSED, ITEM_CLOCK };

struct item {
	uint16_t kind, group; /* of a turn of the clock: CLOCKS, and every group is told */
	uint16_t next;	      /* of its list; NO_ITEM: none */
	union {
		struct inspect_pkt packet;
		const struct refused_many *refused; /* in the bytes of the batch */
		struct recording_turns clock;
	};
};

/* The records of one item in one group. */
struct piece {
	uint16_t item;
	size_t end; /* in the text of its shelf */
};

struct shelf { /* the records of one group of one batch */
	struct text text;
	struct piece *pieces;
	size_t n, cap, next, from; /* the last two while they are written */
};

struct batch {
	struct item items[BATCH_ITEMS];
	unsigned n;
	uint16_t first[LISTS], last_of[LISTS];
	size_t used;
	uint8_t *bytes;
	bool last; /* of its capture: the inspectors end behind it */
	struct shelf shelf[REPLAY_GROUPS];
};

struct worker {
	struct workers *w;
	unsigned number;
	pthread_t thread;
};

struct workers {
	const struct replay *r;
	struct output *out;
	unsigned jobs, started;
	struct judge *judges; /* by group */
	struct text text;     /* what is to be written */
	/* with more than one job */
	struct batch *batches;
	uint64_t written;
	/* under the lock */
	uint64_t filled, done[REPLAY_GROUPS]; /* batches */
	bool busy[REPLAY_GROUPS];
	bool ending, failed;
	pthread_mutex_t lock;
	pthread_cond_t more, less;
	struct worker worker[REPLAY_JOBS_MAX];
};

static bool end_piece(struct shelf *s, unsigned item)
{
	size_t from = s->n ? s->pieces[s->n - 1].end : 0;
	if (s->text.len == from)
		return true;
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : BATCH_ITEMS / REPLAY_GROUPS;
		struct piece *v = realloc(s->pieces, cap * sizeof(*v));
		if (!v)
			return false;
		s->pieces = v;
		s->cap = cap;
	}
	s->pieces[s->n++] = (struct piece){ .item = (uint16_t)item, .end = s->text.len };
	return true;
}

/* What a batch has of one group, with the turns of the clock between. */
static bool judge_group(struct workers *w, struct batch *b, unsigned group)
{
	struct judge *j = &w->judges[group];
	struct shelf *s = &b->shelf[group];
	unsigned at = b->first[group], clock = b->first[CLOCKS];
	bool good = true;
	s->text.len = s->n = s->next = s->from = 0;
	while (at != NO_ITEM || clock != NO_ITEM) {
		unsigned i = at < clock ? at : clock;
		const struct item *it = &b->items[i];
		if (it->kind == ITEM_PACKET)
			judge_packet(j, &it->packet, &s->text);
		else if (it->kind == ITEM_REFUSED)
			judge_refused(j, it->refused, &s->text);
		else
			judge_clock(j, &it->clock, &s->text);
		good &= end_piece(s, i);
		*(i == at ? &at : &clock) = it->next;
	}
	if (b->last) {
		judge_end(j, &s->text);
		good &= end_piece(s, b->n);
	}
	return good && !s->text.failed && !j->failed;
}

/* The group with the oldest task that is free, of such one of this worker's own, which it may still
 * have in its cache. REPLAY_GROUPS: none. */
static unsigned free_group(const struct worker *k)
{
	const struct workers *w = k->w;
	unsigned found = REPLAY_GROUPS;
	for (unsigned g = 0; g < REPLAY_GROUPS; g++) {
		if (w->busy[g] || w->done[g] == w->filled)
			continue;
		bool own = g % w->jobs == k->number;
		if (found == REPLAY_GROUPS || w->done[g] < w->done[found] ||
		    (own && w->done[g] == w->done[found] && found % w->jobs != k->number))
			found = g;
	}
	return found;
}

static uint64_t done_by_all(const struct workers *w)
{
	uint64_t least = w->filled;
	for (unsigned g = 0; g < REPLAY_GROUPS; g++)
		least = w->done[g] < least ? w->done[g] : least;
	return least;
}

static void judge_task(struct workers *w, unsigned group)
{
	struct batch *b = &w->batches[w->done[group] % BATCHES];
	w->busy[group] = true;
	pthread_mutex_unlock(&w->lock);
	bool good = judge_group(w, b, group);
	pthread_mutex_lock(&w->lock);
	w->busy[group] = false;
	w->failed |= !good;
	uint64_t before = done_by_all(w);
	w->done[group]++;
	if (done_by_all(w) != before)
		pthread_cond_signal(&w->less);
}

/* A worker that finds no task waits for a batch: a task that another one makes free by ending the
 * one before it is that one's to take. */
static void *run_worker(void *ctx)
{
	struct worker *k = ctx;
	struct workers *w = k->w;
	pthread_mutex_lock(&w->lock);
	for (;;) {
		unsigned group = free_group(k);
		if (group != REPLAY_GROUPS)
			judge_task(w, group);
		else if (w->ending)
			break;
		else
			pthread_cond_wait(&w->more, &w->lock);
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

/* The records of this item in one group, if there are any. */
static bool put_piece(struct workers *w, struct shelf *s, unsigned item)
{
	const struct piece *p = &s->pieces[s->next];
	if (s->next == s->n || p->item != item)
		return true;
	size_t n = p->end - s->from;
	if (!text_room(&w->text, n))
		return false;
	memcpy(w->text.s + w->text.len, s->text.s + s->from, n);
	w->text.len += n;
	s->from = p->end;
	s->next++;
	return write_text(w, WRITE_BYTES);
}

static bool put_pieces(struct workers *w, struct batch *b, unsigned item)
{
	bool good = true;
	if (item < b->n && b->items[item].kind != ITEM_CLOCK)
		return put_piece(w, &b->shelf[b->items[item].group], item);
	for (unsigned g = 0; good && g < REPLAY_GROUPS; g++)
		good = put_piece(w, &b->shelf[g], item);
	return good;
}

static void empty_batch(struct batch *b)
{
	b->n = 0;
	b->used = 0;
	b->last = false;
	for (unsigned i = 0; i < LISTS; i++)
		b->first[i] = NO_ITEM;
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
	for (unsigned i = 0; good && i <= b->n; i++) /* with those of its end */
		good = put_pieces(w, b, i);
	empty_batch(b);
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
	struct item *added = &b->items[b->n];
	*added = *it;
	added->next = NO_ITEM;
	if (b->first[it->group] == NO_ITEM)
		b->first[it->group] = (uint16_t)b->n;
	else
		b->items[b->last_of[it->group]].next = (uint16_t)b->n;
	b->last_of[it->group] = (uint16_t)b->n++;
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
		return add_item(w,
				&(struct item){ .kind = ITEM_CLOCK, .group = CLOCKS, .clock = *t });
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
		else
			empty_batch(&w->batches[i]);
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
		for (unsigned g = 0; g < REPLAY_GROUPS; g++) {
			free(w->batches[i].shelf[g].text.s);
			free(w->batches[i].shelf[g].pieces);
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
