/* SPDX-License-Identifier: MIT
 * Files into and out of an archive in the ustar format. */
#include "backup/tar.h"

#include <errno.h>
#include <string.h>

#include "base/write.h"

enum {
	BLOCK = 512,
	MODE_AT = 100,
	UID_AT = 108,
	GID_AT = 116,
	SIZE_AT = 124,
	TIME_AT = 136,
	SUM_AT = 148,
	TYPE_AT = 156,
	MAGIC_AT = 257,
	PREFIX_AT = 345,
	REGULAR = '0',
};

static const char magic[] = "ustar\0"
			    "00";
static const uint8_t zeros[BLOCK];

/* The checksum counts its own field as blanks. */
static unsigned sum_of(const uint8_t h[BLOCK])
{
	unsigned sum = 0;
	for (size_t i = 0; i < BLOCK; i++)
		sum += i >= SUM_AT && i < SUM_AT + 8 ? ' ' : h[i];
	return sum;
}

static void put_octal(uint8_t *to, size_t width, uint64_t v)
{
	to[--width] = '\0';
	while (width-- > 0) {
		to[width] = (uint8_t)('0' + (v & 7));
		v >>= 3;
	}
}

/* False: it is no number. */
static bool get_octal(const uint8_t *p, size_t width, uint64_t *v)
{
	size_t i = 0;
	*v = 0;
	for (; i < width && p[i] >= '0' && p[i] <= '7'; i++)
		*v = *v << 3 | (uint64_t)(p[i] - '0');
	return i > 0 && (i == width || p[i] == '\0' || p[i] == ' ');
}

int tar_put(int fd, const struct tar_file *f, int64_t time_s)
{
	uint8_t h[BLOCK] = { 0 };
	memcpy(h, f->name, strlen(f->name));
	put_octal(h + MODE_AT, 8, 0640);
	put_octal(h + UID_AT, 8, 0);
	put_octal(h + GID_AT, 8, 0);
	put_octal(h + SIZE_AT, 12, f->n);
	put_octal(h + TIME_AT, 12, (uint64_t)time_s);
	h[TYPE_AT] = REGULAR;
	memcpy(h + MAGIC_AT, magic, 8);
	put_octal(h + SUM_AT, 7, sum_of(h));
	h[SUM_AT + 7] = ' ';
	int err = write_whole(fd, h, BLOCK);
	if (!err)
		err = write_whole(fd, f->data, f->n);
	return err ? err : write_whole(fd, zeros, (BLOCK - f->n % BLOCK) % BLOCK);
}

int tar_end(int fd)
{
	int err = write_whole(fd, zeros, BLOCK);
	return err ? err : write_whole(fd, zeros, BLOCK);
}

static bool is_zero(const uint8_t *p, size_t n)
{
	while (n > 0 && *p == 0)
		p++, n--;
	return n == 0;
}

/* Nothing but zeros fills a file's last block up, or follows the end. */
static size_t room_behind(size_t size, size_t room)
{
	size_t whole = (size + BLOCK - 1) / BLOCK * BLOCK;
	return (whole < room ? whole : room) - size;
}

bool tar_next(const uint8_t *p, size_t n, size_t *at, struct tar_file *out, const char **why)
{
	uint64_t size, sum;
	const uint8_t *h = p + *at;
	*why = NULL;
	if (n - *at < BLOCK) {
		*why = "it ends early";
		return false;
	}
	if (memcmp(h, zeros, BLOCK) == 0) {
		*why = is_zero(h, n - *at) ? NULL : "something follows its end";
		return false;
	}
	if (!get_octal(h + SUM_AT, 7, &sum) || sum != sum_of(h) || h[SUM_AT + 7] != ' ')
		*why = "the checksum of a header is wrong";
	else if (memcmp(h + MAGIC_AT, magic, 8) != 0 || h[TYPE_AT] != REGULAR || h[PREFIX_AT] ||
		 h[TAR_NAME - 1] || !h[0] || !get_octal(h + SIZE_AT, 12, &size))
		*why = "it has what zonectl backup does not write";
	else if (size > n - *at - BLOCK)
		*why = "it ends early";
	if (*why)
		return false;
	memcpy(out->name, h, TAR_NAME);
	out->data = h + BLOCK;
	out->n = (size_t)size;
	size_t more = room_behind(out->n, n - *at - BLOCK);
	if (!is_zero(out->data + out->n, more))
		*why = "something is behind a file";
	*at += BLOCK + out->n + more;
	return !*why;
}
