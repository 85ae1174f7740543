/* SPDX-License-Identifier: MIT
 *
 * The model that zoned starts with. The newest change wins: of the configured file, or of what was
 * put in force by apply or rollback since. A file with errors, or one that the kernel refused at
 * the last start, does not leave the plant without zoned: the last generation is in force then, and
 * that is logged at each start.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "daemon/orders.h"

/* What it has is read here, and the directory opened again as a step of the start, since that
 * begins with closing all that is open. Who starts as root makes it. */
static void read_history(struct parent *p)
{
	bool unreadable;
	if (geteuid() == 0 && mkdir(p->history_path, 0750) && errno != EEXIST)
		say(LOG_WARNING, "%s: %s", p->history_path, strerror(errno));
	int err = history_open(&p->history, p->history_path, &unreadable);
	p->keeps_history = !err;
	if (err)
		say(LOG_WARNING,
		    "%s: %s: generations are not kept, and there is no way back to one",
		    p->history_path, strerror(-err));
	else if (unreadable)
		say(LOG_ERR,
		    "%s/history.json is no history of generations; it is history.json.unreadable "
		    "now, and generations begin with 1 again",
		    p->history_path);
}

/* m, if all groups of its roles are there; the errors are logged. */
static struct model *with_roles(struct parent *p, struct model *m, struct errs *errs)
{
	if (m && !roles_of(m, &p->roles, errs)) {
		model_free(m);
		m = NULL;
	}
	say_errors(errs);
	errs_free(errs);
	return m;
}

/* The signature that the model itself asks for, and the last one in force. */
static struct model *if_signed(struct model *m, const struct model *before, struct errs *errs)
{
	if (m && signature_check(m, before, errs))
		return m;
	model_free(m);
	return NULL;
}

static struct model *load_kept(struct parent *p, const struct generation *g)
{
	struct errs errs;
	errs_init(&errs);
	struct model *m = if_signed(history_model(&p->history, g, &errs), NULL, &errs);
	return with_roles(p, m, &errs);
}

/* last: NULL, or what was in force */
static struct model *load_file(struct parent *p, const struct generation *last)
{
	struct errs errs;
	errs_init(&errs);
	struct model *before = last ? history_model(&p->history, last, &errs) : NULL;
	errs_free(&errs); /* one that cannot be read asks for nothing; that is told later on */
	errs_init(&errs);
	struct model *m = if_signed(load_model(p, &errs), before, &errs);
	model_free(before);
	return with_roles(p, m, &errs);
}

static void set_first(struct parent *p, uint32_t number, bool is_new, const char *origin,
		      const char *why)
{
	p->first->number = number;
	p->first->is_new = is_new;
	p->first->change =
		(struct change){ .verb = "start", .origin = origin, .why = why, .other = "start" };
}

/* One of the history instead of the file, and why. NULL: it cannot be read either (said). */
static struct model *take_kept(struct parent *p, const struct generation *g, int level,
			       const char *why)
{
	struct model *m = load_kept(p, g);
	if (m)
		say(level, "generation %u (%s, by %s) is put in force, not %s: %s", g->number,
		    g->origin, g->who, p->path, why);
	return m;
}

/* What was in force when zoned ended was never confirmed. NULL: nothing of that kind. */
static struct model *take_back(struct parent *p, const struct generation *last)
{
	const struct generation *back = history_find(&p->history, p->history.confirm.back);
	/* a higher number was asked for, and zoned ended before it was kept */
	if (p->history.confirm.number < last->number || !back || back == last)
		return NULL;
	struct model *m = take_kept(p, back, LOG_WARNING,
				    "what followed it was not confirmed when zoned ended");
	if (m)
		set_first(p, last->number + 1, true, "rollback", "not confirmed when zoned ended");
	return m;
}

/* The last one of the history, for this reason; NULL: it cannot be read, so the file is taken. */
static struct model *take_last(struct parent *p, const struct generation *last, int level,
			       const char *why)
{
	struct model *m = take_kept(p, last, level, why);
	if (m)
		set_first(p, last->number, false, last->origin, "");
	return m;
}

static struct model *choose_model(struct parent *p, struct model *file,
				  const struct generation *last)
{
	char hash[HISTORY_HASH] = "", own[HISTORY_HASH];
	struct model *kept = take_back(p, last);
	if (kept)
		return kept;
	if (!file)
		return take_last(p, last, LOG_ERR,
				 "the file has errors; mend it, then: zonectl reload");
	hash_files(file, hash);
	if (strcmp(hash, last->files) == 0) {
		set_first(p, last->number, false, last->origin, "");
		return NULL;
	}
	hash_own_files(file, own);
	/* with other rules of a new release, a model that came from the file is that file again */
	if (strcmp(own, last->configured) == 0 && strcmp(last->origin, "file") != 0)
		return take_last(p, last, LOG_NOTICE,
				 "the file did not change since; zonectl reload takes it");
	if (strcmp(hash, p->history.refused) == 0)
		return take_last(p, last, LOG_ERR,
				 "the kernel refused the file at the last start; mend it, then: "
				 "zonectl reload");
	set_first(p, last->number + 1, true, "file", "");
	return NULL;
}

static struct model *choose_first(struct parent *p)
{
	read_history(p);
	orders_start(p);
	const struct generation *last = p->keeps_history ? history_last(&p->history) : NULL;
	struct model *file = load_file(p, last);
	set_first(p, last ? last->number + 1 : 1, true, "file", "");
	if (!last)
		return file;
	struct roles roles = p->roles; /* of the file */
	struct model *kept = choose_model(p, file, last);
	if (!kept) {
		p->roles = roles;
		return file;
	}
	model_free(file);
	return kept;
}

struct model *first_model(struct parent *p)
{
	struct model *m = choose_first(p);
	p->model = m;
	if (m)
		orders_first(p);
	history_close(&p->history);
	return m;
}

void first_refused(struct parent *p)
{
	char hash[HISTORY_HASH];
	if (!p->keeps_history || !p->first->is_new || !history_last(&p->history))
		return;
	hash_files(p->model, hash);
	int err = history_refused(&p->history, hash);
	if (err)
		say(LOG_ERR, "%s: %s", p->history.path, strerror(-err));
	else
		say(LOG_ERR,
		    "the next start puts generation %u in force, unless the file is mended",
		    history_last(&p->history)->number);
}
