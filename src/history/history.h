/* SPDX-License-Identifier: MIT
 *
 * Generations over restarts: which models were in force, whose change each was, and what is in
 * force only until it is confirmed (IEC 62443-2-1 and -3-3 CR 7.6: changes, and the way back).
 *
 * A directory has "history.json", the list, and "models/HASH.json", the files of one model with all
 * that it includes. Models of the list stay, others are removed. A file is written beside the old
 * one, to the disk, and renamed: after a power cut there is the old one or the new one. The list is
 * written after what it names.
 */
#ifndef ZONED_HISTORY_HISTORY_H
#define ZONED_HISTORY_HISTORY_H

#include <jansson.h>
#include <stdint.h>
#include <sys/types.h>

#include "model/model.h"

enum {
	HISTORY_KEPT = 64,  /* generations in the list; the oldest go first */
	HISTORY_HASH = 65,  /* SHA-256 in hexadecimal digits, with its NUL */
	HISTORY_TEXT = 256, /* of who and why, with NUL */
	HISTORY_WORD = 16,
	HISTORY_NUMBER = INT32_MAX, /* the highest one that is read: others can follow it */
};

struct generation {
	uint32_t number;
	int64_t time_s;		   /* since 1970 */
	char origin[HISTORY_WORD]; /* "file", "apply", "rollback" */
	char who[HISTORY_TEXT], why[HISTORY_TEXT];
	char model[HISTORY_HASH]; /* of what model_text() gives */
	char files[HISTORY_HASH]; /* of its files, as hash_files() has it */
	/* of the configured file at that time, as hash_own_files() has it; "": it could not be read
	 */
	char configured[HISTORY_HASH];
};

struct history {
	int dir;
	char *path;
	struct generation v[HISTORY_KEPT]; /* ascending; the last one is in force */
	size_t n;
	/* number is in force until by_s, unless it is confirmed, and back follows it; 0: none */
	struct {
		uint32_t number, back;
		int64_t by_s;
	} confirm;
	/* files that the kernel or an inspector refused when zoned started with them; "": none */
	char refused[HISTORY_HASH];
};

/* path is a directory that is there. What cannot be read as a history is renamed to
 * "history.json.unreadable" and *unreadable is set: the history is empty then. 0 or -errno */
int history_open(struct history *h, const char *path, bool *unreadable);
void history_close(struct history *h);
/* The list of a document; false: it is no history. */
bool history_unpack(struct history *h, const json_t *o);
/* From now on the last one. m: its model, of which g gets the hashes. The list is as before when
 * this fails. 0 or -errno */
int history_add(struct history *h, struct generation *g, const struct model *m);
/* number will be in force only until by_s, and back again then; 0: it is confirmed. 0 or -errno */
int history_confirm(struct history *h, uint32_t number, uint32_t back, int64_t by_s);
/* zoned could not start with these files; "": it could. 0 or -errno */
int history_refused(struct history *h, const char *files);
const struct generation *history_find(const struct history *h, uint32_t number);
const struct generation *history_last(const struct history *h); /* NULL: there is none */
/* The model of one of them; NULL with an error added. */
struct model *history_model(const struct history *h, const struct generation *g, struct errs *errs);

void hash_files(const struct model *m, char out[HISTORY_HASH]);
/* Without those of the rules directory, which a new release of zoned brings, and no operator edits.
 */
void hash_own_files(const struct model *m, char out[HISTORY_HASH]);
bool hash_model(const struct model *m, char out[HISTORY_HASH]); /* false: no memory */
void hash_octets(const void *p, size_t n, char out[HISTORY_HASH]);

/* The files of a model as one document, and back. NULL: no memory, or not such a document. */
json_t *files_pack(const struct model *m);
struct model *files_unpack(const json_t *o, struct errs *errs);

/* signature.c: what is signed of a model, n octets and a NUL, to be freed: a line "zoned-model-1",
 * and of each of its files in the order in which they were read a line "SHA256  NAME". NAME is
 * "model", "rules/..." below the directory of rules, "./..." beside the model or below, or the
 * whole path. NULL: no memory, or a path with a control character. */
char *manifest_text(const struct model *m, size_t *n);
/* Is the model signed as its own daemon keys and those of `before` (NULL: none) ask for? False:
 * errs has why not. The octets that were read are those that are looked at. */
bool signature_check(const struct model *m, const struct model *before, struct errs *errs);
/* One public key, or a directory of them. */
bool signature_by(const struct model *m, const char *keys, struct errs *errs);

/* A file in dir, written to the disk: all of it or, when this fails, the old one. 0 or -errno */
int keep_file(int dir, const char *name, const json_t *o);
/* NULL: errno; EBADMSG: it is no JSON. */
json_t *read_document(int dir, const char *name, off_t most);
/* The text under key of an object, copied to size octets with its NUL. False: it has none, or it is
 * longer. */
bool document_text(const json_t *o, const char *key, char *to, size_t size);
/* A file beside the list. What it has goes to take(), which says false when that makes no sense:
 * then the file is renamed to aside and *unreadable is set. There may be none. 0 or -errno */
struct kept_file {
	const char *name, *aside;
	off_t most; /* octets */
	bool (*take)(void *ctx, const json_t *o);
};
int read_kept(int dir, const struct kept_file *f, void *ctx, bool *unreadable);

#endif
