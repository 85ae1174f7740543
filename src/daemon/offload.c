/* SPDX-License-Identifier: MIT
 *
 * Conduits with offload = true: whether the kernel offloads them, and between
 * which interfaces. What falls short of the model is logged, never silent. An
 * interface that goes leaves the flowtable unasked; one that comes (we start
 * before the network does) is put into it here.
 */
#include <net/if.h>
#include <string.h>
#include <syslog.h>

#include "daemon/parent.h"

enum { LOOK_EVERY = 10 }; /* ticks of the parent's timer: 5 s */

static void on_interface(void *ctx, const char *name)
{
	json_array_append_new(ctx, json_string(name));
}

static bool has_interface(const json_t *list, const char *name)
{
	size_t i;
	json_t *v;
	json_array_foreach (list, i, v)
		if (strcmp(json_string_value(v), name) == 0)
			return true;
	return false;
}

json_t *offload_status(const struct parent *p)
{
	const char *wanted[MODEL_OFFLOAD_MAX];
	size_t n = model_offloads(p->model);
	if (!n)
		return json_null();
	json_t *there = json_array(), *missing = json_array();
	int err = p->has_flowtable ? nft_offload_read(p->nl, on_interface, there) : 0;
	if (err)
		say(LOG_ERR, "offload: the flowtable cannot be read: %s", strerror(-err));
	size_t n_wanted = model_offload_interfaces(p->model, wanted);
	for (size_t i = 0; i < n_wanted; i++)
		if (!has_interface(there, wanted[i]))
			on_interface(missing, wanted[i]);
	return json_pack("{s:i,s:b,s:o,s:o}", "conduits", (int)n, "kernel", p->has_flowtable,
			 "interfaces", there, "missing", missing);
}

void offload_say(struct parent *p)
{
	size_t i;
	json_t *s = offload_status(p), *v;
	if (json_is_object(s) && !p->has_flowtable)
		say(LOG_WARNING,
		    "no offload: this kernel has no flowtable (modprobe -a nf_flow_table_inet "
		    "nft_flow_offload, then restart); %zu conduits with offload = true work "
		    "without it",
		    model_offloads(p->model));
	if (json_is_object(s) && p->has_flowtable) {
		say(LOG_INFO, "offload: %zu conduits, %zu interfaces", model_offloads(p->model),
		    json_array_size(json_object_get(s, "interfaces")));
		json_array_foreach (json_object_get(s, "missing"), i, v)
			say(LOG_WARNING,
			    "offload: there is no interface %s; nothing is offloaded on it until "
			    "it "
			    "is there",
			    json_string_value(v));
	}
	json_decref(s);
}

void offload_tick(struct parent *p)
{
	size_t i;
	if (!p->has_flowtable || !model_offloads(p->model) || p->offload_ticks++ % LOOK_EVERY)
		return;
	json_t *s = offload_status(p), *v;
	json_array_foreach (json_object_get(s, "missing"), i, v) {
		const char *name = json_string_value(v);
		if (if_nametoindex(name) && nft_offload_add(p->nl, name) == 0)
			say(LOG_NOTICE, "offload: interface %s is there now", name);
	}
	json_decref(s);
}
