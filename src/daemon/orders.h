/* SPDX-License-Identifier: MIT
 * Orders over the model in force (history/orders.h): given, taken back, ended. Main thread. */
#ifndef ZONED_DAEMON_ORDERS_H
#define ZONED_DAEMON_ORDERS_H

#include "daemon/change.h"

/* Read those that are kept, from the open directory of the history. */
void orders_start(struct parent *p);
/* Lay them over the model to start with; what is over, or names nothing of it, is dropped. */
void orders_first(struct parent *p);
/* Another model is in force: what names nothing of it is dropped. */
void orders_fit(struct parent *p);
/* asked: its name, seconds and mode. False: o says why, and nothing changed. Both log what they
 * did, as an audit event. */
bool orders_give(struct parent *p, const struct change *c, enum order_kind kind,
		 const struct order *asked, struct outcome *o);
bool orders_take_back(struct parent *p, const struct change *c, enum order_kind kind,
		      const char *name, struct outcome *o);
/* Put the model in force again, with these orders instead. */
bool orders_change(struct parent *p, const struct change *c, struct orders *next,
		   struct outcome *o);
/* gates.c: lay orders over a model, and open and close its conduits by the clocks. */
void orders_lay(struct parent *p, const struct orders *o, struct model *m);
/* Conduits that open or close by the time of day; from the timer. */
void gates_tick(struct parent *p);
/* Ends those whose time is over; from the timer. */
void orders_tick(struct parent *p);

#endif
