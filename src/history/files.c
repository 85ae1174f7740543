/* SPDX-License-Identifier: MIT
 * The files of a model: their hash, and one JSON document with all of them. */
#include "history/history.h"

#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"

enum { FILES_MAX = 4096 }; /* of one model */

static void put_digest(struct sha256_ctx *c, char out[HISTORY_HASH])
{
	uint8_t sum[SHA256_DIGEST_SIZE];
	sha256_digest(c, sizeof(sum), sum);
	hex_text(sum, sizeof(sum), out);
}

/* With its length in front: no two lists of strings are one string. */
static void hash_string(struct sha256_ctx *c, const char *p, size_t n)
{
	uint8_t len[8];
	for (unsigned i = 0; i < sizeof(len); i++)
		len[i] = (uint8_t)((uint64_t)n >> (8 * i));
	sha256_update(c, sizeof(len), len);
	sha256_update(c, n, (const uint8_t *)p);
}

static bool is_of_rules(const struct model *m, const char *path)
{
	size_t n = strlen(m->rules_dir);
	return n && strncmp(path, m->rules_dir, n) == 0 && path[n] == '/';
}

static void hash_all(const struct model *m, bool rules, char out[HISTORY_HASH])
{
	struct sha256_ctx c;
	sha256_init(&c);
	hash_string(&c, m->rules_dir, strlen(m->rules_dir));
	for (size_t i = 0; i < m->n_files; i++) {
		if (!rules && is_of_rules(m, m->files[i].path))
			continue;
		hash_string(&c, m->files[i].path, strlen(m->files[i].path));
		hash_string(&c, m->files[i].text, m->files[i].len);
	}
	put_digest(&c, out);
}

void hash_files(const struct model *m, char out[HISTORY_HASH])
{
	hash_all(m, true, out);
}

void hash_own_files(const struct model *m, char out[HISTORY_HASH])
{
	hash_all(m, false, out);
}

void hash_octets(const void *p, size_t n, char out[HISTORY_HASH])
{
	struct sha256_ctx c;
	sha256_init(&c);
	sha256_update(&c, n, p);
	put_digest(&c, out);
}

bool hash_model(const struct model *m, char out[HISTORY_HASH])
{
	size_t n;
	char *text = model_text(m, &n);
	if (!text)
		return false;
	hash_octets(text, n, out);
	free(text);
	return true;
}

json_t *files_pack(const struct model *m)
{
	json_t *list = json_array();
	for (size_t i = 0; list && i < m->n_files; i++) {
		const struct model_file *f = &m->files[i];
		json_t *o = json_pack("{s:s,s:s%}", "path", f->path, "text", f->text, f->len);
		if (!o || json_array_append_new(list, o)) {
			json_decref(list);
			list = NULL;
		}
	}
	json_t *o = list ? json_pack("{s:s,s:o}", "rules", m->rules_dir, "files", list) : NULL;
	if (o && m->signature && json_object_set_new(o, "signature", json_string(m->signature))) {
		json_decref(o); /* what is no text is no signature */
		return NULL;
	}
	return o;
}

/* It stands in logs: without control characters, so that no path is a line of its own. */
static bool is_path(const char *s)
{
	const char *p = s;
	while ((unsigned char)*p >= 0x20 && *p != 0x7f)
		p++;
	return *s && !*p;
}

/* False: it is none. */
static bool unpack_file(const json_t *o, struct model_file *f)
{
	const json_t *text = json_object_get(o, "text");
	f->path = json_string_value(json_object_get(o, "path"));
	f->text = json_string_value(text);
	f->len = json_string_length(text);
	return f->path && is_path(f->path) && f->text;
}

struct model *files_unpack(const json_t *o, struct errs *errs)
{
	const json_t *list = json_object_get(o, "files");
	const char *rules = json_string_value(json_object_get(o, "rules"));
	size_t n = json_array_size(list);
	bool good = rules && (!*rules || is_path(rules)) && n > 0 && n <= FILES_MAX;
	struct model_file *v = good ? calloc(n, sizeof(*v)) : NULL;
	for (size_t i = 0; v && i < n; i++)
		good = good && unpack_file(json_array_get(list, i), &v[i]);
	struct model *m = NULL;
	if (!good)
		errs_add(errs, "(files)", 0,
			 "these are not the files of a model; zonectl apply sends them");
	else if (!v)
		errs_add(errs, "(files)", 0, "out of memory");
	else
		m = model_load_files(v, n, rules, errs);
	if (m)
		model_set_signature(m, json_string_value(json_object_get(o, "signature")));
	free(v);
	return m;
}
