/* SPDX-License-Identifier: MIT
 *
 * Orders in force: given, taken back, ended by their time. Each makes a generation of its own, for
 * the kernel and the inspectors, of the same model; the history of models has none of these. An
 * order is in force before it is kept: an emergency stop needs no disk.
 */
#include "daemon/orders.h"

#include <errno.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "base/num.h"
#include "daemon/taps.h"

enum { RETRY_SECONDS = 10 };
static const uint64_t second_ns = 1000000000u;

static void keep_orders(struct parent *p, struct outcome *o)
{
	p->orders.generation = p->generation;
	int err = p->keeps_history ? orders_keep(p->history.dir, &p->orders) : -ENOENT;
	if (!err)
		return;
	say(LOG_ERR, "orders: %s: %s; what is ordered now is in force until a restart",
	    p->history_path, strerror(-err));
	if (o)
		snprintf(o->text, sizeof(o->text), "in force, but not kept (%s): until a restart",
			 strerror(-err));
}

static void set_end(struct order *one)
{
	uint32_t left = order_left(one, (int64_t)time(NULL));
	one->end_ns = one->seconds ? clock_ns(CLOCK_BOOTTIME) + left * second_ns : 0;
}

/* What its time has ended, or the model does not name. */
static void drop_unfit(struct parent *p, bool *changed)
{
	for (int k = 0; k < ORDER_KINDS; k++)
		for (size_t i = p->orders.n[k]; i-- > 0;) {
			const struct order *one = &p->orders.v[k][i];
			if (order_fits(p->model, (enum order_kind)k, one->name))
				continue;
			say(LOG_WARNING,
			    "the order %s %s is dropped: the model in force has no such %s",
			    order_kind_name((enum order_kind)k), one->name,
			    k == ORDER_ISOLATE ? "zone" : "conduit");
			orders_remove(&p->orders, (enum order_kind)k, i);
			*changed = true;
		}
}

void orders_fit(struct parent *p)
{
	bool changed = false;
	drop_unfit(p, &changed);
	if (changed)
		keep_orders(p, NULL);
}

/* ---- start ---- */

static void say_order(const struct order *one, enum order_kind kind, const char *what)
{
	say(LOG_WARNING, "order %s %s by %s%s%s: %s", order_kind_name(kind), one->name, one->who,
	    *one->why ? ": " : "", one->why, what);
}

void orders_start(struct parent *p)
{
	bool unreadable = false;
	int err = p->keeps_history ? orders_read(p->history.dir, &p->orders, &unreadable) : 0;
	if (err)
		say(LOG_ERR, "%s/orders.json: %s: no order is in force", p->history_path,
		    strerror(-err));
	if (unreadable)
		say(LOG_CRIT,
		    "%s/orders.json is no list of orders; it is orders.json.unreadable now, and no "
		    "zone is isolated: order it again if one has to be",
		    p->history_path);
}

void orders_first(struct parent *p)
{
	for (size_t i = p->orders.n[ORDER_MODE]; i-- > 0;) {
		struct order *one = &p->orders.v[ORDER_MODE][i];
		if (order_left(one, (int64_t)time(NULL)))
			continue;
		say_order(one, ORDER_MODE, "its time ended while zoned did not run");
		orders_remove(&p->orders, ORDER_MODE, i);
		p->orders_changed = true;
	}
	drop_unfit(p, &p->orders_changed);
	for (int k = 0; k < ORDER_KINDS; k++)
		for (size_t i = 0; i < p->orders.n[k]; i++) {
			set_end(&p->orders.v[k][i]);
			say_order(&p->orders.v[k][i], (enum order_kind)k, "still in force");
		}
	orders_over(&p->orders, p->model);
}

/* ---- a change ---- */

static bool orders_change(struct parent *p, const struct change *c, struct orders *next,
			  struct outcome *o)
{
	uint32_t before = p->generation;
	struct model *m =
		model_load_files(p->model->files, p->model->n_files, p->model->rules_dir, &o->errs);
	if (m) {
		model_keep_start_keys(m, p->model);
		orders_over(next, m);
	}
	if (!m || !change_try(p, m, generation_next(p), o)) {
		if (!m)
			change_refused(p, c, o, "the model in force cannot be read again");
		else
			change_say_refusal(p, c, o);
		model_free(m);
		return false;
	}
	p->orders = *next;
	taps_give(p);
	o->code = CONTROL_DONE;
	snprintf(o->text, sizeof(o->text), "in force");
	keep_orders(p, o);
	audit(p, &(struct audit){ .change = c,
				  .result = "in-force",
				  .text = o->text,
				  .before = before,
				  .hash_before = p->hash });
	return true;
}

