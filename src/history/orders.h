/* SPDX-License-Identifier: MIT
 *
 * Orders of the operators: what lies over the model in force, whichever that is, until it is taken
 * back or its time is over. They are kept in "orders.json" beside the generations, and survive
 * reload, apply, rollback and restart.
 *
 *	ORDER_ISOLATE	an isolated zone: nothing passes between it, with the zones inside it, and
 *			all others (IEC 62443-3-3 SR 5.2 RE 2, island mode)
 *	ORDER_MODE	the mode of a conduit, for a time
 *	ORDER_GRANT	a conduit with open = "on-grant" is open, for a time
 */
#ifndef ZONED_HISTORY_ORDERS_H
#define ZONED_HISTORY_ORDERS_H

#include "history/history.h"

enum order_kind { ORDER_ISOLATE, ORDER_MODE, ORDER_GRANT, ORDER_KINDS };

enum {
	ORDERS_MOST = 64,		/* of each kind */
	ORDER_BOOT = 40,		/* of the text of a boot's identity, with NUL */
	ORDER_SECONDS_LEAST = 5,	/* of those that have an end */
	ORDER_SECONDS_MOST = 31 * 86400 /* a month; what is to last longer belongs into the model */
};

struct order {
	char name[MODEL_NAME_MAX + 1]; /* of a zone, or a conduit */
	int64_t since_s;	       /* since 1970 */
	uint32_t seconds;	       /* 0: until it is taken back */
	enum mode mode;		       /* ORDER_MODE */
	uint64_t end_ns;	       /* of CLOCK_BOOTTIME, where it ends: set by who runs it */
	char who[HISTORY_TEXT], why[HISTORY_TEXT];
};

struct orders {
	struct order v[ORDER_KINDS][ORDERS_MOST];
	size_t n[ORDER_KINDS];
	/* The last number of a generation; those that only orders made are in no history. */
	uint32_t generation;
	/* Of the kernel that ran when they were kept; "": not known. Its clock ends them, too: it
	 * cannot be set. */
	char boot[ORDER_BOOT];
};

/* From dir. What cannot be read as orders is renamed to "orders.json.unreadable" and *unreadable is
 * set: there are none then. 0 or -errno */
int orders_read(int dir, struct orders *o, bool *unreadable);
/* All of it or, when this fails, the old ones. 0 or -errno */
int orders_keep(int dir, const struct orders *o);
const char *order_kind_name(enum order_kind kind); /* "isolate", "mode", "grant" */
static inline bool order_kind_ends(enum order_kind kind)
{
	return kind != ORDER_ISOLATE;
}
struct order *orders_find(struct orders *o, enum order_kind kind, const char *name);
/* In the place of one with its name, or as another. False: there is no room. */
bool orders_put(struct orders *o, enum order_kind kind, const struct order *one);
void orders_remove(struct orders *o, enum order_kind kind, size_t i);
/* Seconds that are left at this time: never more than it was given, whatever became of the clock,
 * and none if that is before the order. UINT32_MAX: it has no end. */
uint32_t order_left(const struct order *one, int64_t now_s);
/* What the clocks say. same_boot: that of CLOCK_BOOTTIME has run on since the order was kept. */
struct order_now {
	int64_t wall_s;
	uint64_t boot_ns;
	bool same_boot;
};
/* The end, of CLOCK_BOOTTIME, of one that was kept and has an end: where that clock has run on, as
 * it was, whoever set the clock of the day; otherwise by the clock of the day. No later than its
 * seconds from now. 0: it is over. */
uint64_t order_end(const struct order *one, const struct order_now *now);
/* Has the model what this order names? */
bool order_fits(const struct model *m, enum order_kind kind, const char *name);
/* The model as ordered. Names that it does not have do nothing. */
void orders_over(const struct orders *o, struct model *m);

#endif
