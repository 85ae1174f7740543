/* SPDX-License-Identifier: MIT
 * A thread beside the one that has the signals. */
#include "base/thread.h"

#include <signal.h>

enum { STACK = 256 << 10 };

int thread_start(pthread_t *t, void *(*run)(void *ctx), void *ctx)
{
	sigset_t all, old;
	pthread_attr_t attr;
	int err = pthread_attr_init(&attr);
	if (err)
		return -err;
	err = pthread_attr_setstacksize(&attr, STACK);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (!err)
		err = pthread_create(t, &attr, run, ctx);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return -err;
}
