/* SPDX-License-Identifier: MIT
 * Proposals: their list, and its file. */
#include "history/proposals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROPOSALS_FILE "proposals.json"

enum { PROPOSALS_SCHEMA = 1, PROPOSALS_FILE_MOST = 256 << 20 };

struct proposal *proposals_find(struct proposals *all, const char *hash)
{
	struct proposal *found = NULL;
	size_t n = strlen(hash);
	for (size_t i = 0; n >= PROPOSAL_PREFIX && i < all->n; i++) {
		if (strncmp(all->v[i].hash, hash, n) != 0)
			continue;
		if (found)
			return NULL;
		found = &all->v[i];
	}
	return found;
}

bool proposals_add(struct proposals *all, const struct proposal *one)
{
	if (all->n == PROPOSALS_MOST)
		return false;
	all->v[all->n++] = *one;
	return true;
}

void proposals_remove(struct proposals *all, struct proposal *one)
{
	size_t i = (size_t)(one - all->v);
	json_decref(one->files);
	memmove(one, one + 1, (--all->n - i) * sizeof(*one));
}

void proposals_free(struct proposals *all)
{
	while (all->n)
		proposals_remove(all, &all->v[all->n - 1]);
}

bool proposal_has_person(const struct proposal *one, const struct proposal_person *who)
{
	for (size_t i = 0; i < one->n_people; i++)
		if (one->person[i].uid == who->uid ||
		    (*who->login && strcmp(one->person[i].login, who->login) == 0))
			return true;
	return false;
}

uint32_t proposal_left(const struct proposal *one, int64_t now_s)
{
	int64_t passed = now_s - one->time_s;
	return passed < 0 || passed >= PROPOSAL_SECONDS ? 0 : PROPOSAL_SECONDS - (uint32_t)passed;
}

/* ---- as JSON ---- */

static bool take_people(const json_t *list, struct proposal *to)
{
	to->n_people = json_array_size(list);
	bool ok = to->n_people > 0 && to->n_people <= PROPOSAL_PEOPLE;
	for (size_t i = 0; ok && i < to->n_people; i++) {
		const json_t *o = json_array_get(list, i);
		json_int_t uid = json_integer_value(json_object_get(o, "uid"));
		to->person[i].uid = (uint32_t)uid;
		ok = json_is_integer(json_object_get(o, "uid")) && uid >= 0 && uid <= UINT32_MAX &&
		     document_text(o, "login", to->person[i].login, PROPOSAL_NAME) &&
		     document_text(o, "who", to->person[i].who, PROPOSAL_NAME);
	}
	return ok;
}

static bool take_proposal(const json_t *o, struct proposal *to)
{
	json_int_t confirm = json_integer_value(json_object_get(o, "confirm"));
	to->time_s = json_integer_value(json_object_get(o, "time"));
	to->confirm_s = (uint32_t)confirm;
	to->files = json_object_get(o, "files");
	return document_text(o, "hash", to->hash, sizeof(to->hash)) &&
	       strlen(to->hash) == HISTORY_HASH - 1 &&
	       document_text(o, "verb", to->verb, sizeof(to->verb)) &&
	       document_text(o, "origin", to->origin, sizeof(to->origin)) &&
	       document_text(o, "why", to->why, sizeof(to->why)) && confirm >= 0 &&
	       confirm <= INT32_MAX && json_is_object(to->files) &&
	       take_people(json_object_get(o, "people"), to);
}

/* False: these are none. */
static bool take_proposals(void *ctx, const json_t *o)
{
	struct proposals *all = ctx;
	const json_t *list = json_object_get(o, "proposals");
	bool ok = json_integer_value(json_object_get(o, "schema")) == PROPOSALS_SCHEMA &&
		  json_is_array(list) && json_array_size(list) <= PROPOSALS_MOST;
	for (size_t i = 0; ok && i < json_array_size(list); i++) {
		struct proposal one = { .n_people = 0 };
		ok = take_proposal(json_array_get(list, i), &one);
		if (ok) {
			json_incref(one.files);
			ok = proposals_add(all, &one);
		}
	}
	return ok;
}

int proposals_read(int dir, struct proposals *all, bool *unreadable)
{
	static const struct kept_file file = { PROPOSALS_FILE, PROPOSALS_FILE ".unreadable",
					       PROPOSALS_FILE_MOST, take_proposals };
	memset(all, 0, sizeof(*all));
	int err = read_kept(dir, &file, all, unreadable);
	if (*unreadable)
		proposals_free(all);
	return err;
}

static json_t *pack_people(const struct proposal *one)
{
	json_t *list = json_array();
	for (size_t i = 0; i < one->n_people; i++)
		json_array_append_new(
			list, json_pack("{s:I,s:s,s:s}", "uid", (json_int_t)one->person[i].uid,
					"login", one->person[i].login, "who", one->person[i].who));
	return list;
}

int proposals_keep(int dir, const struct proposals *all)
{
	json_t *list = json_array();
	for (size_t i = 0; i < all->n; i++) {
		const struct proposal *one = &all->v[i];
		json_array_append_new(list,
				      json_pack("{s:s,s:s,s:s,s:s,s:I,s:I,s:o,s:O}", "hash",
						one->hash, "verb", one->verb, "origin", one->origin,
						"why", one->why, "time", (json_int_t)one->time_s,
						"confirm", (json_int_t)one->confirm_s, "people",
						pack_people(one), "files", one->files));
	}
	json_t *o = json_array_size(list) == all->n
			    ? json_pack("{s:i,s:O}", "schema", PROPOSALS_SCHEMA, "proposals", list)
			    : NULL; /* a text that is no UTF-8 */
	int err = o ? keep_file(dir, PROPOSALS_FILE, o) : -EILSEQ;
	json_decref(o);
	json_decref(list);
	return err;
}
