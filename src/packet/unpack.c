/* SPDX-License-Identifier: MIT
 * Compressions: gzip by zlib, Zstandard by libzstd; others are named, with what unpacks them. */
#include "packet/unpack.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

struct gunzip {
	z_stream z;
	bool between; /* members: the file may end, or the next one begin */
};

enum { GZIP_ONLY = 15 + 16 }; /* inflateInit2(): largest window, gzip header */

static void *gunzip_open(void)
{
	struct gunzip *g = calloc(1, sizeof(*g));
	if (g && inflateInit2(&g->z, GZIP_ONLY) != Z_OK) {
		free(g);
		g = NULL;
	}
	return g;
}

/* gzip files may be joined, and tapes pad them with zeros. */
static const char *gunzip_step(void *state, struct unpack_step *s)
{
	struct gunzip *g = state;
	if (g->between && s->src[0] == 0) {
		s->src_n = 1;
		s->dst_n = 0;
		return NULL;
	}
	if (g->between && inflateReset(&g->z) != Z_OK)
		return "damaged gzip data";
	g->between = false;
	g->z.next_in = (Bytef *)(uintptr_t)s->src; /* zlib's older headers lack the const */
	g->z.avail_in = (uInt)s->src_n;
	g->z.next_out = s->dst;
	g->z.avail_out = (uInt)s->dst_n;
	int rc = inflate(&g->z, Z_NO_FLUSH);
	s->src_n -= g->z.avail_in;
	s->dst_n -= g->z.avail_out;
	g->between = rc == Z_STREAM_END;
	if (rc == Z_OK || rc == Z_STREAM_END || rc == Z_BUF_ERROR)
		return NULL;
	return rc == Z_MEM_ERROR ? "out of memory" : "damaged gzip data";
}

static int gunzip_whole(const void *state)
{
	return ((const struct gunzip *)state)->between;
}

static void gunzip_close(void *state)
{
	struct gunzip *g = state;
	inflateEnd(&g->z);
	free(g);
}

struct unzstd {
	ZSTD_DStream *z;
	size_t wants; /* 0: at the end of a frame */
};

static void *unzstd_open(void)
{
	struct unzstd *u = calloc(1, sizeof(*u));
	if (u && !(u->z = ZSTD_createDStream())) {
		free(u);
		u = NULL;
	}
	return u;
}

static const char *unzstd_step(void *state, struct unpack_step *s)
{
	struct unzstd *u = state;
	ZSTD_inBuffer in = { .src = s->src, .size = s->src_n };
	ZSTD_outBuffer out = { .dst = s->dst, .size = s->dst_n };
	u->wants = ZSTD_decompressStream(u->z, &out, &in);
	if (ZSTD_isError(u->wants))
		return ZSTD_getErrorName(u->wants);
	s->src_n = in.pos;
	s->dst_n = out.pos;
	return NULL;
}

static int unzstd_whole(const void *state)
{
	return ((const struct unzstd *)state)->wants == 0;
}

static void unzstd_close(void *state)
{
	struct unzstd *u = state;
	ZSTD_freeDStream(u->z);
	free(u);
}

/* clang-format off */
static const struct unpacker unpackers[] = {
	{ "gzip", { 0x1f, 0x8b }, 2, NULL, gunzip_open, gunzip_step, gunzip_whole, gunzip_close },
	{ "zstd", { 0x28, 0xb5, 0x2f, 0xfd }, 4, NULL, unzstd_open, unzstd_step, unzstd_whole, unzstd_close },
	{ "xz", { 0xfd, '7', 'z', 'X', 'Z', 0 }, 6, "xz -dc", NULL, NULL, NULL, NULL },
	{ "bzip2", { 'B', 'Z', 'h' }, 3, "bzip2 -dc", NULL, NULL, NULL, NULL },
	{ "lz4", { 0x04, 0x22, 0x4d, 0x18 }, 4, "lz4 -dc", NULL, NULL, NULL, NULL },
	{ "zip", { 'P', 'K', 3, 4 }, 4, "unzip -p", NULL, NULL, NULL, NULL },
};
/* clang-format on */

const struct unpacker *unpacker_of(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < sizeof(unpackers) / sizeof(unpackers[0]); i++)
		if (n >= unpackers[i].magic_n &&
		    memcmp(p, unpackers[i].magic, unpackers[i].magic_n) == 0)
			return &unpackers[i];
	return NULL;
}
