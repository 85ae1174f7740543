/* SPDX-License-Identifier: MIT
 * Arena: memory with one lifetime. */
#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct block {
	struct block *next;
	size_t used, cap;
	_Alignas(16) unsigned char mem[];
};

struct arena {
	struct block *top;
};

enum { BLOCK = 64 * 1024 };

struct arena *arena_new(void)
{
	return calloc(1, sizeof(struct arena));
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	for (struct block *b = a->top, *n; b; b = n) {
		n = b->next;
		free(b);
	}
	free(a);
}

void *arena_alloc(struct arena *a, size_t n)
{
	n = (n + 15) & ~(size_t)15;
	struct block *b = a->top;
	if (!b || b->cap - b->used < n) {
		size_t cap = n > BLOCK ? n : BLOCK;
		b = calloc(1, sizeof(*b) + cap);
		if (!b) {
			fputs("zoned: out of memory\n", stderr);
			abort();
		}
		b->cap = cap;
		b->next = a->top;
		a->top = b;
	}
	void *p = b->mem + b->used;
	b->used += n;
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	size_t n = strlen(s) + 1;
	return memcpy(arena_alloc(a, n), s, n);
}

void *arena_grow(struct arena *a, void *v, size_t n, size_t elem)
{
	if (n & (n - 1))
		return v;
	void *p = arena_alloc(a, (n ? n * 2 : 1) * elem);
	if (n)
		memcpy(p, v, n * elem);
	return p;
}
