/* SPDX-License-Identifier: MIT
 * DNP3 policies into the image. What is not written allows nothing. */
#include <string.h>

#include "compile/build.h"
#include "proto/dnp3/policy.h"
#include "proto/dnp3/words.h"

_Static_assert((int)POL_DNP_SPANS_MAX == (int)MODEL_SPANS_MAX, "as many spans as the model takes");

static size_t dnp_image_rules(const struct policy *p)
{
	return dnp3_policy_of(p)->n_allow;
}

static void dnp_image_count(const struct policy *p, struct counts *c)
{
	for (size_t k = 0; k < dnp3_policy_of(p)->n_allow; k++) {
		const struct dnp3_allow *a = &dnp3_policy_of(p)->allow[k];
		const struct ranges *all[] = { &a->masters, &a->outstations, &a->objects,
					       &a->points,  &a->count,	     &a->on_time,
					       &a->off_time };
		for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
			c->ranges += all[i]->n;
		c->strings += build_rule_strings(a->at, &a->remarks);
	}
}

static void put_rule(struct build *b, const struct dnp3_allow *a)
{
	struct pol_dnp_rule *r = build_rule(b, PROTO_DNP3, a->at, &a->remarks);
	memcpy(r->functions, a->functions, sizeof(r->functions));
	r->writes = (uint8_t)a->writes;
	r->operations = a->operations;
	r->trip_close = a->trip_close;
	r->any_operation = a->any_operation;
	r->any_trip_close = a->any_trip_close;
	r->any_analog = a->analog.any;
	r->n_analog = (uint8_t)a->analog.n;
	memcpy(r->analog, a->analog.v, sizeof(r->analog));
	r->masters = build_ranges(b, &a->masters);
	r->outstations = build_ranges(b, &a->outstations);
	r->objects = build_ranges(b, &a->objects);
	r->points = build_ranges(b, &a->points);
	r->count = build_ranges(b, &a->count);
	r->on_time = build_ranges(b, &a->on_time);
	r->off_time = build_ranges(b, &a->off_time);
}

static void dnp_image_put(struct build *b, const struct policy *p)
{
	const struct dnp3_policy *d = dnp3_policy_of(p);
	struct pol_dnp_head *h = build_head(b, PROTO_DNP3);
	*h = (struct pol_dnp_head){
		.server_is_master = d->server_is_master,
		.select_before_operate = d->select_before_operate,
		.unsolicited = d->unsolicited,
		.broadcast = d->broadcast,
		.secure_authentication = d->secure_authentication,
		.unwalkable = d->unwalkable,
		.confirmed_requests = d->confirmed_requests,
		.interleaved_responses = d->interleaved_responses,
		.select_timeout = (uint8_t)d->select_timeout,
		.outstanding = (uint8_t)d->outstanding,
		.max_fragment = (uint16_t)(d->max_fragment ? d->max_fragment : DNP_FRAGMENT),
	};
	for (size_t k = 0; k < d->n_allow; k++)
		put_rule(b, &d->allow[k]);
}

const struct build_ops build_dnp3 = { .rules = dnp_image_rules,
				      .count = dnp_image_count,
				      .put = dnp_image_put };
