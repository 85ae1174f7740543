/* SPDX-License-Identifier: MIT
 * A file that takes lines. */
#ifndef ZONED_RECORD_FILE_H
#define ZONED_RECORD_FILE_H

#include <stdbool.h>
#include <stddef.h>

struct line_file {
	const char *path; /* the caller's, and stays */
	int fd;		  /* -1: not open */
	bool torn;	  /* the last line went in only in part */
};

/* 0 or -errno; only regular files and character devices, never a pipe. */
int line_file_open(struct line_file *f, const char *path);
/* The file that now has this name; if it cannot be opened, the old one stays open. 0 or -errno. */
int line_file_reopen(struct line_file *f);
void line_file_close(struct line_file *f);
/* Append one line of n octets. 0 or -errno: it is lost. */
int line_file_put(struct line_file *f, const char *line, size_t n);

#endif
