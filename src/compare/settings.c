/* SPDX-License-Identifier: MIT
 * What is of the whole site: its mode, the keys of `daemon`, taps. */
#include <string.h>

#include "compare/internal.h"

/* Keys of `daemon`: numbers, and which way less is protected. */
enum way { NEITHER, LESS_OPENS, MORE_OPENS };

static const struct {
	const char *key;
	size_t at, size;
	enum way way;
	/* clang-format off */
} numbers[] = {
#define KEY(name, way) { #name, offsetof(struct daemon_conf, name), sizeof(((struct daemon_conf *)0)->name), way }
	KEY(mark_mask, NEITHER),
	KEY(queue_base, NEITHER),
	KEY(queues, NEITHER),
	KEY(log_group, NEITHER),
	KEY(max_connections, NEITHER),
	KEY(max_connections_per_source, NEITHER),
	KEY(fast_path, NEITHER),
	KEY(strict, LESS_OPENS),
	KEY(lock_table, LESS_OPENS),
	KEY(require_signature, LESS_OPENS),
	KEY(approvals, LESS_OPENS),
	KEY(evidence.size, NEITHER),
	KEY(evidence.age, NEITHER),
	KEY(evidence.before, NEITHER),
	KEY(evidence.after, NEITHER),
	KEY(evidence.snap, NEITHER),
	KEY(evidence.memory, NEITHER),
#undef KEY
};
/* clang-format on */

static const struct {
	const char *key;
	size_t at;
} texts[] = {
	{ "json_log", offsetof(struct daemon_conf, json_log) },
	{ "metrics_socket", offsetof(struct daemon_conf, metrics_socket) },
	{ "evidence.directory", offsetof(struct daemon_conf, evidence.directory) },
	{ "syslog_facility", offsetof(struct daemon_conf, syslog_facility) },
	{ "user", offsetof(struct daemon_conf, user) },
	{ "trusted_keys", offsetof(struct daemon_conf, trusted_keys) },
};

static uint64_t number_at(const struct model *m, size_t at, size_t size)
{
	const uint8_t *p = (const uint8_t *)&m->daemon + at;
	uint32_t four;
	uint16_t two;
	memcpy(&four, p, size == 4 ? 4 : 1);
	memcpy(&two, p, size == 2 ? 2 : 1);
	return size == 4 ? four : size == 2 ? two : *p;
}

static void compare_daemon(struct compare_run *r)
{
	const struct where none = { NULL, 0 };
	struct compare_finding f = { .what = COMPARE_DAEMON, .old = none, .new = none };
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		uint64_t was = number_at(r->old.m, numbers[i].at, numbers[i].size),
			 is = number_at(r->new.m, numbers[i].at, numbers[i].size);
		bool opens = numbers[i].way == LESS_OPENS ? is < was : is > was;
		f.name = numbers[i].key;
		f.effect = numbers[i].way == NEITHER ? COMPARE_CHANGES
			   : opens		     ? COMPARE_OPENS
						     : COMPARE_CLOSES;
		/* of evidence that is not kept nothing matters */
		bool idle = numbers[i].at >= offsetof(struct daemon_conf, evidence) &&
			    numbers[i].at < offsetof(struct daemon_conf, evidence) +
						    sizeof(struct evidence_keys) &&
			    (!r->old.m->daemon.evidence.directory ||
			     !r->new.m->daemon.evidence.directory);
		if (was != is && !idle)
			compare_add(r, &f, "%llu, was %llu", (unsigned long long)is,
				    (unsigned long long)was);
	}
	f.effect = COMPARE_CHANGES;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *was, *is;
		memcpy(&was, (const uint8_t *)&r->old.m->daemon + texts[i].at, sizeof(was));
		memcpy(&is, (const uint8_t *)&r->new.m->daemon + texts[i].at, sizeof(is));
		f.name = texts[i].key;
		if (strcmp(was ? was : "", is ? is : "") != 0)
			compare_add(r, &f, "\"%s\", was \"%s\"", is ? is : "", was ? was : "");
	}
}

static bool has_text(const struct texts *t, const char *text)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->v[i], text) == 0)
			return true;
	return t->any;
}

/* Groups whose users may do more than before, and those that may do less. */
static void compare_roles(struct compare_run *r)
{
	const struct role_keys *old = &r->old.m->daemon.roles, *new = &r->new.m->daemon.roles;
	const struct {
		const char *key;
		const struct texts *old, *new;
	} roles[] = { { "roles.viewer", &old->viewer, &new->viewer },
		      { "roles.operator", &old->operator, & new->operator},
			{ "roles.engineer", &old->engineer, &new->engineer } };
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		struct compare_finding f = { .what = COMPARE_DAEMON, .name = roles[i].key };
		f.effect = COMPARE_OPENS;
		for (size_t k = 0; k < roles[i].new->n; k++)
			if (!has_text(roles[i].old, roles[i].new->v[k]))
				compare_add(r, &f, "group \"%s\" has this role",
					    roles[i].new->v[k]);
		/* without any group every user may look */
		bool any = !i && roles[i].old->n && !roles[i].new->n;
		f.effect = any ? COMPARE_OPENS : COMPARE_CLOSES;
		for (size_t k = 0; k < roles[i].old->n; k++)
			if (!has_text(roles[i].new, roles[i].old->v[k]))
				compare_add(r, &f, "group \"%s\" has this role no longer%s",
					    roles[i].old->v[k], any ? ", and no other has it" : "");
	}
}

/* What a reactive tap refuses is blocked, so another set of them may block less. */
static void compare_taps(struct compare_run *r)
{
	const struct model *m = r->old.m;
	struct compare_finding f = { .effect = COMPARE_CHANGES, .what = COMPARE_SITE };
	if (model_taps_eq(m, r->new.m))
		return;
	for (size_t i = 0; i < m->n_taps; i++)
		if (m->taps[i].reactive)
			f.effect = COMPARE_OPENS;
	f.old = m->n_taps ? m->taps[0].at : f.old;
	f.new = r->new.m->n_taps ? r->new.m->taps[0].at : f.new;
	compare_add(r, &f, "interfaces with source = \"tap\" differ%s",
		    f.effect == COMPARE_OPENS ? ": what they blocked may pass" : "");
}

void compare_settings(struct compare_run *r)
{
	struct compare_finding f = { .what = COMPARE_SITE,
				     .old = r->old.m->mode_at,
				     .new = r->new.m->mode_at };
	bool watched = r->old.m->mode == MODE_OBSERVE;
	if (r->old.m->mode != r->new.m->mode) {
		f.effect = watched ? COMPARE_CLOSES : COMPARE_OPENS;
		compare_add(r, &f, "%s",
			    watched ? "enforces now: what no conduit permits is refused"
				    : "is only watched, by mode = \"observe\": nothing is refused");
	}
	compare_taps(r);
	compare_daemon(r);
	compare_roles(r);
}
