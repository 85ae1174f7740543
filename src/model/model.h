/* SPDX-License-Identifier: MIT
 *
 * The operator's words as plain structs: IEC 62443-3-2 zones and conduits.
 * Filled by model_load(), checked, and const from then on. All memory is in
 * the model's arena. Every thing knows its file and line for later errors.
 */
#ifndef ZONED_MODEL_MODEL_H
#define ZONED_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/addr.h"
#include "base/arena.h"
#include "base/errs.h"
#include "base/words.h"

enum {
	MODEL_NAME_MAX = 31,		/* zone, conduit, policy, asset names: [a-z0-9][a-z0-9_-]* (case kept) */
	MODEL_FILE_MAX = 16 << 20,	/* bytes of one file; more is refused */
	MODEL_ZONES_MAX = 4094,
	MODEL_OFFLOAD_MAX = 256,	/* interfaces: what the kernel takes for one flowtable */
};

struct where {
	const char *file;
	unsigned line;
};

enum zone_type { ZONE_ENTERPRISE, ZONE_DMZ, ZONE_CONTROL, ZONE_SAFETY, ZONE_WIRELESS,
		 ZONE_TEMPORARY, ZONE_EXTERNAL };

struct asset {
	struct where at;
	const char *name;
	struct addr addr;
};

struct zone {
	struct where at;
	const char *name;
	enum zone_type type;
	const char *parent;		/* name or NULL */
	const char *owner;		/* free text or NULL */
	const char *description;	/* free text or NULL */
	const char **interfaces; size_t n_interfaces;
	struct where *interfaces_at;
	struct prefix *networks; size_t n_networks;
	struct where *networks_at;
	struct asset *assets; size_t n_assets;
	uint8_t sl_t[7];		/* IAC UC SI DC RDF TRE RA, 0..4 (IEC 62443-3-2 ZCR 5.6) */
	bool has_sl_t;
};

struct flow {
	struct where at;
	enum proto proto;		/* PROTO_NONE: a plain service */
	const char *service;		/* as written ("ssh"), or NULL when l4/ports are given */
	uint8_t l4;			/* IPPROTO_TCP, _UDP, _ICMP (covers ICMPv6 too) */
	uint16_t *ports; size_t n_ports;	/* server ports; default 502, 20000, 4840 by protocol */
	const char *policy;		/* policy name, for inspected protocols */
};

struct conduit {
	struct where at;
	const char *name;
	const char *from, *to;		/* zone names; `from` opens the connections */
	size_t from_zone, to_zone;	/* indices into zones[], set by check */
	const char *description;	/* or NULL */
	enum mode mode;
	enum on_violation on_violation;
	enum fail fail;
	const char *fail_reason;	/* mandatory with fail = "open" */
	enum log_what log;
	uint8_t sl_t[7]; bool has_sl_t;
	uint32_t max_requests;		/* per second over the conduit, 0: no limit written */
	uint32_t max_writes;
	bool offload;			/* established connections leave the forward chain */
	struct where offload_at;	/* where that is written */
	struct flow *flows; size_t n_flows;
};

struct range {			/* inclusive */
	uint32_t lo, hi;
};

struct ranges {
	struct range *v; size_t n;
	bool any;		/* written as "any" */
	bool set;		/* the key was written */
};

/* One entry of a Modbus policy's allow list. A request passes when one entry
 * allows all of it; an address range must be contained in ONE written range. */
struct modbus_allow {
	struct where at;
	uint8_t functions[32];		/* bitmap of function codes 0..255 */
	const char **function_words; size_t n_function_words;	/* as written, for print */
	struct ranges units;		/* 0..255, required */
	struct ranges addresses;	/* 0..65535; FC23: the read part. Required where a function has an address */
	struct ranges write_addresses;	/* FC23 write part; required with FC23 */
	struct ranges quantity;		/* 1..2000; default: the specification's limit */
	struct ranges values;		/* 0..65535 (coils 0 or 1); required for writes */
	struct ranges subfunctions;	/* FC8; required with FC8 */
	struct ranges mei;		/* FC43; required with FC43 */
	struct ranges files;		/* FC20/21 file numbers; required with them */
};

enum { DNP3_SPANS_MAX = 8 };

/* One entry of a DNP3 policy's allow list. A request passes when one entry allows
 * all of it; its points must be contained in ONE written range, header by header. */
struct dnp3_allow {
	struct where at;
	uint8_t functions[32];		/* bitmap of function codes */
	unsigned writes;		/* "clear-restart", "time-sync": enum dnp_write of proto/dnp3/wire-objects.h */
	const char **function_words; size_t n_function_words;	/* as written, for print; and so below */
	struct ranges masters;		/* link addresses, 0..65519; required */
	struct ranges outstations;	/* 0..65535; required */
	const char **object_words; size_t n_object_words;
	struct ranges objects;		/* group << 8 | variation; required where a function has objects */
	struct ranges points;		/* indexes; required where an object has one */
	const char **operation_words; size_t n_operation_words;
	uint8_t operations;		/* bit by dnp_operations; required with g12 in control functions */
	bool any_operation;		/* reserved ones too */
	const char **trip_close_words; size_t n_trip_close_words;
	uint8_t trip_close;		/* bit by dnp_trip_close */
	bool any_trip_close;
	struct ranges count, on_time, off_time;	/* 0..255; ms */
	double analog[DNP3_SPANS_MAX][2]; size_t n_analog;	/* required with g41 */
	bool any_analog;
};

