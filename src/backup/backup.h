/* SPDX-License-Identifier: MIT
 *
 * A backup: the configured file with all that it includes, and what zoned keeps beside it
 * (generations with their models, orders, proposals), in one archive (tar.h).
 *
 *	MANIFEST		the SHA-256 of each other file, as sha256sum writes it
 *	backup.json		what it is of: paths, time, version, the model's hash
 *	config/N		the configured file, and what it includes
 *	state/...		as in the directory of generations
 *
 * A restore puts the files of both places beside the old ones, writes them to the disk, and then
 * makes them count with one rename of a directory, "restore". From then on whoever comes next
 * finishes it: a power cut leaves all of the old or, in the end, all of the new.
 */
#ifndef ZONED_BACKUP_BACKUP_H
#define ZONED_BACKUP_BACKUP_H

#include <jansson.h>

#include "backup/tar.h"
#include "history/history.h"

enum {
	BACKUP_FILES = 4300,   /* of an archive: those of a model, and of 64 generations */
	BACKUP_MOST = 1 << 30, /* octets */
	BACKUP_SCHEMA = 1,
};

/* The directory, within that of the generations, of a restore that counts and is not finished. */
#define BACKUP_UNFINISHED "restore"
/* Within the directory of generations: that of their models, and the files that are a backup's,
 * the list of generations first. Those that are not there are left out. */
#define BACKUP_MODELS "models"
enum { BACKUP_STATE_FILES = 3 };
extern const char *const backup_state_files[BACKUP_STATE_FILES];
/* Who restored what, for zoned to log when it starts. */
#define BACKUP_DONE "restored.json"

struct backup {
	struct tar_file v[BACKUP_FILES];
	bool own[BACKUP_FILES]; /* data is to be freed */
	size_t n;
	uint8_t *archive; /* that was read */
	json_t *about;	  /* backup.json */
};

struct backup_paths {
	const char *config, *rules, *state;
};

/* The whole of a regular file, to be freed; NULL and errno. */
void *backup_read_file(int dir, const char *name, size_t *n);
struct backup *backup_new(void); /* NULL: no memory */
void backup_free(struct backup *b);
/* Of what is there. False: errs has why. */
bool backup_take(struct backup *b, const struct backup_paths *p, struct errs *errs);
/* A file that is there is replaced, all at once. 0 or -errno */
int backup_write(const struct backup *b, const char *path);
/* Read, and every file compared with the manifest. False: errs has why. */
bool backup_read(struct backup *b, const char *path, struct errs *errs);
/* The configured model of it, with the hash that it had; and of each generation the model is there
 * with its hash. NULL: errs has why. */
struct model *backup_model(const struct backup *b, struct errs *errs);
/* What a restore would write: called for each path. False: errs has why it cannot be. */
bool backup_targets(const struct backup *b, const struct backup_paths *p,
		    void (*take)(void *ctx, const char *path), void *ctx, struct errs *errs);
/* Put it beside what is there, and make it count. by: goes into BACKUP_DONE. 0 or -errno */
int backup_stage(const struct backup *b, const struct backup_paths *p, json_t *by);
/* Finish a restore that counts; 0 also when there is none, else -errno with what in errs. */
int backup_finish(const char *state, bool *was, struct errs *errs);
bool backup_is_unfinished(const char *state);

#endif
