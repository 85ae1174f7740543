/* SPDX-License-Identifier: MIT
 * A bounded ring of lines and the thread that writes them. */
#include "record/spool.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/thread.h"

struct line {	       /* in the ring, one behind the other */
	uint32_t size; /* with what fills it up to a multiple of ALIGN */
	uint16_t owner, priority;
	int kind; /* < 0: nothing, up to the ring's end */
	char text[];
};

enum {
	ALIGN = 16,
	HEADER = offsetof(struct line, text),
	SKIP = -1,
	ROOM = SPOOL_TEXT + ALIGN
}; /* of a text with what fills it up */

_Static_assert(SPOOL_BYTES % ALIGN == 0 && HEADER < ALIGN,
	       "a header fits wherever a line may begin");

struct spool {
	struct spool_conf conf;
	pthread_t thread;
	pthread_mutex_t lock; /* for all that follows */
	pthread_cond_t more, done;
	bool closing, writing, wrote; /* wrote: since it was idle */
	uint64_t put, taken;	      /* bytes, since it was opened */
	uint64_t lost, told;
	uint32_t waiting[SPOOL_OWNERS]; /* bytes of each */
	_Alignas(ALIGN) unsigned char ring[SPOOL_BYTES];
};

static struct line *at(struct spool *s, uint64_t where)
{
	return (struct line *)(void *)(s->ring + where % SPOOL_BYTES);
}

/* Room for so many bytes in one piece; NULL: there is none. */
static struct line *reserve_line(struct spool *s, uint32_t size)
{
	uint32_t end = SPOOL_BYTES - (uint32_t)(s->put % SPOOL_BYTES), skip = size > end ? end : 0;
	if (s->put - s->taken + skip + size > SPOOL_BYTES)
		return NULL;
	if (skip) {
		*at(s, s->put) = (struct line){ .size = skip, .kind = SKIP };
		s->put += skip;
	}
	struct line *l = at(s, s->put);
	l->size = size;
	s->put += size;
	return l;
}

static bool line_within_share(const struct spool *s, unsigned owner, uint32_t size)
{
	uint64_t free = SPOOL_BYTES - (s->put - s->taken);
	return owner == 0 || s->waiting[owner] + size <= SPOOL_SHARE * free;
}

bool spool_put(struct spool *s, unsigned owner, int kind, int priority, const char *text)
{
	size_t n = strlen(text) + 1;
	uint32_t size = (uint32_t)(HEADER + n + ALIGN - 1) / ALIGN * ALIGN;
	pthread_mutex_lock(&s->lock);
	owner %= SPOOL_OWNERS;
	struct line *l =
		n <= SPOOL_TEXT && line_within_share(s, owner, size) ? reserve_line(s, size) : NULL;
	if (l) {
		s->waiting[owner] += size;
		l->owner = (uint16_t)owner;
		l->kind = kind;
		l->priority = (uint16_t)priority;
		memcpy(l->text, text, n);
		pthread_cond_signal(&s->more);
	} else {
		s->lost++;
	}
	pthread_mutex_unlock(&s->lock);
	return l != NULL;
}

/* Under the lock, which is free meanwhile; who drains waits for it. */
static void call_idle(struct spool *s)
{
	s->wrote = false;
	s->writing = true;
	pthread_mutex_unlock(&s->lock);
	s->conf.idle(s->conf.ctx);
	pthread_mutex_lock(&s->lock);
	s->writing = false;
}

/* The next line, copied out; false: it is being closed. */
static bool take_line(struct spool *s, struct line *head, char text[ROOM], uint64_t *lost)
{
	pthread_mutex_lock(&s->lock);
	s->writing = false;
	for (;;) {
		while (s->taken != s->put && at(s, s->taken)->kind == SKIP)
			s->taken += at(s, s->taken)->size;
		if (s->taken != s->put)
			break;
		if (s->wrote && s->conf.idle) {
			call_idle(s);
			continue;
		}
		if (s->closing)
			break;
		pthread_cond_broadcast(&s->done);
		pthread_cond_wait(&s->more, &s->lock);
	}
	bool any = s->taken != s->put;
	if (any) {
		const struct line *l = at(s, s->taken);
		head->kind = l->kind;
		head->priority = l->priority;
		memcpy(text, l->text, l->size - HEADER);
		s->taken += l->size;
		s->waiting[l->owner] -= l->size;
		s->writing = s->wrote = true;
		*lost = s->lost - s->told;
		s->told = s->lost;
	}
	pthread_mutex_unlock(&s->lock);
	return any;
}

static void *write_lines(void *ctx)
{
	struct spool *s = ctx;
	struct line head = { 0 };
	char text[ROOM];
	uint64_t lost = 0;
	while (take_line(s, &head, text, &lost)) {
		if (lost && s->conf.lost)
			s->conf.lost(s->conf.ctx, lost);
		s->conf.write(s->conf.ctx, head.kind, head.priority, text);
	}
	return NULL;
}

struct spool *spool_open(const struct spool_conf *c)
{
	struct spool *s = aligned_alloc(ALIGN, sizeof(*s));
	if (!s)
		return NULL;
	memset(s, 0, offsetof(struct spool, ring));
	s->conf = *c;
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->more, NULL);
	pthread_cond_init(&s->done, &attr);
	pthread_condattr_destroy(&attr);
	int err = thread_start(&s->thread, write_lines, s);
	if (!err)
		return s;
	free(s);
	errno = -err;
	return NULL;
}

bool spool_drain(struct spool *s, unsigned ms)
{
	struct timespec end;
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += ms / 1000;
	end.tv_nsec += (long)(ms % 1000) * 1000000;
	end.tv_sec += end.tv_nsec / 1000000000;
	end.tv_nsec %= 1000000000;
	int err = 0;
	pthread_mutex_lock(&s->lock);
	while ((s->taken != s->put || s->writing) && !err)
		err = pthread_cond_timedwait(&s->done, &s->lock, &end);
	bool all = s->taken == s->put && !s->writing;
	pthread_mutex_unlock(&s->lock);
	return all;
}

void spool_close(struct spool *s)
{
	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	s->closing = true;
	pthread_cond_signal(&s->more);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	pthread_cond_destroy(&s->more);
	pthread_cond_destroy(&s->done);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

uint64_t spool_lost(struct spool *s)
{
	pthread_mutex_lock(&s->lock);
	uint64_t n = s->lost;
	pthread_mutex_unlock(&s->lock);
	return n;
}
