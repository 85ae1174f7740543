/* SPDX-License-Identifier: MIT
 * replay: the inline engine over captures; one line, or one JSON object, per message. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compile/policy_build.h"
#include "proto/list.h"
#include "zonectl/replay-parts.h"
#include "zonectl/zonectl.h"

/* What a conduit does not log is refused all the same, and here it is what is asked for. */
static void log_all_refusals(struct model *m)
{
	for (size_t i = 0; i < m->n_conduits; i++)
		if (m->conduits[i].log == LOG_NONE)
			m->conduits[i].log = LOG_VIOLATIONS;
}

static int load_image(struct replay *r)
{
	int err, rc;
	if (!r->o.model)
		return EXIT_OK;
	r->m = load_or_say(r->o.model, &rc);
	if (!r->m)
		return rc;
	if (model_gates_open(r->m))
		fputs("zonectl: conduits with open, times or expires are judged as open all the "
		      "time\n",
		      stderr);
	r->rules = uninspected_new(r->m);
	if (!r->rules)
		return EXIT_MODEL;
	log_all_refusals(r->m);
	r->img = policy_build(r->m, 1, &err);
	if (r->img)
		return EXIT_OK;
	fprintf(stderr, "zonectl: %s: %s\n", r->o.model, strerror(-err));
	return EXIT_FAIL;
}

static void know_ports(struct replay *r)
{
	for (uint8_t p = PROTO_NONE + 1; !r->o.speaks && p < PROTO_N; p++)
		r->speaks[proto_port(p)] = p;
	if (r->o.speaks)
		memcpy(r->speaks, r->o.speaks, sizeof(r->speaks));
}

/* What is refused is known; what was not read may be anything. So the first is the status of both.
 */
static int status_of(const struct summary *s)
{
	const struct counts *c = s->counts;
	bool loss = s->reading->unreadable || c->unfollowed;
	for (unsigned i = 0; i < LEFT_N; i++)
		loss |= c->left[i].packets && count_left_is_loss((enum count_left)i);
	for (unsigned i = 0; i < CAPTURE_UNREAD_N; i++)
		loss |= s->reading->unread[i].packets &&
			capture_unread_is_loss((enum capture_unread)i);
	if (s->r->img && (c->refused_messages || c->refused_packets))
		return EXIT_REFUSED;
	return loss ? EXIT_NOT_READ : EXIT_OK;
}

static int say_failure(const struct output *out)
{
	fprintf(stderr, "zonectl: %s\n",
		out->err ? strerror(out->err) : "out of memory, or a record is too long");
	return EXIT_FAIL;
}

/* May a packet be long in coming? Then its records do not wait for others. */
static bool is_live(const char *path)
{
	struct stat st;
	int got = strcmp(path, "-") == 0 ? fstat(STDIN_FILENO, &st) : stat(path, &st);
	return got == 0 && !S_ISREG(st.st_mode);
}

static int run_replay(struct replay *r)
{
	struct output out;
	struct reading g = { .r = r };
	struct summary s = { .r = r, .reading = &g, .counts = &g.counts };
	output_init(&out, STDOUT_FILENO);
	for (int i = 0; i < r->o.n_captures; i++)
		out.at_once |= is_live(r->o.captures[i]);
	groups_init(&g.groups, r);
	g.w = workers_new(r, &out, out.at_once ? 1 : r->o.jobs);
	g.refusals = refusals_new(reading_refused, &g);
	bool good = g.w && g.refusals;
	for (int i = 0; good && i < r->o.n_captures; i++) {
		r->file = r->o.n_captures > 1 ? r->o.captures[i] : NULL;
		good = reading_file(&g, r->o.captures[i]);
	}
	refusals_free(g.refusals);
	workers_free(g.w, &g.counts);
	if (g.bad_filter) {
		s.status = EXIT_USAGE;
	} else if (!good || g.counts.no_memory) {
		s.status = say_failure(&out);
	} else {
		s.status = status_of(&s);
		if (!r->o.quiet)
			summary_print(&s, stderr);
		if (r->o.summary && !summary_write(&s, r->o.summary))
			s.status = EXIT_FAIL;
	}
	counts_free(&g.counts);
	return s.status;
}

int verb_replay(int argc, char **argv)
{
	struct replay *r = calloc(1, sizeof(*r));
	int rc = EXIT_FAIL;
	if (!r)
		return rc;
	signal(SIGPIPE, SIG_IGN); /* a pipe that nobody reads is a write that fails */
	rc = replay_options_read(&r->o, argc, argv);
	if (rc == EXIT_OK)
		rc = load_image(r);
	if (rc == EXIT_OK) {
		know_ports(r);
		rc = run_replay(r);
	}
	uninspected_free(r->rules);
	model_free(r->m);
	free(r->img);
	free(r->o.speaks);
	free(r);
	return rc;
}
