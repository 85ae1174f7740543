/* SPDX-License-Identifier: MIT
 * Arena: memory with one lifetime (a model, a generation). Zeroed. */
#ifndef ZONED_BASE_ARENA_H
#define ZONED_BASE_ARENA_H

#include <stddef.h>

struct arena;

struct arena *arena_new(void);		      /* NULL: out of memory */
void arena_free(struct arena *a);	      /* NULL is fine */
void *arena_alloc(struct arena *a, size_t n); /* zeroed, 16-aligned; aborts when memory is out */
char *arena_strdup(struct arena *a, const char *s);
/* Grow an array: returns memory for n+1 elements with the first n copied when
 * n is zero or a power of two, else v itself. Use: v = arena_grow(a, v, n, sizeof(*v)); v[n++] = x;
 */
void *arena_grow(struct arena *a, void *v, size_t n, size_t elem);

#endif
