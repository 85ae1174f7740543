/* SPDX-License-Identifier: MIT
 * explain: the keys of a whole policy or conduit that could turn a reason around, from the tables
 * of the protocols, and how each can be written so that it permits more. Whether it then permits
 * the message is explain-change.c's to ask. */
#include <string.h>

#include "base/num.h"
#include "zonectl/explain.h"

/* clang-format off */
static const struct explain_key conduit_keys[] = {
	{ .why = R_REQUEST_RATE, .key = "max_requests_per_second", .form = EXPLAIN_MOST, .most = 1000000 },
	{ .why = R_WRITE_RATE, .key = "max_writes_per_second", .form = EXPLAIN_MOST, .most = 1000000 },
};
/* clang-format on */

const struct explain_key *explain_conduit_keys(size_t *n)
{
	*n = sizeof(conduit_keys) / sizeof(conduit_keys[0]);
	return conduit_keys;
}

/* ---- what a message needs ---- */

static bool quote_said(const struct explain_case *c, const struct explain_ops *o,
		       const struct explain_key *key, char out[EXPLAIN_SAID_TEXT])
{
	FILE *f = o->said && c->m ? fmemopen(out, EXPLAIN_SAID_TEXT, "w") : NULL;
	bool good = f && o->said(c, key->key, f);
	if (f)
		good = fflush(f) == 0 && !ferror(f) && good;
	if (f)
		fclose(f);
	return good;
}

static void add_keys(const struct explain_case *c, const struct explain_ops *o,
		     struct explain_wants *w)
{
	size_t n_conduit;
	const struct explain_key *conduit = explain_conduit_keys(&n_conduit);
	for (size_t i = 0; i < n_conduit + (o ? o->n_keys : 0); i++) {
		bool of_conduit = i < n_conduit;
		const struct explain_key *k = of_conduit ? &conduit[i] : &o->keys[i - n_conduit];
		if (k->why != w->why || w->n_keys == EXPLAIN_KEYS)
			continue;
		w->keys[w->n_keys].key = k;
		w->keys[w->n_keys].of_conduit = of_conduit;
		if (k->form != EXPLAIN_SAID || quote_said(c, o, k, w->keys[w->n_keys].said))
			w->n_keys++;
	}
}

static void put_entries(const struct explain_case *c, const struct explain_ops *o,
			char out[EXPLAIN_TEXT])
{
	bool asks = !c->ev->response || o->entry_of_answers;
	FILE *f = o->entry && asks ? fmemopen(out, EXPLAIN_TEXT, "w") : NULL;
	bool whole = f && o->entry(c, f);
	if (f)
		whole = fflush(f) == 0 && !ferror(f) && whole;
	if (f)
		fclose(f);
	if (!whole)
		out[0] = '\0';
}

void explain_wants_of(const struct explain_case *c, uint8_t proto, struct explain_wants *out)
{
	const struct explain_ops *o = explain_ops_of(proto);
	*out = (struct explain_wants){ .why = (enum reason)c->ev->reason,
				       .answer = c->ev->response };
	out->came = c->ev->number.there ? c->ev->number.came : 0;
	if (c->m && o) {
		put_entries(c, o, out->entries);
		out->changes = o->changes && !c->ev->response ? o->changes(c) : NULL;
	}
	add_keys(c, o, out);
}

/* ---- how a key can be written ---- */

/* Is the word, as a model has it, in the list? */
static bool is_listed(const char *list, const char *word)
{
	char quoted[EXPLAIN_SAID_TEXT + 2];
	struct sb b = sb_init(quoted, sizeof(quoted));
	sb_printf(&b, "\"%s\"", word);
	return strstr(list, quoted) != NULL;
}

/* has: "any", [ "a", "b" ] or NULL */
static bool put_longer(struct sb *out, const struct explain_key *k, const char *has,
		       const char *word)
{
	bool any = has && strcmp(has, "\"any\"") == 0;
	if (has && !any && is_listed(has, word))
		return false;
	sb_printf(out, "%s = [ ", k->key);
	for (size_t i = 0; any && k->words && k->words[i]; i++)
		sb_printf(out, "\"%s\", ", k->words[i]);
	if (has && !any && strchr(has, '"'))
		sb_printf(out, "%.*s, ", (int)(strrchr(has, '"') + 1 - strchr(has, '"')),
			  strchr(has, '"'));
	sb_printf(out, "\"%s\" ];", word);
	return true;
}

static bool put_later(struct sb *out, const struct explain_key *k, const char *has, unsigned i)
{
	size_t at = 0, n = 0;
	while (k->words[n])
		n++;
	while (has && at < n && !is_listed(has, k->words[at]))
		at++;
	if (at + 1 + i >= n)
		return false;
	sb_printf(out, "%s = \"%s\";", k->key, k->words[at + 1 + i]);
	return true;
}

/* What came first, then one more each, then twice as many each, up to the most. */
static bool put_more(struct sb *out, const struct explain_key *k, const char *has,
		     const struct explain_wants *w, unsigned i)
{
	enum { ONE_MORE = 16, DOUBLED = 32 };
	uint64_t now = k->standard;
	if (has && !num_parse(has, 0, UINT32_MAX, &now))
		return false;
	uint64_t from = now ? now : 1, v = now + i;
	if (i == 0)
		v = w->came > now ? w->came : now + 1;
	else if (i > ONE_MORE && i <= ONE_MORE + DOUBLED)
		v = from << (i - ONE_MORE);
	else if (i > ONE_MORE)
		return false;
	if (i > ONE_MORE && v / 2 < k->most && v > k->most)
		v = k->most;
	if (v <= k->most)
		sb_printf(out, "%s = %u;", k->key, (unsigned)v);
	return v <= k->most;
}

bool explain_key_line(const struct explain_wants *w, size_t key, const char *has, unsigned i,
		      struct sb *out)
{
	const struct explain_key *k = w->keys[key].key;
	switch ((enum explain_form)k->form) {
	case EXPLAIN_ON:
		sb_printf(out, "%s = true;", k->key);
		return i == 0;
	case EXPLAIN_OFF:
		return i == 0 && has;
	case EXPLAIN_LADDER:
		return put_later(out, k, has, i);
	case EXPLAIN_ADDED:
		for (size_t n = 0; k->words[n]; n++)
			if ((!has || !is_listed(has, k->words[n])) && i-- == 0)
				return put_longer(out, k, has, k->words[n]);
		return false;
	case EXPLAIN_SAID:
		return i == 0 && put_longer(out, k, has, w->keys[key].said);
	case EXPLAIN_MOST:
		return put_more(out, k, has, w, i);
	}
	return false;
}

/* ---- of a reason ---- */

static void add_names(json_t *list, enum reason why, const char *proto,
		      const struct explain_key *keys, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (keys[i].why == why)
			json_array_append_new(list, proto ? json_pack("{s:s,s:s}", "protocol",
								      proto, "key", keys[i].key)
							  : json_pack("{s:s}", "key", keys[i].key));
}

json_t *explain_keys_of(enum reason why)
{
	json_t *list = json_array();
	size_t n;
	const struct explain_key *conduit = explain_conduit_keys(&n);
	add_names(list, why, NULL, conduit, n);
	for (uint8_t p = PROTO_NONE + 1; p < PROTO_N; p++) {
		const struct explain_ops *o = explain_ops_of(p);
		add_names(list, why, proto_word(p), o->keys, o->n_keys);
	}
	return list;
}
