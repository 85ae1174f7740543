/* SPDX-License-Identifier: MIT
 * A thread beside the one that has the signals. */
#ifndef ZONED_BASE_THREAD_H
#define ZONED_BASE_THREAD_H

#include <pthread.h>

/* Start a thread with a small stack (256 KB) and all signals blocked. The caller joins or detaches
 * it. 0 or -errno. */
int thread_start(pthread_t *t, void *(*run)(void *ctx), void *ctx);

#endif
