/* SPDX-License-Identifier: MIT
 * What a backup has: taken, written, read and checked. */
#include "backup/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/write.h"
#include "config.h"

#define MANIFEST "MANIFEST"
#define ABOUT "backup.json"
#define MODELS "state/" BACKUP_MODELS "/"
#define HISTORY "state/history.json"

enum { TAKE_TRIES = 5, PATH_MOST = 4096 };

const char *const backup_state_files[BACKUP_STATE_FILES] = { "history.json", "orders.json",
							     "proposals.json" };

struct backup *backup_new(void)
{
	return calloc(1, sizeof(struct backup));
}

static void drop_files(struct backup *b)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->own[i])
			free((void *)b->v[i].data);
	b->n = 0;
}

void backup_free(struct backup *b)
{
	if (!b)
		return;
	drop_files(b);
	json_decref(b->about);
	free(b->archive);
	free(b);
}

/* data is the backup's from now on. */
static bool add_file(struct backup *b, const char *name, void *data, size_t n)
{
	if (!data || b->n == BACKUP_FILES || strlen(name) >= TAR_NAME) {
		free(data);
		return false;
	}
	struct tar_file *f = &b->v[b->n];
	snprintf(f->name, sizeof(f->name), "%s", name);
	f->data = data;
	f->n = n;
	b->own[b->n++] = true;
	return true;
}

static const struct tar_file *file_named(const struct backup *b, const char *name)
{
	for (size_t i = 0; i < b->n; i++)
		if (strcmp(b->v[i].name, name) == 0)
			return &b->v[i];
	return NULL;
}

static json_t *document_named(const struct backup *b, const char *name)
{
	const struct tar_file *f = file_named(b, name);
	return f ? json_loadb((const char *)f->data, f->n, JSON_REJECT_DUPLICATES, NULL) : NULL;
}

void *backup_read_file(int dir, const char *name, size_t *n)
{
	struct stat st;
	/* in a directory that is zoned's, no link leads the administrator elsewhere */
	int how = O_RDONLY | O_CLOEXEC | O_NONBLOCK | (dir == AT_FDCWD ? 0 : O_NOFOLLOW);
	int fd = openat(dir, name, how);
	bool found = fd >= 0 && fstat(fd, &st) == 0;
	uint8_t *p = NULL;
	*n = 0;
	if (found && !S_ISREG(st.st_mode))
		errno = EINVAL;
	else if (found && st.st_size >= BACKUP_MOST)
		errno = EFBIG;
	else if (found)
		p = malloc((size_t)st.st_size + 1);
	ssize_t got = 1;
	while (p && *n < (size_t)st.st_size && got > 0) {
		got = read(fd, p + *n, (size_t)st.st_size - *n);
		*n += got > 0 ? (size_t)got : 0;
	}
	if (p && got < 0) {
		free(p);
		p = NULL;
	}
	if (fd >= 0)
		close(fd);
	return p;
}

/* ---- take ---- */

static bool take_text(struct backup *b, json_t *list, const char *path, const char *text, size_t n)
{
	char name[TAR_NAME];
	snprintf(name, sizeof(name), "config/%zu", json_array_size(list));
	char *copy = malloc(n + 1);
	if (copy)
		memcpy(copy, text, n);
	json_array_append_new(list, json_pack("{s:s,s:s}", "path", path, "name", name));
	return add_file(b, name, copy, n);
}

static bool take_config(struct backup *b, const struct model *m)
{
	char path[PATH_MOST];
	json_t *list = json_array();
	bool good = true;
	for (size_t i = 0; good && i < m->n_files; i++)
		good = take_text(b, list, m->files[i].path, m->files[i].text, m->files[i].len);
	snprintf(path, sizeof(path), "%s.sig", m->path);
	if (good && m->signature)
		good = take_text(b, list, path, m->signature, strlen(m->signature));
	json_object_set_new(b->about, "config", list);
	return good;
}

