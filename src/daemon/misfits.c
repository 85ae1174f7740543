/* SPDX-License-Identifier: MIT
 *
 * Interfaces of the model that are not there, are part of another, or have a bridge between them
 * that nobody judges; interfaces of no zone; settings and routes (host/misfits.h). Said at the
 * start and after each reload, and when it becomes so, or is so no more: the kernel tells of
 * interfaces that change (bypass.c), and what it does not tell of is looked at every few seconds.
 */
#include <string.h>
#include <syslog.h>

#include "daemon/parent.h"

static const struct misfit *find_misfit(const struct misfits *l, const char *what)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].what, what) == 0)
			return &l->v[i];
	return NULL;
}

static void tell_misfit(const struct parent *p, const struct misfit *f)
{
	int level = misfit_is_unjudged(f->kind) ? LOG_CRIT : LOG_WARNING;
	if (f->at.line)
		say(level, "%s:%u: warning: %s: event=misfit-found %s", f->at.file, f->at.line,
		    f->text, f->what);
	else
		say(level, "%s: warning: %s: event=misfit-found %s", p->path, f->text, f->what);
}

/* What is not known now is looked at the next time; what was told holds until then. */
static bool compare(struct parent *p, struct mnl_socket *asks)
{
	const struct host_facts facts = { &p->interfaces, &p->settings, &p->routes };
	int err = host_settings_read(&p->settings);
	p->settings.hears_ends = !p->fast;
	host_routes_plan(p->model, &p->routes);
	if (!err)
		err = host_routes_read(asks, &p->routes);
	if (err)
		say(LOG_ERR, "settings and routes of this machine: %s", strerror(-err));
	else if (!host_misfits(p->model, &facts, &p->misfits))
		say(LOG_ERR, "no memory to compare the model with this machine");
	else
		return true;
	return false;
}

void misfits_look(struct parent *p, struct mnl_socket *asks)
{
	p->misfits_told = p->misfits;
	if (!compare(p, asks))
		return;
	for (size_t i = 0; i < p->misfits.n; i++)
		if (p->misfits_again || !find_misfit(&p->misfits_told, p->misfits.v[i].what))
			tell_misfit(p, &p->misfits.v[i]);
	if (p->misfits.more && (p->misfits_again || !p->misfits_told.more))
		say(LOG_WARNING, "more of these than are told one by one: zonectl check --here %s",
		    p->path);
	for (size_t i = 0; i < p->misfits_told.n; i++)
		if (!find_misfit(&p->misfits, p->misfits_told.v[i].what))
			say(LOG_NOTICE, "no more so: event=misfit-gone %s",
			    p->misfits_told.v[i].what);
	p->misfits_again = false;
}

void misfits_tell_again(struct parent *p)
{
	p->misfits_again = true;
	bypass_look(p);
}

size_t misfits_unjudged(const struct parent *p)
{
	size_t n = 0;
	for (size_t i = 0; i < p->misfits.n; i++)
		n += misfit_is_unjudged(p->misfits.v[i].kind);
	return n;
}

json_t *misfits_in_words(const struct parent *p)
{
	char text[sizeof(p->misfits.v[0].text) + 32];
	json_t *list = json_array();
	for (size_t i = 0; i < p->misfits.n; i++) {
		const struct misfit *f = &p->misfits.v[i];
		if (f->at.line)
			snprintf(text, sizeof(text), "line %u: %s", f->at.line, f->text);
		else
			snprintf(text, sizeof(text), "%s", f->text);
		json_array_append_new(list, control_text(text));
	}
	return list;
}

json_t *misfits_status(const struct parent *p)
{
	json_t *list = json_array();
	for (size_t i = 0; i < p->misfits.n; i++)
		json_array_append_new(list, json_string(p->misfits.v[i].what));
	return list;
}
