/* SPDX-License-Identifier: MIT
 * The list "outputs" of the group "daemon": where records go. */
#include <string.h>

#include "model/internal.h"

enum {
	ENTERPRISE = 32473, /* for documentation (RFC 5612) */
	STORE_MB = 256,
	STORE_MB_MAX = 1 << 20,
	STORE_DAYS = 365,
	STORE_DAYS_MAX = 36500,
};

const struct word words_output[] = {
	{ "syslog", 0 }, { "rfc5424", 1 }, { "json", 2 }, { "journald", 3 },
	{ "cef", 4 },	 { "store", 5 },   { NULL, 0 },
};

/* What each type has besides its type; a default that is NULL must be written. */
static const struct output_type_keys {
	const char *const *keys;
	const char *socket, *file;
	bool says; /* takes what zoned says of itself, too */
		   /* clang-format off */
} types[] = {
	{ (const char *const[]){ "socket", "facility", NULL }, "/dev/log", NULL, true },
	{ (const char *const[]){ "socket", "facility", "enterprise", NULL }, "/dev/log", NULL, true },
	{ (const char *const[]){ "file", NULL }, NULL, NULL, false },
	{ (const char *const[]){ "socket", "facility", NULL }, "/run/systemd/journal/socket", NULL, true },
	{ (const char *const[]){ "socket", "file", "facility", NULL }, "/dev/log", NULL, true },
	{ (const char *const[]){ "file", "size", "age", NULL }, NULL, "/var/lib/zoned/records.db", true },
};
/* clang-format on */

static bool output_takes(const struct output_type_keys *t, const char *key)
{
	for (const char *const *k = t->keys; *k; k++)
		if (strcmp(*k, key) == 0)
			return true;
	return false;
}

static const char *const output_keys[] = { "type",	 "socket", "file", "facility",
					   "enterprise", "size",   "age" };
enum { OUTPUT_KEYS = sizeof(output_keys) / sizeof(output_keys[0]) };

/* Keys that are known, and not of this type. */
static void check_output_keys(struct load *l, const config_setting_t *g, const struct log_output *o,
			      const struct output_type_keys *t)
{
	for (size_t i = 1; i < OUTPUT_KEYS; i++) {
		const config_setting_t *s = config_setting_get_member(g, output_keys[i]);
		if (s && !output_takes(t, output_keys[i]))
			complain(l, at_of(l, s), "an output of type \"%s\" has no %s; remove it",
				 o->type, output_keys[i]);
	}
}

static const char *get_output_path(struct load *l, const config_setting_t *g, const char *key)
{
	const char *path = get_text(l, g, key);
	if (path && path[0] != '/') {
		complain(l, at_of(l, config_setting_get_member(g, key)),
			 "%s must be a full path, such as \"%s\"", key,
			 strcmp(key, "file") == 0 ? "/var/log/zoned/events.json" : "/dev/log");
		return NULL;
	}
	return path;
}

static void load_output_paths(struct load *l, const config_setting_t *g, struct log_output *o,
			      const struct output_type_keys *t)
{
	o->socket = get_output_path(l, g, "socket");
	o->file = get_output_path(l, g, "file");
	if (o->socket && o->file)
		complain(l, o->at, "an output has a socket or a file; remove one of them");
	if (!o->file)
		o->file = t->file;
	if (!o->socket && !o->file)
		o->socket = t->socket;
	if (!o->socket && !o->file && !config_setting_get_member(g, "file"))
		complain(l, o->at,
			 "an output of type \"%s\" needs a file; write file = "
			 "\"/var/log/zoned/events.json\";",
			 o->type);
}

