/* SPDX-License-Identifier: MIT
 * The list of generations, and its file. */
#include "history/history.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/write.h"

#define LIST "history.json"
#define UNREADABLE "history.json.unreadable"
#define MODELS "models"

enum {
	SCHEMA = 1,
	MODEL_NAME = HISTORY_HASH + 8,
	LIST_MAX = 1 << 20,   /* octets of the list, */
	FILE_MAX = 256 << 20, /* and of a model */
};

/* ---- files ---- */

int keep_file(int dir, const char *name, const json_t *o)
{
	char part[MODEL_NAME + 8];
	char *text = json_dumps(o, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
	snprintf(part, sizeof(part), "%s.part", name);
	if (!text)
		return -ENOMEM;
	int fd = openat(dir, part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	int err = fd < 0 ? -errno : write_whole(fd, text, strlen(text));
	err = write_end(fd, err);
	if (!err && renameat(dir, part, dir, name))
		err = -errno;
	if (!err && fsync(dir))
		err = -errno;
	if (err && fd >= 0)
		unlinkat(dir, part, 0);
	free(text);
	return err;
}

json_t *read_document(int dir, const char *name, off_t most)
{
	struct stat st;
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return NULL;
	json_t *o = NULL;
	errno = EBADMSG;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= most) {
		o = json_loadfd(fd, JSON_REJECT_DUPLICATES, NULL);
		errno = EBADMSG;
	}
	close(fd);
	return o;
}

bool document_text(const json_t *o, const char *key, char *to, size_t size)
{
	const char *s = json_string_value(json_object_get(o, key));
	if (!s || strlen(s) >= size)
		return false;
	memcpy(to, s, strlen(s) + 1);
	return true;
}

int read_kept(int dir, const struct kept_file *f, void *ctx, bool *unreadable)
{
	*unreadable = false;
	json_t *doc = read_document(dir, f->name, f->most);
	if (!doc && errno != EBADMSG)
		return errno == ENOENT ? 0 : -errno;
	*unreadable = !doc || !f->take(ctx, doc);
	json_decref(doc);
	return *unreadable && renameat(dir, f->name, dir, f->aside) ? -errno : 0;
}

/* ---- the list as JSON ---- */

struct text_field {
	const char *name;
	size_t at, size;
	bool hash;
};

#define FIELD(name, hash) \
	{ \
#name, offsetof(struct generation, name), \
			sizeof(((struct generation *)NULL)->name), hash \
	}
static const struct text_field fields[] = {
	FIELD(origin, false), FIELD(who, false),  FIELD(why, false),
	FIELD(model, true),   FIELD(files, true), FIELD(configured, true),
};
enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

static bool is_hash(const char *s)
{
	size_t n = strspn(s, "0123456789abcdef");
	return s[n] == '\0' && (n == HISTORY_HASH - 1 || n == 0);
}

static bool take_text(const json_t *o, const struct text_field *f, void *to)
{
	return document_text(o, f->name, to, f->size) && (!f->hash || is_hash(to));
}

static bool take_number(const json_t *o, const char *name, uint32_t *to)
{
	json_int_t v = json_integer_value(json_object_get(o, name));
	*to = (uint32_t)v;
	return v > 0 && v <= HISTORY_NUMBER;
}

static bool unpack_generation(const json_t *o, struct generation *g)
{
	bool ok = take_number(o, "number", &g->number);
	for (size_t i = 0; i < FIELDS; i++)
		ok = ok && take_text(o, &fields[i], (char *)g + fields[i].at);
	g->time_s = json_integer_value(json_object_get(o, "time"));
	return ok && *g->files && *g->model;
}

bool history_unpack(struct history *h, const json_t *o)
{
	const struct text_field refused = { "refused", 0, HISTORY_HASH, true };
	const json_t *list = json_object_get(o, "generations");
	const json_t *confirm = json_object_get(o, "confirm");
	h->n = json_array_size(list);
	bool ok = json_integer_value(json_object_get(o, "schema")) == SCHEMA &&
		  h->n <= HISTORY_KEPT && json_is_array(list) && take_text(o, &refused, h->refused);
	for (size_t i = 0; ok && i < h->n; i++)
		ok = unpack_generation(json_array_get(list, i), &h->v[i]) &&
		     (i == 0 || h->v[i].number > h->v[i - 1].number);
	if (!ok || !json_is_object(confirm))
		return ok && json_is_null(confirm);
	h->confirm.by_s = json_integer_value(json_object_get(confirm, "by"));
	return take_number(confirm, "number", &h->confirm.number) &&
	       take_number(confirm, "back", &h->confirm.back);
}

static json_t *pack_generation(const struct generation *g)
{
	json_t *o = json_pack("{s:I,s:I}", "number", (json_int_t)g->number, "time",
			      (json_int_t)g->time_s);
	bool all = o != NULL;
	for (size_t i = 0; all && i < FIELDS; i++) /* a text that is no UTF-8 is refused, too */
		all = !json_object_set_new(o, fields[i].name,
					   json_string((const char *)g + fields[i].at));
	if (!all)
		json_decref(o);
	return all ? o : NULL;
}

static json_t *pack_list(const struct history *h)
{
	json_t *list = json_array();
	json_t *confirm = h->confirm.number ? json_pack("{s:I,s:I,s:I}", "number",
							(json_int_t)h->confirm.number, "back",
							(json_int_t)h->confirm.back, "by",
							(json_int_t)h->confirm.by_s)
					    : json_null();
	bool all = true;
	for (size_t i = 0; all && i < h->n; i++)
		all = !json_array_append_new(list, pack_generation(&h->v[i]));
	if (!all) {
		json_decref(list);
		json_decref(confirm);
		return NULL;
	}
	return json_pack("{s:i,s:s,s:o,s:o}", "schema", SCHEMA, "refused", h->refused, "confirm",
			 confirm, "generations", list);
}

static int keep_list(const struct history *h)
{
	json_t *o = pack_list(h);
	int err = o ? keep_file(h->dir, LIST, o) : -EILSEQ;
	json_decref(o);
	return err;
}

/* ---- models ---- */

static void model_file_name(const char *files, char out[MODEL_NAME])
{
	snprintf(out, MODEL_NAME, "%s.json", files);
}

static int open_models(const struct history *h)
{
	if (mkdirat(h->dir, MODELS, 0750) && errno != EEXIST)
		return -errno;
	int fd = openat(h->dir, MODELS, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

/* One that is there already is written again only if it is not as it was. */
static int keep_model(const struct history *h, const char *files, const struct model *m)
{
	char name[MODEL_NAME];
	int dir = open_models(h);
	if (dir < 0)
		return dir;
	model_file_name(files, name);
	json_t *o = files_pack(m), *there = read_document(dir, name, FILE_MAX);
	int err = !o ? -ENOMEM : json_equal(o, there) ? 0 : keep_file(dir, name, o);
	json_decref(o);
	json_decref(there);
	close(dir);
	return err;
}

static bool is_in_list(const struct history *h, const char *name)
{
	char listed[MODEL_NAME];
	for (size_t i = 0; i < h->n; i++) {
		model_file_name(h->v[i].files, listed);
		if (strcmp(listed, name) == 0)
			return true;
	}
	return false;
}

/* What the list no longer names. A file that stays only takes room. */
static void remove_others(const struct history *h)
{
	int fd = open_models(h);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	for (const struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d))
		if (e->d_name[0] != '.' && !is_in_list(h, e->d_name))
			unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
	else if (fd >= 0)
		close(fd);
}

struct model *history_model(const struct history *h, const struct generation *g, struct errs *errs)
{
	char name[MODEL_NAME], hash[HISTORY_HASH] = "";
	int dir = open_models(h);
	model_file_name(g->files, name);
	errno = dir < 0 ? -dir : 0;
	json_t *o = dir < 0 ? NULL : read_document(dir, name, FILE_MAX);
	int err = errno;
	if (dir >= 0)
		close(dir);
	if (!o) {
		errs_add(errs, h->path, 0, "the model of generation %u (%s/%s): %s", g->number,
			 MODELS, name, strerror(err));
		return NULL;
	}
	struct model *m = files_unpack(o, errs);
	json_decref(o);
	if (m)
		hash_files(m, hash);
	if (m && strcmp(hash, g->files) != 0) {
		errs_add(errs, h->path, 0,
			 "the model of generation %u (%s/%s) was changed by somebody else",
			 g->number, MODELS, name);
		model_free(m);
		m = NULL;
	}
	return m;
}

/* ---- open, add ---- */

int history_open(struct history *h, const char *path, bool *unreadable)
{
	*h = (struct history){ .path = strdup(path) };
	*unreadable = false;
	h->dir = h->path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (h->dir < 0) {
		int err = h->path ? -errno : -ENOMEM;
		free(h->path);
		h->path = NULL;
		return err;
	}
	json_t *o = read_document(h->dir, LIST, LIST_MAX);
	int err = o || errno == ENOENT || errno == EBADMSG ? 0 : -errno;
	*unreadable = !err && (o ? !history_unpack(h, o) : errno == EBADMSG);
	json_decref(o);
	if (*unreadable) {
		h->n = 0;
		memset(&h->confirm, 0, sizeof(h->confirm));
		h->refused[0] = '\0';
		if (renameat(h->dir, LIST, h->dir, UNREADABLE))
			err = -errno;
	}
	if (err)
		history_close(h);
	return err;
}

void history_close(struct history *h)
{
	if (h->path)
		close(h->dir);
	free(h->path);
	h->path = NULL;
}

int history_add(struct history *h, struct generation *g, const struct model *m)
{
	hash_files(m, g->files);
	if (!hash_model(m, g->model))
		return -ENOMEM;
	struct history before = *h;
	if (h->n == HISTORY_KEPT) { /* the oldest one goes, but not the way back */
		size_t gone = h->confirm.number && h->v[0].number == h->confirm.back;
		memmove(&h->v[gone], &h->v[gone + 1], (--h->n - gone) * sizeof(h->v[0]));
	}
	h->v[h->n++] = *g;
	h->refused[0] = '\0';
	if (h->confirm.number != g->number)
		memset(&h->confirm, 0, sizeof(h->confirm));
	int err = keep_model(h, g->files, m);
	if (!err)
		err = keep_list(h);
	if (err)
		*h = before;
	else
		remove_others(h);
	return err;
}

int history_confirm(struct history *h, uint32_t number, uint32_t back, int64_t by_s)
{
	struct history before = *h;
	h->confirm.number = number;
	h->confirm.back = back;
	h->confirm.by_s = by_s;
	int err = keep_list(h);
	if (err)
		*h = before;
	return err;
}

int history_refused(struct history *h, const char *files)
{
	struct history before = *h;
	if (strcmp(h->refused, files) == 0)
		return 0;
	snprintf(h->refused, sizeof(h->refused), "%s", files);
	int err = keep_list(h);
	if (err)
		*h = before;
	return err;
}

const struct generation *history_find(const struct history *h, uint32_t number)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->v[i].number == number)
			return &h->v[i];
	return NULL;
}

const struct generation *history_last(const struct history *h)
{
	return h->n ? &h->v[h->n - 1] : NULL;
}