/* What holds for a whole DNP3 policy. */
struct dnp3_policy {
	bool server_is_master;	/* master = "server": the outstation opens the connection */
	bool select_before_operate, unsolicited, broadcast, secure_authentication;
	bool unwalkable;	/* what follows an object of unknown size passes */
	bool confirmed_requests;	/* requests that ask for a confirmation */
	unsigned select_timeout;	/* seconds from a select to its operate */
	unsigned outstanding;	/* unanswered requests of one outstation */
	uint32_t max_fragment;	/* octets */
	struct dnp3_allow *allow; size_t n_allow;
};

struct texts {
	const char **v; size_t n;
	struct where *at;	/* of each */
	bool any;		/* written as "any" */
	bool set;		/* the key was written */
};

enum node_form { NODE_ANY, NODE_NUMBER, NODE_STRING, NODE_STEM, NODE_GUID, NODE_OPAQUE };

/* "ns=1;i=1000-1999", "ns=1;s=Plc1.Setpoint", "ns=1;s=Plc1.*", "ns=2", "i=2258". */
struct node_pattern {
	enum node_form form;
	uint16_t ns;
	uint32_t lo, hi;	/* NODE_NUMBER */
	const char *id; size_t len;	/* the others; inside the text */
};

/* One entry of an OPC UA policy's allow list; a request passes when one entry
 * allows its service and everything it names. */
struct opcua_allow {
	struct where at;
	uint64_t services;		/* bitmap by row of ua_services */
	const char **service_words; size_t n_service_words;	/* as written, for print */
	struct texts nodes;		/* required where a service names nodes */
	struct node_pattern *patterns;	/* of each text of nodes */
	struct texts attributes; uint32_t attribute_bits;	/* required where a service names attributes */
	uint32_t least_interval; bool has_interval;	/* ms; required where a service has intervals */
	bool sampling_by_server;	/* a sampling interval of 0 passes all the same */
};

/* What holds for a whole OPC UA policy. */
struct opcua_policy {
	int security;			/* least mode: enum ua_mode of proto/opcua/wire-body.h */
	bool unsecured_discovery, reverse_connect;
	bool opaque;			/* encrypted bodies pass */
	struct texts security_policies, endpoint_urls, client_certificates, server_certificates, user_tokens;
	uint32_t max_chunk, max_message;	/* bytes; 0: the inspector's own */
	struct opcua_allow *allow; size_t n_allow;
};

struct policy {
	struct where at;
	const char *name;
	enum proto proto;
	const char *description;
	struct modbus_allow *modbus; size_t n_modbus;
	unsigned modbus_tolerates;	/* enum mb_tolerance bits of proto/modbus/wire.h */
	struct dnp3_policy *dnp3;
	struct opcua_policy *opcua;
};

struct daemon_conf {
	uint32_t mark_mask;		/* our bits of ct mark and packet mark; contiguous, default 0xffff0000 */
	uint16_t queue_base;		/* first NFQUEUE number, default 6240 */
	uint16_t queues;		/* inspector processes; 0: one per core, at most 8 */
	uint16_t log_group;		/* NFLOG group for refused flows, default 62 */
	const char *json_log;		/* path of the JSON lines file, or NULL */
	const char *syslog_facility;	/* "daemon", "auth", "local0".. ; default "local0" */
	const char *user;		/* default "zoned" */
	uint32_t max_flows;		/* inspected flows per inspector, default 16384 */
	uint32_t max_flows_per_source;	/* open ones of one address or IPv6 /64; default max_flows / 4 */
	bool fast_path;			/* judge in the kernel what can be, default true */
	bool strict;			/* do not start beside what leads packets past us, default false */
	bool lock_table;		/* keep others from changing our table where the kernel can, default true */
};

struct model {
	struct arena *arena;
	const char *path;
	const char *system_name;	/* SUC, ZCR 1 */
	const char *system_description, *system_owner;
	struct daemon_conf daemon;
	struct zone *zones; size_t n_zones;	/* zone 0 is built in: "unknown", everything not named */
	struct conduit *conduits; size_t n_conduits;
	struct policy *policies; size_t n_policies;
};

/* Parse and check one file ("-": standard input). rules_dir: where @include
 * looks after the file's own directory. Returns NULL when errs has entries. */
struct model *model_load(const char *path, const char *rules_dir, struct errs *errs);
void model_free(struct model *m);
/* Exact inverse of model_load: complete, canonical, includes resolved. */
void model_print(const struct model *m, FILE *f);
bool model_eq(const struct model *a, const struct model *b);
const struct policy *model_policy(const struct model *m, const char *name);
/* Whose interfaces a zone's packets may use: its own, else those of its nearest
 * parent that has some. NULL: any that no zone names. */
const struct zone *model_path_owner(const struct model *m, const struct zone *zn);
/* The conduits with offload; 0: none. */
size_t model_offloads(const struct model *m);
/* The interfaces of both their ends, each once, in the order of the model. How many: at most
 * MODEL_OFFLOAD_MAX, since a model with more is refused. */
size_t model_offload_interfaces(const struct model *m, const char *v[MODEL_OFFLOAD_MAX]);

#endif
