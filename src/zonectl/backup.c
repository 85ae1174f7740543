/* SPDX-License-Identifier: MIT
 * backup, verify, restore: all that a plant's zoned is, in one archive (backup/backup.h). */
#include "backup/backup.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/sb.h"
#include "base/utc.h"
#include "compile/policy_build.h"
#include "compile/reach.h"
#include "zonectl/ask.h"
#include "zonectl/zonectl.h"

enum { TIME_TEXT = 32, WHO_TEXT = 64 };
static const uint64_t second_ns = 1000000000u;

struct asked {
	const char *file, *reason;
	struct backup_paths paths;
	bool json, yes, finish;
};

static const char *text_about(const struct backup *b, const char *key)
{
	return text_of(json_object_get(b->about, key));
}

static size_t generations_of(const struct backup *b)
{
	size_t n = 0;
	for (size_t i = 0; i < b->n; i++)
		if (strcmp(b->v[i].name, "state/history.json") == 0) {
			json_t *o = json_loadb((const char *)b->v[i].data, b->v[i].n, 0, NULL);
			n = json_array_size(json_object_get(o, "generations"));
			json_decref(o);
		}
	return n;
}

/* ---- the answer ---- */

static json_t *errors_json(const struct errs *errs)
{
	json_t *list = json_array();
	for (size_t i = 0; i < errs->n; i++)
		json_array_append_new(list,
				      json_pack("{s:s,s:i,s:s}", "file", errs->v[i].file, "line",
						(int)errs->v[i].line, "text", errs->v[i].text));
	return list;
}

/* done: in words; targets may be NULL */
static int tell_backup(const struct asked *q, const struct backup *b, const char *done,
		       json_t *targets, struct errs *errs)
{
	char when[TIME_TEXT] = "";
	bool good = errs->total == 0;
	struct sb s = sb_init(when, sizeof(when));
	sb_put_time(&s, (uint64_t)json_integer_value(json_object_get(b->about, "time")) * second_ns,
		    3);
	if (q->json) {
		json_t *o = json_pack("{s:i,s:s,s:b,s:s,s:s,s:s,s:I,s:I,s:o,s:O}", "schema",
				      BACKUP_SCHEMA, "file", q->file ? q->file : "", "good", good,
				      "done", done, "model", text_about(b, "model"), "time", when,
				      "files", (json_int_t)b->n, "generations",
				      (json_int_t)generations_of(b), "errors", errors_json(errs),
				      "targets", targets ? targets : json_null());
		print_document(o);
		json_decref(o);
	} else {
		size_t i;
		const json_t *one;
		errs_print(errs, stderr);
		json_array_foreach (targets, i, one)
			puts(json_string_value(one));
		if (good)
			printf("%s: %s: model %.12s, %zu files, %zu generations, of %s\n", q->file,
			       done, text_about(b, "model"), b->n, generations_of(b), when);
	}
	return fflush(stdout) != 0 ? EXIT_FAIL : good ? EXIT_OK : EXIT_BROKEN;
}

/* ---- backup ---- */

static int take_backup(const struct asked *q, struct backup *b, struct errs *errs)
{
	if (!backup_take(b, &q->paths, errs)) {
		errs_print(errs, stderr);
		return errs->n && errs->v[0].line ? EXIT_MODEL : EXIT_FAIL;
	}
	int err = backup_write(b, q->file);
	if (!err)
		return tell_backup(q, b, "written", NULL, errs);
	fprintf(stderr, "zonectl: %s: %s\n", q->file, strerror(-err));
	return EXIT_FAIL;
}

/* ---- verify ---- */

/* As the model asks for, and the one that is configured here now. */
static bool is_signed(const struct asked *q, const struct model *m, struct errs *errs)
{
	struct errs ignored;
	errs_init(&ignored);
	struct model *here = model_load(q->paths.config, q->paths.rules, &ignored);
	bool good = signature_check(m, here, errs);
	model_free(here);
	errs_free(&ignored);
	return good;
}

/* The manifest, the models with their hashes, and that the configured one compiles. */
static bool verify_backup(const struct asked *q, struct backup *b, bool restore, struct errs *errs)
{
	int err = 0;
	if (!backup_read(b, q->file, errs))
		return false;
	struct model *m = backup_model(b, errs);
	struct reach *reach = m ? reach_new(m, errs) : NULL;
	struct pol_image *img = reach ? policy_build(m, 1, &err) : NULL;
	if (reach && !img)
		errs_add(errs, m->path, 0, "its policies do not compile: %s", strerror(-err));
	bool good = img && (!restore || is_signed(q, m, errs));
	free(img);
	reach_free(reach);
	model_free(m);
	return good;
}

/* ---- restore ---- */

static void add_target(void *ctx, const char *path)
{
	json_array_append_new(ctx, json_string(path));
}