static bool refuse(struct parent *p, const struct change *c, struct outcome *o,
		   enum control_code code)
{
	o->code = code;
	change_say_refusal(p, c, o);
	return false;
}

bool orders_give(struct parent *p, const struct change *c, enum order_kind kind,
		 const struct order *asked, struct outcome *o)
{
	static struct orders next; /* main thread; too large for a stack */
	struct order one = *asked;
	next = p->orders;
	one.since_s = (int64_t)time(NULL);
	set_end(&one);
	change_put_who(c, one.who);
	snprintf(one.why, sizeof(one.why), "%s", c->why);
	if (!order_fits(p->model, kind, one.name)) {
		snprintf(o->text, sizeof(o->text), "the model in force has no %s \"%s\"",
			 kind == ORDER_ISOLATE ? "zone" : "conduit", one.name);
		return refuse(p, c, o, CONTROL_NOT_FOUND);
	}
	if (kind == ORDER_MODE && p->model->mode == MODE_OBSERVE) {
		snprintf(o->text, sizeof(o->text), "the whole site is only watched");
		return refuse(p, c, o, CONTROL_CONFLICT);
	}
	if (!orders_put(&next, kind, &one)) {
		snprintf(o->text, sizeof(o->text), "there are %d such orders, and no room for more",
			 ORDERS_MOST);
		return refuse(p, c, o, CONTROL_CONFLICT);
	}
	return orders_change(p, c, &next, o);
}

bool orders_take_back(struct parent *p, const struct change *c, enum order_kind kind,
		      const char *name, struct outcome *o)
{
	static struct orders next;
	next = p->orders;
	const struct order *one = orders_find(&next, kind, name);
	if (!one) {
		snprintf(o->text, sizeof(o->text), "there is no order \"%s\" for \"%s\"",
			 order_kind_name(kind), name);
		return refuse(p, c, o, CONTROL_NOT_FOUND);
	}
	orders_remove(&next, kind, (size_t)(one - next.v[kind]));
	return orders_change(p, c, &next, o);
}

void orders_tick(struct parent *p)
{
	const struct change c = {
		.verb = "mode", .origin = "", .why = "its time is over", .other = "zoned"
	};
	uint64_t now = clock_ns(CLOCK_BOOTTIME);
	struct outcome o;
	for (size_t i = 0; i < p->orders.n[ORDER_MODE]; i++) {
		struct order *one = &p->orders.v[ORDER_MODE][i];
		char name[sizeof(one->name)];
		if (now < one->end_ns)
			continue;
		memcpy(name, one->name, sizeof(name));
		outcome_init(&o);
		if (orders_take_back(p, &c, ORDER_MODE, name, &o))
			say(LOG_NOTICE, "the mode of conduit \"%s\" is that of the model again",
			    name);
		else
			one->end_ns = now + RETRY_SECONDS * second_ns;
		outcome_free(&o);
		return;
	}
}

/* ---- what is told ---- */

json_t *orders_status(const struct parent *p)
{
	uint64_t now = clock_ns(CLOCK_BOOTTIME);
	json_t *all = json_object();
	for (int k = 0; k < ORDER_KINDS; k++) {
		json_t *list = json_array();
		for (size_t i = 0; i < p->orders.n[k]; i++) {
			const struct order *one = &p->orders.v[k][i];
			json_t *e = json_pack("{s:s,s:I,s:s,s:s}", "name", one->name, "since",
					      (json_int_t)one->since_s, "who", one->who, "why",
					      one->why);
			if (k == ORDER_MODE) {
				json_object_set_new(e, "mode",
						    json_string(one->mode == MODE_OBSERVE
									? "observe"
									: "enforce"));
				uint64_t left = one->end_ns > now ? one->end_ns - now : 0;
				json_object_set_new(e, "seconds_left",
						    json_integer((json_int_t)(left / second_ns)));
			}
			json_array_append_new(list, e);
		}
		json_object_set_new(all, order_kind_name((enum order_kind)k), list);
	}
	return all;
}
