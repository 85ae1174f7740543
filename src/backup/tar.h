/* SPDX-License-Identifier: MIT
 *
 * Archives of regular files in the ustar format (POSIX.1-2017, pax, "ustar Interchange Format"),
 * which tar reads. Of what that format has nothing else is written, and nothing else is read.
 *
 *	0 name (100)  124 size (12, octal)  148 checksum (8)  156 type  257 "ustar\0" "00"
 *	512 the file's octets, filled up with zeros to a multiple of 512; two blocks of zeros at
 * the end
 */
#ifndef ZONED_BACKUP_TAR_H
#define ZONED_BACKUP_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TAR_NAME = 100 }; /* with its NUL */

struct tar_file {
	char name[TAR_NAME];
	const uint8_t *data;
	size_t n;
};

/* A header and the octets of one file. 0 or -errno */
int tar_put(int fd, const struct tar_file *f, int64_t time_s);
int tar_end(int fd);
/* The next file from *at on, in the archive's octets. False: there are no more, and *why is NULL,
 * or says what is wrong. */
bool tar_next(const uint8_t *p, size_t n, size_t *at, struct tar_file *out, const char **why);

#endif
