/* SPDX-License-Identifier: MIT
 * An echo message as replay prints it. */
#include <stdio.h>

#include "proto/echo/wire.h"
#include "zonectl/replay.h"

static void json(json_t *o, const struct event *ev, const void *of)
{
	const struct echo_msg *m = of;
	(void)ev;
	replay_put(o, "length", true, m->n);
}

static void text(const struct event *ev, const void *of)
{
	const struct echo_msg *m = of;
	printf(" %s length=%u", ev->response ? "resp" : "req", m->n);
}

const struct replay_ops replay_echo = { .json = json, .text = text };
