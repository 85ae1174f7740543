/* SPDX-License-Identifier: MIT
 * One event, one JSON object; and the file that takes them. */
#ifndef ZONED_RECORD_JSON_H
#define ZONED_RECORD_JSON_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sb.h"
#include "record/fields.h"

/* The object without a line end; where it does not fit, b->cut. */
void record_json(struct sb *b, const struct event_view *view);

/* Fields as members, ,"key":value, of the object that b ends with: a '{' before the first. All of
 * it is ASCII; b must outlive it. */
struct fact_sink record_json_sink(struct sb *b);
/* The text v as a JSON string in quotes. What is no UTF-8 has the escapes of the line: \xNN. */
void json_put_string(struct sb *b, const char *v);

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