static bool take_models(struct backup *b, int dir)
{
	int fd = openat(dir, BACKUP_MODELS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	bool good = true;
	for (const struct dirent *e = d ? readdir(d) : NULL; good && e; e = readdir(d)) {
		char name[TAR_NAME];
		size_t len = strlen(e->d_name), n;
		if (len != HISTORY_HASH + 4 || strcmp(e->d_name + HISTORY_HASH - 1, ".json") != 0)
			continue; /* one that is being written */
		snprintf(name, sizeof(name), MODELS "%.69s", e->d_name);
		void *data = backup_read_file(dirfd(d), e->d_name, &n);
		good = add_file(b, name, data, n) || errno == ENOENT;
	}
	if (d)
		closedir(d);
	return good;
}

/* All that is there at one time: zoned may write meanwhile, the list of generations last. */
static bool take_state(struct backup *b, const char *state, struct errs *errs)
{
	int dir = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool good = dir >= 0, same = false;
	int err = good ? 0 : errno;
	size_t before = b->n;
	for (int i = 0; good && !same && i < TAKE_TRIES; i++) {
		for (; b->n > before; b->n--)
			free((void *)b->v[b->n - 1].data);
		for (size_t k = 0; good && k < BACKUP_STATE_FILES; k++) {
			char name[TAR_NAME];
			size_t n;
			snprintf(name, sizeof(name), "state/%s", backup_state_files[k]);
			void *data = backup_read_file(dir, backup_state_files[k], &n);
			good = data ? add_file(b, name, data, n) : errno == ENOENT;
		}
		good = good && take_models(b, dir);
		err = good ? 0 : errno; /* before more is read */
		const struct tar_file *was = file_named(b, HISTORY);
		size_t n;
		void *now = backup_read_file(dir, backup_state_files[0], &n);
		same = was ? now && n == was->n && memcmp(now, was->data, n) == 0 : !now;
		free(now);
	}
	if (!good || !same)
		errs_add(errs, state, 0, "%s",
			 good ? "generations change all the time; try again" : strerror(err));
	if (dir >= 0)
		close(dir);
	return good && same;
}

bool backup_take(struct backup *b, const struct backup_paths *p, struct errs *errs)
{
	char hash[HISTORY_HASH];
	struct model *m = model_load(p->config, p->rules, errs);
	bool good = m && hash_model(m, hash);
	if (good)
		b->about = json_pack("{s:i,s:I,s:s,s:s,s:s,s:s}", "schema", BACKUP_SCHEMA, "time",
				     (json_int_t)time(NULL), "version", PACKAGE_VERSION, "path",
				     p->config, "rules", p->rules, "model", hash);
	good = good && b->about && take_config(b, m);
	if (m && !good)
		errs_add(errs, p->config, 0, "more files than a backup can have");
	model_free(m);
	good = good && take_state(b, p->state, errs);
	char *text = good ? json_dumps(b->about, JSON_INDENT(1) | JSON_PRESERVE_ORDER) : NULL;
	return good && add_file(b, ABOUT, text, strlen(text));
}

/* ---- write ---- */

static int put_manifest(const struct backup *b, int fd)
{
	size_t room = b->n * (HISTORY_HASH + 2 + TAR_NAME) + 1, n = 0;
	char *text = malloc(room), hash[HISTORY_HASH];
	if (!text)
		return -ENOMEM;
	for (size_t i = 0; i < b->n; i++) {
		hash_octets(b->v[i].data, b->v[i].n, hash);
		n += (size_t)snprintf(text + n, room - n, "%s  %s\n", hash, b->v[i].name);
	}
	const struct tar_file f = { MANIFEST, (const uint8_t *)text, n };
	int err = tar_put(fd, &f, time(NULL));
	free(text);
	return err;
}

int backup_write(const struct backup *b, const char *path)
{
	char part[PATH_MOST];
	if (snprintf(part, sizeof(part), "%s.part", path) >= (int)sizeof(part))
		return -ENAMETOOLONG;
	unlink(part); /* in a directory of everybody's it may be anybody's */
	int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	int err = fd < 0 ? -errno : put_manifest(b, fd);
	for (size_t i = 0; !err && i < b->n; i++)
		err = tar_put(fd, &b->v[i], time(NULL));
	if (!err)
		err = tar_end(fd);
	err = write_end(fd, err);
	if (!err && rename(part, path))
		err = -errno;
	if (err && fd >= 0)
		unlink(part);
	return err;
}

/* ---- read ---- */

/* The line of the manifest for this file, whose text follows; NULL: it has none. */
static bool is_as_listed(const struct tar_file *manifest, const struct tar_file *f)
{
	char line[HISTORY_HASH + 2 + TAR_NAME], hash[HISTORY_HASH];
	hash_octets(f->data, f->n, hash);
	int n = snprintf(line, sizeof(line), "%s  %s\n", hash, f->name);
	const uint8_t *p = manifest->data, *end = p + manifest->n;
	while (p < end) {
		const uint8_t *to = memchr(p, '\n', (size_t)(end - p));
		size_t len = to ? (size_t)(to - p) + 1 : (size_t)(end - p);
		if (len == (size_t)n && memcmp(p, line, len) == 0)
			return true;
		p += len;
	}
	return false;
}

static size_t lines_of(const struct tar_file *f)
{
	size_t n = 0;
	for (size_t i = 0; i < f->n; i++)
		n += f->data[i] == '\n';
	return n;
}

static bool compare_manifest(const struct backup *b, const char *path, struct errs *errs)
{
	size_t before = errs->total;
	if (!b->n || strcmp(b->v[0].name, MANIFEST) != 0) {
		errs_add(errs, path, 0, "it is no archive of zonectl backup");
		return false;
	}
	/* also so that lines without end do not take hours to compare */
	if (b->v[0].n > b->n * (HISTORY_HASH + 2 + TAR_NAME)) {
		errs_add(errs, path, 0, "the manifest has more than the names of its files");
		return false;
	}
	for (size_t i = 1; i < b->n; i++) {
		if (!is_as_listed(&b->v[0], &b->v[i]))
			errs_add(errs, path, 0, "%s is not as the manifest has it", b->v[i].name);
		if (file_named(b, b->v[i].name) != &b->v[i])
			errs_add(errs, path, 0, "%s is there twice", b->v[i].name);
	}
	if (lines_of(&b->v[0]) != b->n - 1)
		errs_add(errs, path, 0, "a file of the manifest is missing");
	return errs->total == before;
}

bool backup_read(struct backup *b, const char *path, struct errs *errs)
{
	size_t n, at = 0;
	const char *why = NULL;
	b->archive = backup_read_file(AT_FDCWD, path, &n);
	if (!b->archive) {
		errs_add(errs, path, 0, "%s", strerror(errno));
		return false;
	}
	while (b->n < BACKUP_FILES && tar_next(b->archive, n, &at, &b->v[b->n], &why))
		b->n++;
	if (why || b->n == BACKUP_FILES) {
		errs_add(errs, path, 0, "%s", why ? why : "too many files");
		return false;
	}
	if (!compare_manifest(b, path, errs))
		return false;
	b->about = document_named(b, ABOUT);
	if (json_integer_value(json_object_get(b->about, "schema")) == BACKUP_SCHEMA)
		return true;
	errs_add(errs, path, 0, "it is of another version of zonectl, or no backup");
	return false;
}

/* ---- check ---- */

static const char *about_text(const struct backup *b, const char *key)
{
	const char *s = json_string_value(json_object_get(b->about, key));
	return s ? s : "";
}

static bool is_signature_of(const char *path, const char *model)
{
	size_t n = strlen(model);
	return strncmp(path, model, n) == 0 && strcmp(path + n, ".sig") == 0;
}

/* A file that the model does not read is written by no restore: nobody has looked at it. */
static bool reads_all(const struct backup *b, const struct model *m, const struct model_file *v,
		      size_t n)
{
	bool all = m->n_files == n && strcmp(v[0].path, about_text(b, "path")) == 0;
	for (size_t i = 0; all && i < n; i++)
		all = strcmp(m->files[i].path, v[i].path) == 0;
	return all;
}

static struct model *load_config(const struct backup *b, struct errs *errs)
{
	const json_t *list = json_object_get(b->about, "config");
	size_t n = json_array_size(list), good = 0;
	struct model_file *v = calloc(n + 1, sizeof(*v));
	char **texts = calloc(n + 1, sizeof(*texts));
	for (size_t i = 0; v && texts && i < n; i++) {
		const json_t *o = json_array_get(list, i);
		const char *path = json_string_value(json_object_get(o, "path")),
			   *name = json_string_value(json_object_get(o, "name"));
		const struct tar_file *f = name ? file_named(b, name) : NULL;
		texts[i] = f ? calloc(f->n + 1, 1) : NULL;
		if (!path || !texts[i])
			break;
		memcpy(texts[i], f->data, f->n);
		v[good++] = (struct model_file){ path, texts[i], f->n };
	}
	struct model *m = NULL;
	bool is_signed = n > 1 && good == n && is_signature_of(v[n - 1].path, v[0].path);
	if (good && good == n)
		m = model_load_files(v, n - is_signed, about_text(b, "rules"), errs);
	else
		errs_add(errs, ABOUT, 0, "the configured file is missing");
	if (m && is_signed)
		model_set_signature(m, v[n - 1].text);
	if (m && !reads_all(b, m, v, n - is_signed))
		errs_add(errs, ABOUT, 0, "it lists files that the model does not include");
	for (size_t i = 0; texts && i < n; i++)
		free(texts[i]);
	free(texts);
	free(v);
	return m;
}

static void check_generation(const struct backup *b, const struct generation *g, struct errs *errs)
{
	char name[TAR_NAME], hash[HISTORY_HASH] = "";
	snprintf(name, sizeof(name), MODELS "%s.json", g->files);
	json_t *o = document_named(b, name);
	struct model *m = o ? files_unpack(o, errs) : NULL;
	json_decref(o);
	if (m)
		hash_files(m, hash);
	if (strcmp(hash, g->files) != 0)
		errs_add(errs, name, 0, "the model of generation %u is missing, or another",
			 g->number);
	model_free(m);
}

static void check_state(const struct backup *b, struct errs *errs)
{
	struct history *h = calloc(1, sizeof(*h));
	json_t *o = document_named(b, HISTORY);
	if (h && file_named(b, HISTORY) && !history_unpack(h, o))
		errs_add(errs, HISTORY, 0, "it is no history of generations");
	else
		for (size_t i = 0; h && i < h->n; i++)
			check_generation(b, &h->v[i], errs);
	json_decref(o);
	free(h);
	for (size_t i = 1; i < BACKUP_STATE_FILES; i++) {
		char name[TAR_NAME];
		snprintf(name, sizeof(name), "state/%s", backup_state_files[i]);
		o = document_named(b, name);
		if (file_named(b, name) && !json_is_integer(json_object_get(o, "schema")))
			errs_add(errs, name, 0, "it cannot be read");
		json_decref(o);
	}
}

struct model *backup_model(const struct backup *b, struct errs *errs)
{
	char hash[HISTORY_HASH] = "";
	size_t before = errs->total;
	struct model *m = load_config(b, errs);
	if (m && (!hash_model(m, hash) || strcmp(hash, about_text(b, "model")) != 0))
		errs_add(errs, about_text(b, "path"), 0,
			 "the model is not the one that was backed up: another release reads it "
			 "otherwise");
	check_state(b, errs);
	if (errs->total == before)
		return m;
	model_free(m);
	return NULL;
}
