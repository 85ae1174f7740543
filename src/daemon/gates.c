/* SPDX-License-Identifier: MIT
 *
 * Conduits that open and close by the time of day. What is open is closed by the kernel when its
 * time is over, whatever becomes of zoned; here it is opened in time, and the policy follows. Each
 * change is a generation, as that of an order is. Where the clock of the day was set, all are
 * looked at again. Main thread.
 */
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "base/sb.h"
#include "daemon/orders.h"

enum { RETRY_SECONDS = 10 };
static const uint64_t second_ns = 1000000000u;

static struct gate_now read_clocks(const struct parent *p)
{
	const struct generation *last = p->keeps_history ? history_last(&p->history) : NULL;
	return (struct gate_now){ clock_ns(CLOCK_REALTIME), clock_ns(CLOCK_BOOTTIME),
				  last ? last->time_s : 0 };
}

void orders_lay(struct parent *p, const struct orders *o, struct model *m)
{
	const struct gate_now now = read_clocks(p);
	orders_over(o, m);
	model_gates_set(m, &now);
}

/* By more than clocks differ when they are read one after the other. */
static bool clock_was_set(const struct gate_now *then, const struct gate_now *now)
{
	uint64_t was = then->wall_ns - then->boot_ns, is = now->wall_ns - now->boot_ns;
	int64_t by = (int64_t)(is - was);
	return by > (int64_t)second_ns || by < -(int64_t)second_ns;
}

static bool has_gate(const struct model *m)
{
	for (size_t i = 0; i < m->n_conduits; i++)
		if (model_has_gate(&m->conduits[i]))
			return true;
	return false;
}

/* What becomes of which, for the audit event. */
static void put_changes(struct sb *b, const struct model *m, const struct gate_now *now)
{
	static const char *const why[SHUT_WAYS] = { [SHUT_NOT_GRANTED] = "not granted",
						    [SHUT_OUTSIDE] = "outside its times",
						    [SHUT_EXPIRED] = "expired" };
	for (size_t i = 0; i < m->n_conduits; i++) {
		const struct conduit *c = &m->conduits[i];
		if (!model_has_gate(c))
			continue;
		const struct gate_state s = gate_at(c, now);
		bool open = s.open_until_ns != 0;
		if (open == !model_is_shut(c) && (open || s.shut == c->shut))
			continue;
		sb_printf(b, "%sconduit %s ", b->len ? "; " : "", c->name);
		if (open)
			sb_puts(b, "opens");
		else
			sb_printf(b, "is closed: %s", why[s.shut]);
	}
}

void gates_tick(struct parent *p)
{
	static struct orders next; /* main thread; too large for a stack */
	const struct gate_now now = read_clocks(p);
	const struct model *m = p->model;
	bool set = clock_was_set(&m->gates_at, &now);
	char why[CONTROL_VALUE] = "";
	struct sb b = sb_init(why, sizeof(why));
	struct outcome o;
	if (now.boot_ns < p->orders_wait_ns ||
	    (now.boot_ns < m->gates_change_ns && !(set && has_gate(m))))
		return;
	put_changes(&b, m, &now);
	if (!b.len)
		sb_puts(&b, set ? "the clock was set" : "times go on");
	const struct change c = { .verb = "times", .origin = "", .why = why, .other = "zoned" };
	next = p->orders;
	outcome_init(&o);
	if (!orders_change(p, &c, &next, &o))
		p->orders_wait_ns = now.boot_ns + RETRY_SECONDS * second_ns;
	outcome_free(&o);
}