static json_t *who_restores(const struct asked *q, const struct backup *b)
{
	char who[WHO_TEXT];
	const struct passwd *p = getpwuid(getuid());
	const char *login = getlogin();
	snprintf(who, sizeof(who), "%.20s (uid %u)",
		 login ? login
		 : p   ? p->pw_name
		       : "?",
		 (unsigned)getuid());
	return json_pack("{s:s,s:s,s:s,s:I}", "who", who, "why", q->reason ? q->reason : "",
			 "model", text_about(b, "model"), "time", (json_int_t)time(NULL));
}

static int finish_restore(const struct asked *q, struct errs *errs, bool *was)
{
	if (backup_finish(q->paths.state, was, errs) == 0)
		return EXIT_OK;
	errs_print(errs, stderr);
	fputs("zonectl: the restore is not finished; mend this, then: zonectl restore --finish\n",
	      stderr);
	return EXIT_FAIL;
}

static bool zoned_is_stopped(void)
{
	bool runs = zoned_runs();
	if (runs)
		fputs("zonectl: zoned runs, and would write over it; stop it first "
		      "(systemctl stop zoned)\n",
		      stderr);
	return !runs;
}

static int restore_staged(const struct asked *q, const struct backup *b, struct errs *errs)
{
	bool was;
	if (!zoned_is_stopped())
		return EXIT_FAIL;
	json_t *by = who_restores(q, b);
	if (!by) {
		fputs("zonectl: --reason is no text in UTF-8; nothing was restored\n", stderr);
		return EXIT_USAGE;
	}
	int rc = backup_is_unfinished(q->paths.state) ? finish_restore(q, errs, &was) : EXIT_OK;
	int err = rc == EXIT_OK ? backup_stage(b, &q->paths, by) : 0;
	json_decref(by);
	if (!err)
		return rc == EXIT_OK ? finish_restore(q, errs, &was) : rc;
	fprintf(stderr, "zonectl: %s: %s; nothing was restored\n", q->paths.state, strerror(-err));
	return EXIT_FAIL;
}

static int restore_backup(const struct asked *q, struct backup *b, struct errs *errs)
{
	json_t *targets = json_array();
	bool good = verify_backup(q, b, true, errs) &&
		    backup_targets(b, &q->paths, add_target, targets, errs);
	int rc = good && q->yes ? restore_staged(q, b, errs) : EXIT_OK;
	if (rc == EXIT_OK)
		rc = tell_backup(q, b,
				 q->yes ? "restored, for the next start of zoned"
					: "would be restored with --yes",
				 targets, errs);
	json_decref(targets);
	return rc;
}

static int finish_alone(const struct asked *q, struct errs *errs)
{
	bool was;
	if (backup_is_unfinished(q->paths.state) && !zoned_is_stopped())
		return EXIT_FAIL;
	int rc = finish_restore(q, errs, &was);
	if (rc == EXIT_OK)
		puts(was ? "the restore is finished" : "there is none to finish");
	return rc;
}

int verb_backup(int argc, char **argv)
{
	struct asked q = { .paths = { ZONED_CONF, ZONED_RULESDIR, ZONED_STATEDIR } };
	const struct option_to to[] = {
		{ .name = "--json", .flag = &q.json },
		{ .name = "--config", .text = &q.paths.config },
		{ .name = "--state", .text = &q.paths.state },
		{ .name = "--reason", .text = &q.reason },
		{ .name = "--yes", .flag = &q.yes },
		{ .name = "--finish", .flag = &q.finish },
		{ .name = NULL },
	};
	struct errs errs;
	int i = options_read(argc, argv, to, NULL), rc;
	if (i < 0)
		return EXIT_USAGE;
	if (argc - i != !q.finish)
		return verb_usage(argv[0]);
	if (getenv("ZONED_RULES"))
		q.paths.rules = getenv("ZONED_RULES");
	q.file = argv[i];
	errs_init(&errs);
	struct backup *b = backup_new();
	bool missing = q.file && strcmp(argv[0], "backup") != 0 && access(q.file, R_OK);
	if (missing)
		fprintf(stderr, "zonectl: %s: %s\n", q.file, strerror(errno));
	if (!b || missing)
		rc = EXIT_FAIL;
	else if (q.finish)
		rc = finish_alone(&q, &errs);
	else if (strcmp(argv[0], "backup") == 0)
		rc = take_backup(&q, b, &errs);
	else if (strcmp(argv[0], "restore") == 0)
		rc = restore_backup(&q, b, &errs);
	else
		rc = verify_backup(&q, b, false, &errs)
			     ? tell_backup(&q, b, "good", NULL, &errs)
			     : tell_backup(&q, b, "not good", NULL, &errs);
	backup_free(b);
	errs_free(&errs);
	return rc;
}