static void load_output(struct load *l, const config_setting_t *g)
{
	struct daemon_conf *d = &l->m->daemon;
	struct log_output o = { .at = at_of(l, g) };
	uint64_t v;
	known_keys(l, g, "an output", output_keys, OUTPUT_KEYS);
	int type = get_word(l, g, "type", words_output, -1);
	if (!config_setting_get_member(g, "type"))
		complain(l, o.at,
			 "an output without type; write type = \"syslog\"; (or rfc5424, json, "
			 "journald, cef, store)");
	if (type < 0)
		return;
	const struct output_type_keys *t = &types[type];
	o.type = word_name(words_output, type);
	o.says = t->says;
	check_output_keys(l, g, &o, t);
	load_output_paths(l, g, &o, t);
	int facility = get_word(l, g, "facility", words_facility, -1);
	if (output_takes(t, "facility"))
		o.facility =
			facility < 0 ? d->syslog_facility : word_name(words_facility, facility);
	if (output_takes(t, "enterprise"))
		o.enterprise = ENTERPRISE;
	if (get_number(l, g, "enterprise", 1, UINT32_MAX, &v))
		o.enterprise = (uint32_t)v;
	if (output_takes(t, "size"))
		o.size = STORE_MB;
	if (get_number(l, g, "size", 1, STORE_MB_MAX, &v))
		o.size = (uint32_t)v;
	if (output_takes(t, "age"))
		o.age = STORE_DAYS;
	if (get_number(l, g, "age", 1, STORE_DAYS_MAX, &v))
		o.age = (uint32_t)v;
	d->outputs[d->n_outputs++] = o;
}

/* Two that write one file would write into each other's lines; one socket twice is one too many. */
static void check_outputs_differ(struct load *l)
{
	const struct daemon_conf *d = &l->m->daemon;
	for (size_t i = 0; i < d->n_outputs; i++) {
		const struct log_output *a = &d->outputs[i];
		if (a->file && d->json_log && strcmp(a->file, d->json_log) == 0)
			complain(l, a->at, "\"%s\" is the json_log, too; remove one of them",
				 a->file);
		for (size_t k = 0; k < i; k++) {
			const struct log_output *b = &d->outputs[k];
			bool file = a->file && b->file && strcmp(a->file, b->file) == 0;
			bool socket = a->socket && b->socket && strcmp(a->type, b->type) == 0 &&
				      strcmp(a->socket, b->socket) == 0;
			if (file || socket)
				complain(l, a->at,
					 "\"%s\" is an output already; the first is at %s:%u",
					 file ? a->file : a->socket, b->at.file, b->at.line);
		}
	}
}

void load_outputs(struct load *l, const config_setting_t *daemon)
{
	struct daemon_conf *d = &l->m->daemon;
	const config_setting_t *s = list_of_groups(l, daemon, "outputs");
	bool says = false;
	if (!s)
		return;
	if (items(s) == 0)
		complain(l, at_of(l, s),
			 "no outputs; write outputs = ( { type = \"syslog\"; } ); or remove it");
	if (items(s) > MODEL_OUTPUTS_MAX)
		complain(l, at_of(l, item(s, MODEL_OUTPUTS_MAX)), "more than %d outputs",
			 MODEL_OUTPUTS_MAX);
	for (size_t i = 0; i < items(s) && i < MODEL_OUTPUTS_MAX; i++)
		load_output(l, item(s, i));
	for (size_t i = 0; i < d->n_outputs; i++)
		says |= d->outputs[i].says;
	if (!says && d->n_outputs)
		complain(l, at_of(l, s),
			 "no output takes what zoned says of itself, such as errors; add { type = "
			 "\"syslog\"; }");
	check_outputs_differ(l);
}

void print_outputs(FILE *f, const struct daemon_conf *d)
{
	if (d->n_outputs == 0)
		return;
	fputs("  outputs = (\n", f);
	for (size_t i = 0; i < d->n_outputs; i++) {
		const struct log_output *o = &d->outputs[i];
		fputs("    {\n", f);
		print_key(f, "      ", "type", o->type);
		print_key(f, "      ", "socket", o->socket);
		print_key(f, "      ", "file", o->file);
		print_key(f, "      ", "facility", o->facility);
		if (o->enterprise)
			fprintf(f, "      enterprise = %u;\n", o->enterprise);
		if (o->size)
			fprintf(f, "      size = %u;\n      age = %u;\n", o->size, o->age);
		fputs(i + 1 < d->n_outputs ? "    },\n" : "    }\n", f);
	}
	fputs("  );\n", f);
}
