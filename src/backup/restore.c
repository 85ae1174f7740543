/* SPDX-License-Identifier: MIT
 * A restore: beside what is there, then counted by one rename, then finished by whoever comes. */
#include "backup/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/write.h"

#define PLAN "plan.json"
#define PART BACKUP_UNFINISHED ".part"
#define STATE "state/"

enum { PATH_MOST = 4096, PLAN_MOST = 8 << 20, NAME_MOST = 32 };

/* ---- where it goes ---- */

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);
	return n && strncmp(path, dir, n) == 0 && path[n] == '/';
}

/* "" for a rules file, which a release of zoned brings: it stays as it is. NULL: it may not be
 * written. */
static const char *config_target(const struct backup *b, const struct backup_paths *p, size_t i,
				 char out[PATH_MOST])
{
	const json_t *list = json_object_get(b->about, "config");
	const char *path = json_string_value(json_object_get(json_array_get(list, i), "path")),
		   *main = json_string_value(json_object_get(b->about, "path")),
		   *rules = json_string_value(json_object_get(b->about, "rules"));
	if (!path || !main || !rules)
		return NULL;
	if (is_below(path, rules))
		return "";
	/* what was beside the configured file goes beside the configured file */
	const char *slash = strrchr(main, '/'), *to = strrchr(p->config, '/');
	size_t from = slash ? (size_t)(slash - main) : 0;
	char dir[PATH_MOST];
	snprintf(dir, sizeof(dir), "%.*s", (int)from, main);
	if (strcmp(path, main) != 0 && (!is_below(path, dir) || strstr(path + from, "..")))
		return NULL;
	size_t len = strlen(main);
	bool of_main =
		strncmp(path, main, len) == 0 && (!path[len] || strcmp(path + len, ".sig") == 0);
	int n = of_main ? snprintf(out, PATH_MOST, "%s%s", p->config, path + len)
			: snprintf(out, PATH_MOST, "%.*s%s", (int)(to ? to - p->config : 0),
				   p->config, path + from);
	return n < PATH_MOST ? out : NULL;
}

/* state/NAME or state/models/HASH.json: the part behind "state/". NULL: it is none of these. */
static const char *state_target(const char *name)
{
	if (strncmp(name, STATE, strlen(STATE)) != 0)
		return NULL;
	const char *of = name + strlen(STATE);
	for (size_t i = 0; i < BACKUP_STATE_FILES; i++)
		if (strcmp(of, backup_state_files[i]) == 0)
			return of;
	size_t n = strlen(BACKUP_MODELS "/");
	if (strncmp(of, BACKUP_MODELS "/", n) != 0)
		return NULL;
	bool hash = strspn(of + n, "0123456789abcdef") == HISTORY_HASH - 1 &&
		    strcmp(of + n + HISTORY_HASH - 1, ".json") == 0;
	return hash ? of : NULL;
}

bool backup_targets(const struct backup *b, const struct backup_paths *p,
		    void (*take)(void *ctx, const char *path), void *ctx, struct errs *errs)
{
	const json_t *list = json_object_get(b->about, "config");
	size_t before = errs->total;
	char path[PATH_MOST];
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *to = config_target(b, p, i, path);
		if (!to)
			errs_add(errs, "backup.json", 0,
				 "\"%s\" is not below the directory of the configured file; it is "
				 "not written. Put it there and take another backup",
				 json_string_value(
					 json_object_get(json_array_get(list, i), "path")));
		else if (*to && take)
			take(ctx, to);
	}
	for (size_t i = 1; i < b->n; i++) {
		const char *of = state_target(b->v[i].name);
		if (of) {
			snprintf(path, sizeof(path), "%s/%s", p->state, of);
			if (take)
				take(ctx, path);
		}
	}
	return errs->total == before;
}

/* ---- files ---- */

/* The owner of the directory, which zoned is, may read it. What has the name already is removed and
 * not written to: it may be a link to what is not zoned's. */
static int write_file(int dir, const char *name, const void *p, size_t n)
{
	struct stat st;
	unlinkat(dir, name, 0);
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
	int err = fd < 0 ? -errno : write_whole(fd, p, n);
	if (!err && geteuid() == 0 && fstat(dir, &st) == 0 && fchown(fd, st.st_uid, st.st_gid))
		err = -errno;
	err = write_end(fd, err);
	return err;
}

static int sync_directory(int dir)
{
	return fsync(dir) ? -errno : 0;
}

/* The file that was written beside it has the name from now on; dir is closed. err: why it was not
 * written, which is returned. */
