/* SPDX-License-Identifier: MIT
 * One event, one JSON object; and the file that takes them. */
#ifndef ZONED_RECORD_JSON_H
#define ZONED_RECORD_JSON_H

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/fields.h"

/* malloc'ed text without a line end, or NULL when memory is out. */
char *record_json(const struct event_view *view);

/* Fields as members of o, which must outlive it. */
struct fact_sink record_json_sink(json_t *o);

struct json_file {
	const char *path;
	int fd;			  /* -1: not open */
	bool torn;		  /* the last line went in only in part */
	int err;		  /* why it fails now, 0: it does not */
	uint64_t lost;		  /* lines since it fails */
	atomic_ullong lost_total; /* read by others */
};

/* 0 or -errno; only regular files and character devices, never a pipe. */
int json_file_open(struct json_file *f, const char *path);
/* The file that now has this name; if it cannot be opened, the old one stays open. 0 or -errno. */
int json_file_reopen(struct json_file *f);
void json_file_close(struct json_file *f);
/* Append one line. Returns 0 or -errno; the loss is counted in *f. */
int json_file_put(struct json_file *f, const char *line, size_t n);
/* count one that there is not; returns err */
int json_file_lost(struct json_file *f, int err);

#endif
