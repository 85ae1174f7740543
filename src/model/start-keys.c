/* SPDX-License-Identifier: MIT
 * The keys that only a start of zoned puts in force: one table compares, names and keeps them. */
#include <string.h>

#include "model/internal.h"

struct start_key {
	const char *name;
	size_t at, size; /* in struct daemon_conf; size 0: a text */
};

#define NUMBER_KEY(key) \
	{ \
#key, offsetof(struct daemon_conf, key), sizeof(((struct daemon_conf *)0)->key) \
	}
#define EVIDENCE_KEY(key) \
	{ \
		"evidence", offsetof(struct daemon_conf, evidence.key), \
			sizeof(((struct daemon_conf *)0)->evidence.key) \
	}
#define TEXT_KEY(name, key) \
	{ \
		name, offsetof(struct daemon_conf, key), 0 \
	}
static const struct start_key start_keys[] = {
	NUMBER_KEY(mark_mask),
	NUMBER_KEY(queue_base),
	NUMBER_KEY(queues),
	NUMBER_KEY(log_group),
	NUMBER_KEY(max_connections),
	NUMBER_KEY(max_connections_per_source),
	NUMBER_KEY(fast_path),
	NUMBER_KEY(lock_table),
	NUMBER_KEY(strict),
	TEXT_KEY("user", user),
	TEXT_KEY("metrics_socket", metrics_socket),
	TEXT_KEY("evidence", evidence.directory),
	EVIDENCE_KEY(size),
	EVIDENCE_KEY(age),
	EVIDENCE_KEY(before),
	EVIDENCE_KEY(after),
	EVIDENCE_KEY(snap),
	EVIDENCE_KEY(memory),
};
enum { START_KEYS = sizeof(start_keys) / sizeof(start_keys[0]) };
_Static_assert(START_KEYS + 1 <= MODEL_START_KEYS, "room for their names");

static const char *start_text_at(const struct daemon_conf *d, const struct start_key *k)
{
	const char *s;
	memcpy(&s, (const char *)d + k->at, sizeof(s));
	return s;
}

static bool same_start_key(const struct daemon_conf *a, const struct daemon_conf *b,
			   const struct start_key *k)
{
	if (k->size)
		return memcmp((const char *)a + k->at, (const char *)b + k->at, k->size) == 0;
	const char *s = start_text_at(a, k), *t = start_text_at(b, k);
	return s && t ? strcmp(s, t) == 0 : s == t;
}

static size_t add_key_name(const char *v[MODEL_START_KEYS], size_t n, const char *name)
{
	if (n == 0 || strcmp(v[n - 1], name) != 0)
		v[n++] = name;
	return n;
}

size_t model_start_keys(const struct model *a, const struct model *b,
			const char *v[MODEL_START_KEYS])
{
	size_t n = 0;
	for (size_t i = 0; i < START_KEYS; i++)
		if (!same_start_key(&a->daemon, &b->daemon, &start_keys[i]))
			n = add_key_name(v, n, start_keys[i].name);
	if (!model_taps_eq(a, b))
		v[n++] = "interfaces";
	return n;
}

static const char *text_or_null(struct arena *a, const char *s)
{
	return s ? arena_strdup(a, s) : NULL;
}

void model_keep_start_keys(struct model *m, const struct model *running)
{
	struct arena *a = m->arena;
	for (size_t i = 0; i < START_KEYS; i++) {
		const struct start_key *k = &start_keys[i];
		char *to = (char *)&m->daemon + k->at;
		if (k->size) {
			memcpy(to, (const char *)&running->daemon + k->at, k->size);
			continue;
		}
		const char *s = text_or_null(a, start_text_at(&running->daemon, k));
		memcpy(to, &s, sizeof(s));
	}
	m->n_taps = running->n_taps;
	m->taps = arena_alloc(a, (running->n_taps + 1) * sizeof(*m->taps));
	for (size_t i = 0; i < m->n_taps; i++) {
		struct tap *t = &m->taps[i];
		*t = running->taps[i];
		t->name = arena_strdup(a, t->name);
		t->filter = text_or_null(a, t->filter);
		t->at.file = t->enforce_at.file = t->filter_at.file = m->path;
	}
}
