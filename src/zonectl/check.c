/* SPDX-License-Identifier: MIT
 * check: the errors of a model, its lints, and with --here the interfaces of this machine. All of
 * them are findings, which are printed as lines or as one JSON object. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/num.h"
#include "base/utc.h"
#include "host/misfits.h"
#include "lint/lint.h"
#include "recording/tap-filters.h"
#include "zonectl/ask.h"
#include "zonectl/zonectl.h"

enum { CHECK_SCHEMA = 1, UNUSED_DAYS = 30, UNUSED_DAYS_MAX = 3650 };

struct checking {
	const char *path;
	bool here, strict, json;
	uint64_t days; /* without a use */
	json_t *findings;
	size_t count[LINT_ERROR + 1]; /* by severity */
};

/* One finding, before it is told. */
struct told {
	enum lint_severity severity;
	const char *rule;
	struct where at; /* line 0: the file as a whole */
	unsigned column; /* 0: the line as a whole */
	const char *text, *todo;
};

static json_t *number_or_null(unsigned n)
{
	return n ? json_integer(n) : json_null();
}

/* Notes are for who asks for all. */
static void tell_finding(struct checking *k, const struct told *t)
{
	k->count[t->severity]++;
	if (k->json) {
		json_array_append_new(
			k->findings,
			json_pack("{s:s, s:s, s:s, s:o, s:o, s:s, s:s?}", "severity",
				  lint_severity_word(t->severity), "rule", t->rule, "file",
				  t->at.file, "line", number_or_null(t->at.line), "column",
				  number_or_null(t->column), "text", t->text, "todo", t->todo));
		return;
	}
	if (t->severity == LINT_NOTE && !k->strict)
		return;
	fputs(t->at.file, stderr);
	if (t->at.line)
		fprintf(stderr, ":%u", t->at.line);
	if (t->column)
		fprintf(stderr, ":%u", t->column);
	fprintf(stderr, ": %s: %s%s%s", lint_severity_word(t->severity), t->text,
		t->todo ? "; " : "", t->todo ? t->todo : "");
	if (k->strict)
		fprintf(stderr, " [%s]", t->rule);
	fputc('\n', stderr);
}

static void tell_errors(struct checking *k, struct errs *errs)
{
	errs_sort(errs);
	for (size_t i = 0; i < errs->n; i++) {
		const struct err *e = &errs->v[i];
		tell_finding(k, &(struct told){ LINT_ERROR,
						e->column ? "syntax" : "model",
						{ e->file, e->line },
						e->column,
						e->text,
						NULL });
	}
	if (errs->total > errs->n && !k->json)
		fprintf(stderr, "... and %zu more errors\n", errs->total - errs->n);
}

/* ---- what the running zoned knows ---- */

static int64_t seconds_at(const json_t *o, const char *key)
{
	uint64_t ns;
	return utc_parse(text_of(json_object_get(o, key)), &ns) ? (int64_t)(ns / 1000000000) : 0;
}

/* The caller frees uses->v, whose names are those of o. */
static void take_uses(const json_t *o, struct lint_uses *uses)
{
	const json_t *list = json_object_get(o, "uses");
	struct lint_use *v = calloc(json_array_size(list) + 1, sizeof(*v));
	for (size_t i = 0; v && i < json_array_size(list); i++) {
		const json_t *e = json_array_get(list, i);
		v[uses->n++] = (struct lint_use){ .conduit = text_of(json_object_get(e, "conduit")),
						  .since_s = seconds_at(e, "since"),
						  .last_s = seconds_at(e, "last") };
	}
	uses->v = v;
}

/* NULL: --here was not asked for, or nobody knows, which is a finding. */
static json_t *ask_uses(struct checking *k)
{
	struct answer a = { .document = NULL };
	if (!k->here)
		return NULL;
	if (zoned_listens() && ask_zoned("counters", NULL, &a) == EXIT_OK && a.code == ASK_DONE)
		return a.document;
	json_decref(a.document);
	tell_finding(k, &(struct told){ LINT_NOTE,
					"here",
					{ k->path, 0 },
					0,
					"no running zoned says what conduits are used for",
					NULL });
	return NULL;
}

static bool tell_lints(struct checking *k, const struct model *m)
{
	json_t *known = ask_uses(k);
	struct lint_uses uses = { .now_s = (int64_t)time(NULL), .days = (unsigned)k->days };
	if (known)
		take_uses(known, &uses);
	struct lint_findings *f = lint_model(m, known ? &uses : NULL, uses.now_s);
	for (size_t i = 0; f && i < f->n; i++) {
		const struct lint_finding *x = &f->v[i];
		tell_finding(k, &(struct told){ x->lint->severity, x->lint->id, x->at, 0, x->text,
						x->lint->todo });
	}
	if (!f)
		fputs("zonectl: out of memory\n", stderr);
	lint_free(f);
	free((void *)(size_t)uses.v);
	json_decref(known);
	return f != NULL;
}

