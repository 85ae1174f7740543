/* SPDX-License-Identifier: MIT
 * A table of steps, taken and given back. */
#include "daemon/steps.h"

bool steps_open(const struct step *v, size_t n, struct parent *p,
		void (*failed)(struct parent *p, const struct step *step, int err))
{
	for (size_t i = 0; i < n; i++) {
		int err = v[i].open ? v[i].open(p) : 0;
		if (!err)
			continue;
		failed(p, &v[i], err);
		steps_close(v, i, p);
		return false;
	}
	return true;
}

void steps_close(const struct step *v, size_t n, struct parent *p)
{
	while (n-- > 0)
		if (v[n].close)
			v[n].close(p);
}

unsigned child_steps_take(const struct child_step *v, unsigned n, void *ctx, int *err)
{
	*err = 0;
	for (unsigned i = 0; i < n; i++) {
		*err = v[i].take(ctx);
		if (*err)
			return i + 1;
	}
	return 0;
}

const char *child_step_name(const struct child_step *v, unsigned n, unsigned number)
{
	return number > 0 && number <= n ? v[number - 1].what : NULL;
}
