/* SPDX-License-Identifier: MIT
 *
 * Proposals: models that wait until so many people as the model in force asks for have approved
 * them (daemon.approvals; the approval of changes is IEC 62443-2-1, dual approval 62443-3-3 SR 2.1
 * RE 4). They are kept in "proposals.json" beside the generations, with all of the model, which is
 * named by its hash: what was approved is what is put in force.
 */
#ifndef ZONED_HISTORY_PROPOSALS_H
#define ZONED_HISTORY_PROPOSALS_H

#include "history/history.h"

enum {
	PROPOSALS_MOST = 8,
	PROPOSAL_SECONDS = 86400, /* what nobody has approved by then is gone */
	PROPOSAL_PEOPLE = 4,	  /* who proposed it, and who approved it */
	PROPOSAL_NAME = 64,
	PROPOSAL_PREFIX = 8, /* digits of a hash that are enough to look at it */
};

struct proposal_person {
	uint32_t uid;
	char login[PROPOSAL_NAME]; /* who logged in; "": not known */
	char who[PROPOSAL_NAME];
};

struct proposal {
	char hash[HISTORY_HASH]; /* of the model, as in generations */
	char verb[HISTORY_WORD], origin[HISTORY_WORD];
	char why[HISTORY_TEXT];
	int64_t time_s; /* since 1970 */
	uint32_t confirm_s;
	struct proposal_person person[PROPOSAL_PEOPLE]; /* the first has proposed it */
	size_t n_people;
	json_t *files; /* files_pack() of the model */
};

struct proposals {
	struct proposal v[PROPOSALS_MOST];
	size_t n;
};

/* What cannot be read as proposals is renamed to "proposals.json.unreadable" and *unreadable is
 * set: there are none then. 0 or -errno */
int proposals_read(int dir, struct proposals *all, bool *unreadable);
int proposals_keep(int dir, const struct proposals *all); /* 0 or -errno */
void proposals_free(struct proposals *all);
/* By the beginning of its hash, PROPOSAL_PREFIX digits at least; NULL: none, or several. */
struct proposal *proposals_find(struct proposals *all, const char *hash);
/* What one leads to is all's from now on. False: there is no room. */
bool proposals_add(struct proposals *all, const struct proposal *one);
void proposals_remove(struct proposals *all, struct proposal *one);
/* Is this one among those who proposed or approved it, by uid or by the name of the login? */
bool proposal_has_person(const struct proposal *one, const struct proposal_person *who);
/* Seconds that are left at this time; 0: it is over, or the clock is before it. */
uint32_t proposal_left(const struct proposal *one, int64_t now_s);

#endif
