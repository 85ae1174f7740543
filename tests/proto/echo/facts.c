/* SPDX-License-Identifier: MIT
 * The facts of an echo message as named fields. */
#include "proto/echo/facts.h"

#include "record/facts.h"

static const char *title(const struct event *ev)
{
	return ev->response ? "echo answer" : "echo request";
}

static void each(const struct event *ev, const struct fact_sink *to)
{
	to->num(to->ctx, "length", EV_ECHO(ev)->n);
}

static uint64_t key(const struct event *ev)
{
	return EV_ECHO(ev)->n;
}

const struct fact_ops facts_echo = { .title = title, .each = each, .key = key };