static int take_place(int dir, const char *part, const char *name, int err)
{
	if (!err && renameat(dir, part, dir, name))
		err = -errno;
	if (!err)
		err = sync_directory(dir);
	close(dir);
	return err;
}

/* Flat: no directory is in it. */
static int remove_directory(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d)
		return errno == ENOENT ? 0 : -errno;
	for (const struct dirent *e = readdir(d); e; e = readdir(d))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	return unlinkat(dir, name, AT_REMOVEDIR) ? -errno : 0;
}

static void close_both(int state, int part)
{
	if (part >= 0)
		close(part);
	if (state >= 0)
		close(state);
}

/* ---- stage ---- */

static int stage_file(int part, json_t *plan, const struct tar_file *f, const char *to,
		      bool of_config)
{
	char name[NAME_MOST];
	snprintf(name, sizeof(name), "%zu", json_array_size(plan));
	json_array_append_new(
		plan, json_pack("{s:s,s:s,s:b}", "name", name, "to", to, "config", of_config));
	return write_file(part, name, f->data, f->n);
}

static const struct tar_file *config_file(const struct backup *b, size_t i)
{
	const json_t *list = json_object_get(b->about, "config");
	const char *name = json_string_value(json_object_get(json_array_get(list, i), "name"));
	for (size_t k = 1; name && k < b->n; k++)
		if (strcmp(b->v[k].name, name) == 0)
			return &b->v[k];
	return NULL;
}

static int stage_all(const struct backup *b, const struct backup_paths *p, int part, json_t *plan)
{
	char path[PATH_MOST];
	int err = 0;
	for (size_t i = 0; !err && i < json_array_size(json_object_get(b->about, "config")); i++) {
		const char *to = config_target(b, p, i, path);
		const struct tar_file *f = config_file(b, i);
		err = !to || !f ? -EINVAL : *to ? stage_file(part, plan, f, to, true) : 0;
	}
	for (size_t i = 1; !err && i < b->n; i++) {
		const char *of = state_target(b->v[i].name);
		err = of ? stage_file(part, plan, &b->v[i], of, false) : 0;
	}
	return err;
}

