/* SPDX-License-Identifier: MIT
 *
 * The directory of evidence, bounded by bytes, number and age of its files: the oldest go first.
 * Only files whose names are those of event ids are counted and removed, and no link is followed.
 * One thread's.
 */
#ifndef ZONED_EVIDENCE_DIRECTORY_H
#define ZONED_EVIDENCE_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	EVIDENCE_FILES = 4096, /* at most */
	EVIDENCE_NAME = 64,    /* of a file, with NUL */
	EVIDENCE_LOOK_S = 60,  /* from one evidence_directory_look() to the next */
};

struct evidence_file {
	char name[EVIDENCE_NAME];
	uint64_t bytes;
	int64_t time_s; /* since 1970 */
};

struct evidence_directory {
	const char *path; /* the caller's, and stays */
	uint64_t bytes_max, seconds_max;
	/* what is there, as last looked at, the oldest first */
	struct evidence_file *file;
	size_t n;
	uint64_t bytes;
	uint64_t removed; /* to make room, or too old; since it was opened */
};

/* Nothing is asked of the disk yet; false: no memory. */
bool evidence_directory_open(struct evidence_directory *d);
void evidence_directory_close(struct evidence_directory *d);
/* "69290112c3f4-17": may a file of ours have this name, without its ending? */
bool evidence_name_ok(const char *id);
/* Look at what is there, and remove what is too much or too old. 0 or -errno */
int evidence_directory_look(struct evidence_directory *d, int64_t now_s);
/* A new file "ID.pcapng", mode 0640: there with all of it or not at all. Older ones make room.
 * 0 or -errno */
int evidence_directory_put(struct evidence_directory *d, const char *id, const void *p, size_t n);

#endif
