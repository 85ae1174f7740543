/* SPDX-License-Identifier: MIT
 *
 * Table of the masters that have data transfer started.
 *
 * Inspectors share it without a lock, which one that dies would keep. Whoever writes a master looks
 * again afterwards, and takes it back where another did so at the same time: then both may be
 * refused, and never one too many started.
 */
#include "proto/iec104/gate-masters.h"

#include <string.h>

#include "base/siphash.h"

/* A word: who in the upper bits, below them when, in 2^30 ns. Nobody loses a race so often. */
enum { WHEN_BITS = 24, WHEN_UNIT = 30, WHEN_AHEAD = 4, RACES = 16 };
#define WHEN_MASK ((UINT64_C(1) << WHEN_BITS) - 1)

static uint64_t iec_name_of(const struct iec_masters *t, const struct addr *a, uint64_t more)
{
	uint64_t w[3];
	memcpy(w, a->b, 16);
	w[2] = more << 8 | a->family;
	return siphash_words(t->key, w, 3);
}

static uint64_t station_name(const struct iec_masters *t, const struct iec_starter *s)
{
	return iec_name_of(t, &s->station, (uint64_t)s->port << 8 | s->group) | 1;
}

static uint64_t master_word(const struct iec_masters *t, const struct iec_starter *s)
{
	uint64_t who = iec_name_of(t, &s->master, 0) >> WHEN_BITS | 1;
	return who << WHEN_BITS | (s->now >> WHEN_UNIT & WHEN_MASK);
}

static bool same_master(uint64_t a, uint64_t b)
{
	return a >> WHEN_BITS == b >> WHEN_BITS;
}

/* Was this master seen lately? Another inspector's clock may be a little ahead. */
static bool seen_lately(uint64_t word, uint64_t now)
{
	uint64_t age = ((now >> WHEN_UNIT) - word) & WHEN_MASK;
	return word && (age <= IEC_MASTER_LOST_NS >> WHEN_UNIT || age > WHEN_MASK - WHEN_AHEAD);
}

static uint64_t master_at(const struct iec_station *st, unsigned i)
{
	return __atomic_load_n(&st->master[i], __ATOMIC_SEQ_CST);
}

static bool master_put(struct iec_station *st, unsigned i, uint64_t was, uint64_t is)
{
	return __atomic_compare_exchange_n(&st->master[i], &was, is, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

/* ---- places of stations ---- */

static uint64_t name_at(const struct iec_station *st)
{
	return __atomic_load_n(&st->name, __ATOMIC_SEQ_CST);
}

static struct iec_station *iec_nth_place(struct iec_masters *t, uint64_t name, unsigned i)
{
	return &t->station[((name >> 1) + i) % IEC_STATIONS];
}

static struct iec_station *iec_find_station(struct iec_masters *t, uint64_t name,
					    const struct iec_station *but)
{
	for (unsigned i = 0; i < IEC_STATION_TRIES; i++) {
		struct iec_station *st = iec_nth_place(t, name, i);
		if (st != but && name_at(st) == name)
			return st;
	}
	return NULL;
}

static bool has_masters(const struct iec_station *st, uint64_t now)
{
	for (unsigned i = 0; i < IEC_MASTERS_MAX; i++)
		if (seen_lately(master_at(st, i), now))
			return true;
	return false;
}

/* A place for a station that has none: unused, or of one that has no master any more. */
static struct iec_station *new_station(struct iec_masters *t, uint64_t name, uint64_t now)
{
	for (unsigned i = 0; i < IEC_STATION_TRIES; i++) {
		struct iec_station *st = iec_nth_place(t, name, i);
		uint64_t was = name_at(st);
		if (has_masters(st, now) ||
		    !__atomic_compare_exchange_n(&st->name, &was, name, false, __ATOMIC_SEQ_CST,
						 __ATOMIC_SEQ_CST))
			continue;
		if (!iec_find_station(t, name, st))
			return st;
		__atomic_store_n(&st->name, 0, __ATOMIC_SEQ_CST); /* another made one meanwhile */
		return NULL;
	}
	return NULL;
}

/* ---- masters of one station ---- */

struct iec_found {
	unsigned own, free, others; /* own, free: IEC_MASTERS_MAX where there is none */
	uint64_t own_word, free_word;
};

static struct iec_found look_at_masters(const struct iec_station *st, uint64_t word, uint64_t now)
{
	struct iec_found f = { .own = IEC_MASTERS_MAX, .free = IEC_MASTERS_MAX };
	for (unsigned i = 0; i < IEC_MASTERS_MAX; i++) {
		uint64_t at = master_at(st, i);
		bool own = at && same_master(at, word);
		if (own && f.own == IEC_MASTERS_MAX) {
			f.own = i;
			f.own_word = at;
		} else if (seen_lately(at, now)) {
			f.others += !own; /* its two connections came at the same time */
		} else if (f.free == IEC_MASTERS_MAX) {
			f.free = i;
			f.free_word = at;
		}
	}
	return f;
}

/* Nobody came at the same time, neither for the station's place nor for the master's. */
static bool alone_there(const struct iec_station *st, uint64_t name, uint64_t word,
			const struct iec_starter *s)
{
	return name_at(st) == name && look_at_masters(st, word, s->now).others < s->most;
}

/* starts: by this connection from now on. */
static bool enter_master(struct iec_station *st, uint64_t name, const struct iec_starter *s,
			 uint64_t word, bool starts)
{
	for (unsigned races = 0; races < RACES; races++) {
		struct iec_found f = look_at_masters(st, word, s->now);
		bool known = f.own < IEC_MASTERS_MAX && seen_lately(f.own_word, s->now);
		unsigned at = f.own < IEC_MASTERS_MAX ? f.own : f.free;
		if (!known && (f.others >= s->most || at == IEC_MASTERS_MAX))
			return false;
		if (!master_put(st, at, at == f.own ? f.own_word : f.free_word, word))
			continue;
		if (starts || !known)
			__atomic_store_n(&st->by[at], s->ports, __ATOMIC_RELAXED);
		if (known || alone_there(st, name, word, s))
			return true;
		master_put(st, at, word, 0);
		return false;
	}
	return false;
}

static bool enter_station(struct iec_masters *t, const struct iec_starter *s, bool starts)
{
	uint64_t name = station_name(t, s), word = master_word(t, s);
	struct iec_station *st = iec_find_station(t, name, NULL);
	if (!st)
		st = new_station(t, name, s->now);
	return st && enter_master(st, name, s, word, starts);
}

bool iec_masters_start(struct iec_masters *t, const struct iec_starter *s)
{
	return enter_station(t, s, true);
}

bool iec_masters_keep(struct iec_masters *t, const struct iec_starter *s)
{
	return enter_station(t, s, false);
}

void iec_masters_stop(struct iec_masters *t, const struct iec_starter *s)
{
	struct iec_station *st = iec_find_station(t, station_name(t, s), NULL);
	uint64_t word = master_word(t, s);
	if (!st)
		return;
	struct iec_found f = look_at_masters(st, word, s->now);
	if (f.own < IEC_MASTERS_MAX &&
	    __atomic_load_n(&st->by[f.own], __ATOMIC_RELAXED) == s->ports)
		master_put(st, f.own, f.own_word, 0);
}