/* ---- this machine ---- */

struct here {
	struct host_links links;
	struct host_settings settings;
	struct host_routes routes;
};

static int read_here(const struct model *m, struct here *l)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	int err = nl && mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) == 0 ? 0 : -errno;
	if (!err)
		err = host_links_read(nl, &l->links);
	if (!err)
		err = host_settings_read(&l->settings);
	l->settings.hears_ends = !m->daemon.fast_path;
	host_routes_plan(m, &l->routes);
	if (!err)
		err = host_routes_read(nl, &l->routes);
	if (nl)
		mnl_socket_close(nl);
	return err;
}

static int check_here(struct checking *k, const struct model *m)
{
	static struct misfits found;
	static struct here l;
	const struct host_facts facts = { &l.links, &l.settings, &l.routes };
	size_t errors = 0;
	char more[80];
	int err = read_here(m, &l);
	if (!err && !host_misfits(m, &facts, &found))
		err = -ENOMEM;
	host_links_free(&l.links);
	if (err) {
		fprintf(stderr, "zonectl: interfaces, settings and routes of this machine: %s\n",
			strerror(-err));
		return EXIT_FAIL;
	}
	for (size_t i = 0; i < found.n; i++) {
		const struct misfit *f = &found.v[i];
		bool error = misfit_is_error(f->kind);
		errors += error;
		tell_finding(k, &(struct told){ error ? LINT_ERROR : LINT_WARNING, "here",
						f->at.line ? f->at : (struct where){ k->path, 0 },
						0, f->text, NULL });
	}
	snprintf(more, sizeof(more), "%zu more of these", found.more);
	if (found.more)
		tell_finding(k,
			     &(struct told){ LINT_WARNING, "here", { k->path, 0 }, 0, more, NULL });
	if (!k->json)
		printf("%s: %s\n", k->path,
		       errors ? "this machine is not as it says" : "fits this machine");
	return errors ? EXIT_NOT_HERE : EXIT_OK;
}

/* ---- the verb ---- */

static int check_model_at(struct checking *k)
{
	struct errs errs;
	int rc = EXIT_MODEL;
	errs_init(&errs);
	struct model *m = load_with_errors(k->path, &errs, &rc);
	/* of taps no other verb needs the filters */
	if (m && !tap_filters_check(m, &errs)) {
		model_free(m);
		m = NULL;
		rc = EXIT_MODEL;
	}
	tell_errors(k, &errs);
	errs_free(&errs);
	if (!m)
		return rc;
	if (!k->json)
		printf("%s: good: %zu zones, %zu conduits, %zu policies\n", k->path, m->n_zones - 1,
		       m->n_conduits, m->n_policies);
	rc = tell_lints(k, m) ? EXIT_OK : EXIT_FAIL;
	if (rc == EXIT_OK && k->here)
		rc = check_here(k, m);
	model_free(m);
	if (rc == EXIT_OK && k->strict && k->count[LINT_WARNING] + k->count[LINT_ERROR])
		rc = EXIT_FOUND;
	return rc;
}

static int print_checked(const struct checking *k, int rc)
{
	json_t *o = json_pack("{s:i, s:s, s:b, s:I, s:I, s:I, s:O}", "schema", CHECK_SCHEMA,
			      "model", k->path, "good", rc != EXIT_MODEL, "errors",
			      (json_int_t)k->count[LINT_ERROR], "warnings",
			      (json_int_t)k->count[LINT_WARNING], "notes",
			      (json_int_t)k->count[LINT_NOTE], "findings", k->findings);
	json_dumpf(o, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	putchar('\n');
	json_decref(o);
	return fflush(stdout) == 0 ? rc : EXIT_FAIL;
}

int verb_check(int argc, char **argv)
{
	struct checking k = { .findings = json_array(), .days = UNUSED_DAYS };
	const char *days = NULL;
	const struct option_to to[] = { { .name = "--here", .flag = &k.here },
					{ .name = "--strict", .flag = &k.strict },
					{ .name = "--unused", .text = &days },
					{ .name = "--json", .flag = &k.json },
					{ .name = NULL } };
	int i = options_and_operands(argc, argv, to, 1), rc = EXIT_USAGE;
	bool wrong = days && !num_parse(days, 1, UNUSED_DAYS_MAX, &k.days);
	if (i > 0 && wrong)
		option_wrong("--unused", days, "1 to 3650 days");
	if (i > 0 && !wrong) {
		k.path = argv[i];
		rc = check_model_at(&k);
		if (k.json && rc != EXIT_NO_FILE && rc != EXIT_FAIL)
			rc = print_checked(&k, rc);
	}
	json_decref(k.findings);
	return rc;
}
