/* SPDX-License-Identifier: MIT
 *
 * Orders in force: given, taken back, ended by their time. Each makes a generation of its own, for
 * the kernel and the inspectors, of the same model; the history of models has none of these. An
 * order is in force before it is kept: an emergency stop needs no disk.
 */
#include "daemon/orders.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/num.h"
#include "daemon/taps.h"

enum { RETRY_SECONDS = 10 };
static const uint64_t second_ns = 1000000000u;

/* Of this kernel, until it is started again; "": it does not say. */
static void read_boot(char out[ORDER_BOOT])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, ORDER_BOOT - 1);
	if (fd >= 0)
		close(fd);
	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
}

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
	one->end_ns = one->seconds ? clock_ns(CLOCK_BOOTTIME) + one->seconds * second_ns : 0;
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
			    "the order %s %s is dropped: the model in force has no such %s%s",
			    order_kind_name((enum order_kind)k), one->name,
			    k == ORDER_ISOLATE ? "zone" : "conduit",
			    k == ORDER_GRANT ? " with open = \"on-grant\"" : "");
			orders_remove(&p->orders, (enum order_kind)k, i);
			*changed = true;
		}
}

/* The model before one that nobody confirmed may be in force again, and with it what was ordered.
 */
void orders_fit(struct parent *p)
{
	if (!p->confirm_back)
		drop_unfit(p, &p->orders_changed);
	if (p->orders_changed)
		keep_orders(p, NULL);
	p->orders_changed = false;
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

/* A grant that is over stays one for the first tick, which ends it with an audit event; nothing is
 * open by it. */
static void orders_go_on(struct parent *p, enum order_kind kind, bool same_boot)
{
	const struct order_now now = { (int64_t)time(NULL), clock_ns(CLOCK_BOOTTIME), same_boot };
	for (size_t i = p->orders.n[kind]; i-- > 0;) {
		struct order *one = &p->orders.v[kind][i];
		uint64_t end = order_kind_ends(kind) ? order_end(one, &now) : 0;
		bool over = order_kind_ends(kind) && !end;
		one->end_ns = over ? 1 : end;
		say_order(one, kind,
			  over ? "its time ended while zoned did not run" : "still in force");
		if (!over || kind == ORDER_GRANT)
			continue;
		orders_remove(&p->orders, kind, i);
		p->orders_changed = true;
	}
}

void orders_first(struct parent *p)
{
	char boot[ORDER_BOOT];
	read_boot(boot);
	bool same_boot = *boot && strcmp(boot, p->orders.boot) == 0;
	p->orders_changed |= !same_boot && p->orders.n[ORDER_MODE] + p->orders.n[ORDER_GRANT];
	memcpy(p->orders.boot, boot, sizeof(boot));
	drop_unfit(p, &p->orders_changed);
	for (int k = 0; k < ORDER_KINDS; k++)
		orders_go_on(p, (enum order_kind)k, same_boot);
	orders_lay(p, &p->orders, p->model);
}

/* ---- a change ---- */

bool orders_change(struct parent *p, const struct change *c, struct orders *next, struct outcome *o)
{
	uint32_t before = p->generation;
	struct model *m =
		model_load_files(p->model->files, p->model->n_files, p->model->rules_dir, &o->errs);
	if (m) {
		model_keep_start_keys(m, p->model);
		orders_lay(p, next, m);
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

static bool grant_is_allowed(const struct model *m, const struct order *one, struct outcome *o)
{
	size_t i = 0;
	while (strcmp(m->conduits[i].name, one->name) != 0)
		i++;
	uint32_t most = m->conduits[i].gate.grant_max_s;
	if (one->seconds > most)
		snprintf(o->text, sizeof(o->text),
			 "conduit \"%s\" may be granted for %u seconds at a time (grant_max)",
			 one->name, most);
	return one->seconds <= most;
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
		snprintf(o->text, sizeof(o->text),
			 "the model in force has no %s \"%s\"%s; see zonectl %ss",
			 kind == ORDER_ISOLATE ? "zone" : "conduit", one.name,
			 kind == ORDER_GRANT ? " with open = \"on-grant\"" : "",
			 kind == ORDER_ISOLATE ? "zone" : "conduit");
		return refuse(p, c, o, CONTROL_NOT_FOUND);
	}
	if (kind == ORDER_GRANT && !grant_is_allowed(p->model, &one, o))
		return refuse(p, c, o, CONTROL_CONFLICT);
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
		snprintf(o->text, sizeof(o->text),
			 "there is no order \"%s\" for \"%s\"; see zonectl status",
			 order_kind_name(kind), name);
		return refuse(p, c, o, CONTROL_NOT_FOUND);
	}
	orders_remove(&next, kind, (size_t)(one - next.v[kind]));
	return orders_change(p, c, &next, o);
}

/* What is logged of an end beside the audit event. */
static void say_end(enum order_kind kind, const char *name)
{
	if (kind == ORDER_MODE)
		say(LOG_NOTICE, "the mode of conduit \"%s\" is that of the model again", name);
	else
		say(LOG_NOTICE, "conduit \"%s\" is not granted any more", name);
}

/* Its end stays what it is: a grant must not become longer by what refuses its end. */
static void order_is_over(struct parent *p, enum order_kind kind, const struct order *one)
{
	static const char *const verbs[ORDER_KINDS] = {
		[ORDER_MODE] = "mode", [ORDER_GRANT] = "revoke"
	};
	char name[sizeof(one->name)];
	memcpy(name, one->name, sizeof(name));
	const struct change c = { .verb = verbs[kind],
				  .origin = "",
				  .why = "its time is over",
				  .other = "zoned",
				  .conduit = name,
				  .mode = kind == ORDER_MODE ? "model" : NULL };
	struct outcome o;
	outcome_init(&o);
	if (orders_take_back(p, &c, kind, name, &o))
		say_end(kind, name);
	else
		p->orders_wait_ns = clock_ns(CLOCK_BOOTTIME) + RETRY_SECONDS * second_ns;
	outcome_free(&o);
}

void orders_tick(struct parent *p)
{
	uint64_t now = clock_ns(CLOCK_BOOTTIME);
	if (now < p->orders_wait_ns)
		return;
	for (int k = 0; k < ORDER_KINDS; k++)
		for (size_t i = 0; order_kind_ends((enum order_kind)k) && i < p->orders.n[k]; i++)
			if (now >= p->orders.v[k][i].end_ns) {
				order_is_over(p, (enum order_kind)k, &p->orders.v[k][i]);
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
			if (k == ORDER_MODE)
				json_object_set_new(e, "mode",
						    json_string(one->mode == MODE_OBSERVE
									? "observe"
									: "enforce"));
			if (order_kind_ends((enum order_kind)k)) {
				uint64_t left = one->end_ns > now ? one->end_ns - now : 0;
				json_int_t seconds = (json_int_t)(left / second_ns);
				json_object_set_new(e, "seconds_left", json_integer(seconds));
				json_object_set_new(e, "until", json_integer(time(NULL) + seconds));
			}
			json_array_append_new(list, e);
		}
		json_object_set_new(all, order_kind_name((enum order_kind)k), list);
	}
	return all;
}