int backup_stage(const struct backup *b, const struct backup_paths *p, json_t *by)
{
	int state = open(p->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC), part = -1;
	int err = state < 0 ? -errno : remove_directory(state, PART);
	json_t *plan = json_array();
	if (!err && mkdirat(state, PART, 0750))
		err = -errno;
	if (!err)
		part = openat(state, PART, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (!err && part < 0)
		err = -errno;
	if (!err)
		err = stage_all(b, p, part, plan);
	json_t *o = json_pack("{s:O,s:O}", "files", plan, "by", by);
	char *text = json_dumps(o, JSON_COMPACT);
	if (!err)
		err = text ? write_file(part, PLAN, text, strlen(text)) : -ENOMEM;
	if (!err)
		err = sync_directory(part);
	if (!err && renameat(state, PART, state, BACKUP_UNFINISHED))
		err = -errno;
	if (!err)
		err = sync_directory(state);
	free(text);
	json_decref(o);
	json_decref(plan);
	close_both(state, part);
	return err;
}

/* ---- finish ---- */

/* The directory of a path, made if it is not there. */
static int open_directory_of(const char *path, const char **name)
{
	char dir[PATH_MOST];
	const char *slash = strrchr(path, '/');
	*name = slash ? slash + 1 : path;
	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	for (char *p = dir + 1; *p; p++)
		if (*p == '/') {
			*p = '\0';
			mkdir(dir, 0755);
			*p = '/';
		}
	mkdir(dir, 0755);
	return open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* The file keeps its owner and mode where there was one. */
static int put_config(const char *to, const void *p, size_t n)
{
	char part[TAR_NAME + 8];
	const char *name;
	struct stat st;
	int dir = open_directory_of(to, &name);
	if (dir < 0 || strlen(name) >= TAR_NAME) {
		int err = dir < 0 ? -errno : -ENAMETOOLONG;
		if (dir >= 0)
			close(dir);
		return err;
	}
	snprintf(part, sizeof(part), "%s.restore", name);
	int err = write_file(dir, part, p, n);
	if (!err && fstatat(dir, name, &st, 0) == 0 &&
	    (fchownat(dir, part, st.st_uid, st.st_gid, 0) ||
	     fchmodat(dir, part, st.st_mode & 07777, 0)) &&
	    geteuid() == 0)
		err = -errno;
	else if (!err && fstatat(dir, name, &st, 0) != 0 && fchmodat(dir, part, 0644, 0))
		err = -errno;
	return take_place(dir, part, name, err);
}

static int put_state(int state, const char *of, const void *p, size_t n)
{
	bool model = strncmp(of, BACKUP_MODELS "/", strlen(BACKUP_MODELS "/")) == 0;
	char part[TAR_NAME + 8];
	const char *name = model ? of + strlen(BACKUP_MODELS "/") : of;
	struct stat st;
	if (model && mkdirat(state, BACKUP_MODELS, 0750) && errno != EEXIST)
		return -errno;
	int dir = model ? openat(state, BACKUP_MODELS,
				 O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
			: dup(state);
	if (dir < 0)
		return -errno;
	if (model && geteuid() == 0 && fstat(state, &st) == 0 && fchown(dir, st.st_uid, st.st_gid))
		errno = 0; /* it is read all the same */
	snprintf(part, sizeof(part), "%s.restore", name);
	int err = write_file(dir, part, p, n);
	return take_place(dir, part, name, err);
}

static int put_planned(int state, int part, const json_t *o, struct errs *errs)
{
	const char *name = json_string_value(json_object_get(o, "name")),
		   *to = json_string_value(json_object_get(o, "to"));
	size_t n;
	void *p = name && to ? backup_read_file(part, name, &n) : NULL;
	int err = !p					       ? -EBADMSG
		  : json_is_true(json_object_get(o, "config")) ? put_config(to, p, n)
							       : put_state(state, to, p, n);
	if (err)
		errs_add(errs, to ? to : BACKUP_UNFINISHED, 0, "%s", strerror(-err));
	free(p);
	return err;
}

/* Files of the state that the backup does not have. Models that no list names only take room. */
static void remove_unplanned(int state, const json_t *files)
{
	for (size_t i = 0; i < BACKUP_STATE_FILES; i++) {
		bool there = false;
		size_t k;
		const json_t *o;
		json_array_foreach (files, k, o) {
			const char *to = json_string_value(json_object_get(o, "to"));
			there |= to && strcmp(to, backup_state_files[i]) == 0;
		}
		if (!there)
			unlinkat(state, backup_state_files[i], 0);
	}
}

static int put_done(int state, const json_t *by)
{
	char *text = json_dumps(by, JSON_COMPACT);
	int err = text ? put_state(state, BACKUP_DONE, text, strlen(text)) : -ENOMEM;
	free(text);
	return err;
}

bool backup_is_unfinished(const char *state)
{
	char path[PATH_MOST];
	snprintf(path, sizeof(path), "%s/" BACKUP_UNFINISHED, state);
	return access(path, F_OK) == 0;
}

/* Its plan says which files are written, by who may write more than zoned, whose directory that
 * of the generations is. So it counts only from the one who finishes it. */
static bool is_of_mine(int part, const char *state_path, struct errs *errs)
{
	struct stat st;
	if (fstat(part, &st) == 0 && st.st_uid == geteuid() && !(st.st_mode & (S_IWGRP | S_IWOTH)))
		return true;
	errs_add(errs, state_path, 0,
		 "its directory \"%s\" was made by another user, or others may write it: no "
		 "zonectl restore of yours has left it; look at it, and remove it",
		 BACKUP_UNFINISHED);
	return false;
}

int backup_finish(const char *state_path, bool *was, struct errs *errs)
{
	int state = open(state_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int part = state < 0 ? -1
			     : openat(state, BACKUP_UNFINISHED,
				      O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int err = part < 0 && errno != ENOENT ? -errno : 0;
	*was = part >= 0;
	if (*was && !is_of_mine(part, state_path, errs))
		err = -EPERM;
	json_t *o = *was && !err ? read_document(part, PLAN, PLAN_MOST) : NULL;
	const json_t *files = json_object_get(o, "files");
	if (*was && !err && !json_is_array(files))
		err = -EBADMSG;
	for (size_t i = 0; !err && i < json_array_size(files); i++)
		err = put_planned(state, part, json_array_get(files, i), errs);
	if (*was && !err) {
		remove_unplanned(state, files);
		err = put_done(state, json_object_get(o, "by"));
	}
	/* it counts no longer, and what is left of it only takes room */
	if (*was && !err)
		err = remove_directory(state, PART);
	if (*was && !err && renameat(state, BACKUP_UNFINISHED, state, PART))
		err = -errno;
	if (*was && !err)
		err = sync_directory(state);
	if (*was && !err)
		remove_directory(state, PART);
	if (err && !errs->total)
		errs_add(errs, state_path, 0, "%s", strerror(-err));
	json_decref(o);
	close_both(state, part);
	return err;
}
