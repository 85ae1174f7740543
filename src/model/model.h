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
#include "base/sb.h"
#include "base/words.h"

enum {
	/* zone, conduit, policy, asset names: [a-z0-9][a-z0-9_-]* (case kept) */
	MODEL_NAME_MAX = 31,
	MODEL_FILE_MAX = 16 << 20, /* bytes of one file; more is refused */
	MODEL_ZONES_MAX = 4094,
	MODEL_NUMBERS_MAX = 65000, /* zones and classes of assets together */
	MODEL_SPANS_MAX = 8,	   /* pairs of one list of values */
	MODEL_OFFLOAD_MAX = 256,   /* interfaces: what the kernel takes for one flowtable */
	MODEL_COMMENT_MAX = 400,   /* octets of a comment */
	MODEL_REMARK_MAX = 100,	   /* octets of a ticket, or an owner */
	MODEL_TAPS_MAX = 8,	   /* processes that read a mirror */
	MODEL_ENDS_MAX = 256,	   /* entries of one list of ends */
	MODEL_ENDS_TEXT = 120,	   /* octets of a list of ends in messages; more is "..." */
	MODEL_WINDOWS_MAX = 16,	   /* of one conduit */
};

struct where {
	const char *file;
	unsigned line;
};

enum zone_type {
	ZONE_ENTERPRISE,
	ZONE_DMZ,
	ZONE_CONTROL,
	ZONE_SAFETY,
	ZONE_WIRELESS,
	ZONE_TEMPORARY,
	ZONE_EXTERNAL
};

struct asset {
	struct where at;
	const char *name;
	struct addr addr;
	uint8_t mac[6];
	bool has_mac, bound; /* bound: packets from it have this MAC address, or are refused */
	size_t class; /* of struct model's classes, from n_zones on; 0: in no end of a conduit */
};

/* Assets of one zone that are in the same ends of conduits, so that the rules need not tell them
 * apart. Its number is n_zones and more: zones and classes are numbered together. */
struct asset_class {
	size_t zone;
	const struct asset *first; /* one of them */
};

struct zone {
	struct where at;
	const char *name;
	enum zone_type type;
	const char *parent;	 /* name or NULL */
	const char *owner;	 /* free text or NULL */
	const char *description; /* free text or NULL */
	const char **interfaces;
	size_t n_interfaces;
	struct where *interfaces_at;
	struct prefix *networks;
	size_t n_networks;
	struct where *networks_at;
	bool any; /* networks = "any": all addresses that no zone has, which are in networks */
	struct where any_at;
	struct asset *assets;
	size_t n_assets;
	uint8_t sl_t[7]; /* IAC UC SI DC RDF TRE RA, 0..4 (IEC 62443-3-2 ZCR 5.6) */
	bool has_sl_t;
};

/* Server ports, both included; one port: the same twice. */
struct port_range {
	uint16_t lo, hi;
};

/* What a flow without ports is: of ICMP a type of requests, with their replies; a protocol else. */
struct ip_kind {
	uint8_t l4;   /* IPPROTO_*; ICMP and ICMPv6 apart */
	uint8_t type; /* of ICMP */
};

/* What the reader is told of an entry, and records tell of its ticket and owner. */
struct remarks {
	const char *comment, *ticket, *owner; /* or NULL */
};

struct flow {
	struct where at;
	struct remarks remarks;
	enum proto proto;    /* PROTO_NONE: a plain service */
	const char *service; /* as written ("ssh"), or NULL when l4/ports are given */
	uint8_t l4; /* IPPROTO_TCP, _UDP; _ICMP: kinds of ICMP and ICMPv6; _RAW: other kinds */
	/* server ports; the default is the protocol's own; ranges of flows without inspection only
	 */
	struct port_range *ports;
	size_t n_ports;
	struct ip_kind *kinds; /* where there are no ports */
	size_t n_kinds;
	const char *policy; /* policy name, for inspected protocols */
};

/* A service of the model's own, under its name. */
struct own_service {
	const char *name;
	const char *description; /* or NULL */
	struct flow what;	 /* its transport and ports, or kinds */
};

/* What is written in `from` or `to`: one name, or a list of them. */
#define MODEL_ASSET_END "asset:"
#define MODEL_GROUP_END "group:"
struct conduit_end {
	struct where at;
	const char *name; /* as written */
	size_t *ends;	  /* zones and classes that it means, set by check */
	size_t n_ends;
};

/* Numbers of zones or classes. */
struct end_pair {
	size_t from, to;
};

/* Two zones that a conduit joins: one of its `from`, and one of its `to`. */
struct leg {
	size_t from, to; /* indices into zones[] */
	bool isolated;	 /* by order: one of the two is in an isolated zone, and the other is not */
	bool part;	 /* of assets of one of them, not of all of both */
	/* What of the two zones is meant, in the order of numbers; none: all of both. */
	struct end_pair *pairs;
	size_t n_pairs;
};

enum {
	GRANT_LEAST = 5,	 /* seconds of a grant */
	GRANT_MOST = 31 * 86400, /* a month; what is to last longer belongs into the model */
};

/* Minutes of a day, by local clocks: from <= the time < to. */
struct window {
	struct where at;
	uint8_t days;	   /* bits, Monday the lowest: on which it begins */
	uint16_t from, to; /* to > 1440: on the next day */
};

/* When a conduit is there; all zero: always. */
struct gate {
	struct where at;
	bool on_grant;	      /* while somebody has granted it (zonectl grant), */
	uint32_t grant_max_s; /* for at most so long */
	struct window *windows;
	size_t n_windows;
	const char *time_zone; /* as written; NULL: UTC, as zone */
	const struct tz *zone;
	const char *expires; /* the last day, as written; or NULL */
	int64_t expires_s;   /* the end of that day, since 1970 */
	struct where expires_at;
};

/* Why a conduit with a gate is closed, now or when its opening is over. */
enum gate_shut { SHUT_NOT_GRANTED, SHUT_OUTSIDE, SHUT_EXPIRED, SHUT_WAYS };

struct conduit {
	struct where at;
	const char *name;
	const char *from, *to; /* for people; `from` opens the connections */
	struct conduit_end *from_ends, *to_ends;
	size_t n_from, n_to;
	struct leg *legs; /* set by check */
	size_t n_legs;
	const char *description; /* or NULL */
	struct remarks remarks;
	enum mode mode;
	enum on_violation on_violation;
	enum fail fail;
	const char *fail_reason; /* mandatory with fail = "open" */
	enum log_what log;
	uint8_t sl_t[7];
	bool has_sl_t;
	uint32_t max_requests; /* per second over the conduit, 0: no limit written */
	uint32_t max_writes;
	bool offload;		 /* established connections leave the forward chain */
	struct where offload_at; /* place of this setting */
	struct gate gate;
	struct flow *flows;
	size_t n_flows;
	/* Orders over the model (history/orders.h), as leg.isolated; none is of the text, and none
	 * is printed. */
	bool mode_is_ordered; /* then this instead of mode */
	enum mode mode_ordered;
	uint64_t granted_until_ns; /* of CLOCK_BOOTTIME; 0: it is not */
	/* Of a conduit with a gate, by model_gates_set(): open until this time of CLOCK_BOOTTIME,
	 * 0: closed. An element of the ruleset ends then by the kernel's own timeout. */
	uint64_t open_until_ns;
	enum gate_shut shut;
};

struct range { /* inclusive */
	uint32_t lo, hi;
};

struct ranges {
	struct range *v;
	size_t n;
	bool any; /* written as "any" */
	bool set; /* the key was written */
};

struct spans { /* pairs of the least and the most, inclusive */
	double v[MODEL_SPANS_MAX][2];
	size_t n;
	bool any; /* written as "any" */
	bool set; /* the key was written */
};

struct texts {
	const char **v;
	size_t n;
	struct where *at; /* of each */
	bool any;	  /* written as "any" */
	bool set;	  /* the key was written */
};

/* Assets under one name, for the ends of conduits. */
struct asset_group {
	struct where at;
	const char *name, *description; /* description: or NULL */
	struct texts assets;
};

struct policy {
	struct where at;
	const char *name;
	enum proto proto;
	const char *description;
	void *of; /* struct NAME_policy of proto/NAME/words.h */
};

/* Packets around what is refused, as files. */
struct evidence_keys {
	const char *directory;	/* NULL: none are kept */
	uint32_t size;		/* MB of all files, default 64 */
	uint32_t age;		/* days of a file, default 90 */
	uint32_t before, after; /* packets, default 20 */
	uint32_t snap;		/* octets of a packet, default 2048 */
	uint32_t memory;	/* MB for the last packets of each inspector, default 4 */
};

enum { MODEL_ROLE_GROUPS = 16 };

/* Groups of users of this machine, for the control socket. Root and zoned's own user are engineers;
 * without any of these, who may connect is a viewer. */
struct role_keys {
	struct texts viewer, operator, engineer;
};

enum { MODEL_OUTPUTS_MAX = 7 };

/* Where records go. */
struct log_output {
	struct where at;
	const char *type;	   /* "syslog", "rfc5424", "json", "journald", "cef", "store" */
	const char *socket, *file; /* one of the two */
	const char *facility;	   /* NULL: it has none, as the numbers that are 0 */
	uint32_t enterprise;
	uint32_t size, age; /* MB, days */
	bool says;	    /* takes what zoned says of itself, too */
};

struct daemon_conf {
	/* our bits of ct mark and packet mark; contiguous, default 0xffff0000 */
	uint32_t mark_mask;
	uint16_t queue_base;	    /* first NFQUEUE number, default 6240 */
	uint16_t queues;	    /* inspector processes; 0: one per core, at most 8 */
	uint16_t log_group;	    /* NFLOG group for refused flows, default 62 */
	const char *json_log;	    /* path of the JSON lines file, or NULL */
	const char *metrics_socket; /* for a collector, or NULL */
	struct evidence_keys evidence;
	const char *syslog_facility; /* "daemon", "auth", "local0".. ; default "local0" */
	/* besides json_log; none written: syslog */
	struct log_output outputs[MODEL_OUTPUTS_MAX];
	size_t n_outputs;
	const char *user;	  /* default "zoned" */
	uint32_t max_connections; /* inspected ones per inspector, default 16384 */
	/* open ones of one address or IPv6 /64; default max_connections / 4 */
	uint32_t max_connections_per_source;
	bool fast_path; /* judge in the kernel what can be, default true */
	/* do not start beside what leads packets past us, default false */
	bool strict;
	/* keep others from changing our table where the kernel can, default true */
	bool lock_table;
	struct role_keys roles;
	/* who may change what is in force: directory of public keys; a signature by one of them;
	 * so many people for a change, default 1 */
	const char *trusted_keys;
	bool require_signature;
	uint32_t approvals;
};

/* An interface with source = "tap": mirrored packets, which are judged and recorded. */
struct tap {
	struct where at;
	const char *name;   /* of the interface */
	bool reactive;	    /* a refused connection is blocked and reset */
	const char *filter; /* pcap-filter(7), or NULL */
	struct where enforce_at, filter_at;
	uint32_t buffer_mb; /* of the kernel's ring */
	uint32_t snap_length;
	uint32_t delay_ms; /* packets wait so long in the ring at most; 0: for nothing */
};

/* What mode = "observe" of the whole site means, for whoever might take it for protection. */
#define MODEL_WATCHES_TEXT \
	"this site is only watched, by mode = \"observe\": nothing is refused, and all that " \
	"would " \
	"be is recorded"

enum { MODEL_OLD_KEYS = 4 };

/* A key that is still read, and has another name now. */
struct old_key {
	struct where at;
	const char *name, *now;
};
#define OLD_KEY_TEXT "%s is an old name, and still read; write %s" /* with name and now */

/* A file that a model was read from. */
struct model_file {
	const char *path; /* as errors name it */
	const char *text; /* len octets and a NUL */
	size_t len;
};

/* What clocks say. */
struct gate_now {
	uint64_t wall_ns; /* since 1970 */
	uint64_t boot_ns; /* CLOCK_BOOTTIME */
	int64_t seen_s;	  /* a time since 1970 that has been, though the clock may be behind it */
};

struct model {
	struct arena *arena;
	const char *path;
	const char *rules_dir;	  /* where includes were looked for; "" */
	struct model_file *files; /* path's, then each that was included, once */
	size_t n_files;
	const char *signature;	 /* what is beside it as path.sig; NULL: nothing is */
	const char *system_name; /* SUC, ZCR 1 */
	const char *system_description, *system_owner;
	/* MODE_OBSERVE: the whole site is only watched. Then nothing is refused anywhere, and every
	 * conduit is observed */
	enum mode mode;
	struct where mode_at;
	struct daemon_conf daemon;
	/* zone 0 is built in: "unknown", everything not named */
	struct zone *zones;
	size_t n_zones;
	struct conduit *conduits;
	size_t n_conduits;
	struct policy *policies;
	size_t n_policies;
	struct own_service *services;
	size_t n_services;
	struct asset_group *groups;
	size_t n_groups;
	struct asset_class *classes; /* set by check */
	size_t n_classes;
	struct tap *taps;
	size_t n_taps;
	/* those that the text has */
	struct old_key old_keys[MODEL_OLD_KEYS];
	size_t n_old_keys;
	/* By model_gates_set(), none is of the text: for which clocks, and when there is a change
	 * that nobody asks for, but for a grant's end (CLOCK_BOOTTIME; UINT64_MAX: none). */
	struct gate_now gates_at;
	uint64_t gates_change_ns;
};

/* Parse and check one file ("-": standard input). rules_dir: where @include
 * looks after the file's own directory. Returns NULL when errs has entries. */
struct model *model_load(const char *path, const char *rules_dir, struct errs *errs);
/* The same of a text that includes nothing, such as model_print() makes; name: for errors. */
struct model *model_load_text(const char *name, const char *text, size_t len, struct errs *errs);
/* The same of n files in memory, v[0] with its includes: what is not among them is not there. The
 * files of a model (files, rules_dir) give that model. */
struct model *model_load_files(const struct model_file *v, size_t n, const char *rules_dir,
			       struct errs *errs);
/* Without a text: it has none. */
void model_set_signature(struct model *m, const char *text);
void model_free(struct model *m);
/* Exact inverse of model_load: complete, canonical, includes resolved. */
void model_print(const struct model *m, FILE *f);
/* What it prints, *len octets and a NUL; malloc'ed; NULL: no memory. */
char *model_text(const struct model *m, size_t *len);
bool model_eq(const struct model *a, const struct model *b);
/* NULL: it has none of this name. */
const struct own_service *model_service(const struct model *m, const char *name);
/* The flow's ticket and owner, or else its conduit's. */
static inline const char *model_ticket(const struct conduit *c, const struct flow *f)
{
	return f->remarks.ticket ? f->remarks.ticket : c->remarks.ticket;
}
static inline const char *model_owner(const struct conduit *c, const struct flow *f)
{
	return f->remarks.owner ? f->remarks.owner : c->remarks.owner;
}
/* TCP and UDP. */
static inline bool model_flow_has_ports(const struct flow *f)
{
	return f->n_kinds == 0;
}
bool model_flow_has_kind(const struct flow *f, uint8_t l4, uint8_t type);
/* An element of the list under this key ("icmp_types", "icmpv6_types", "ip_protocols"): a name, or
 * a number that may be none of it. False: it is neither. */
bool model_kind_named(const char *key, const char *text, struct ip_kind *out);
enum { KIND_TEXT = 24 };
/* Its name, or number; n: KIND_TEXT. */
void model_kind_text(const struct ip_kind *k, char *out, size_t n);
/* What of a flow is not its policy, in words: " tcp 80 8000-8010", " icmp echo". */
void model_put_flow(struct sb *b, const struct flow *f);
/* Is it a server port of this flow? */
bool model_flow_has(const struct flow *f, uint16_t port);
bool model_taps_eq(const struct model *a, const struct model *b);
enum { MODEL_START_KEYS = 32 };
/* The names of the keys that take effect only with a start, and are not the same in both; returns
 * their number. */
size_t model_start_keys(const struct model *a, const struct model *b,
			const char *v[MODEL_START_KEYS]);
/* m has these as running has them, from now on. */
void model_keep_start_keys(struct model *m, const struct model *running);
const struct policy *model_policy(const struct model *m, const char *name);
/* The zone whose interfaces zn's packets may use: zn if it has interfaces, else its nearest
 * parent that has some. NULL: none has; they may use any interface that no zone names. */
const struct zone *model_path_owner(const struct model *m, const struct zone *zn);
/* The conduit's leg between these zones, or NULL. */
static inline const struct leg *model_leg(const struct conduit *c, size_t from, size_t to)
{
	for (size_t i = 0; i < c->n_legs; i++)
		if (c->legs[i].from == from && c->legs[i].to == to)
			return &c->legs[i];
	return NULL;
}
/* What a leg joins: pair i of it, of model_leg_pairs(). */
static inline size_t model_leg_pairs(const struct leg *g)
{
	return g->n_pairs ? g->n_pairs : 1;
}
static inline struct end_pair model_leg_pair(const struct leg *g, size_t i)
{
	return g->n_pairs ? g->pairs[i] : (struct end_pair){ g->from, g->to };
}
bool model_leg_has(const struct leg *g, size_t from, size_t to);
/* Has the conduit something between such ends, by their zones or as the assets they are? */
bool model_joins(const struct conduit *c, const struct end_pair *zones,
		 const struct end_pair *classes);
/* The zone of a zone or class. */
static inline size_t model_end_zone(const struct model *m, size_t end)
{
	return end < m->n_zones ? end : m->classes[end - m->n_zones].zone;
}
/* For people: the name of a zone, or "asset:NAME". out: MODEL_END_TEXT */
enum { MODEL_END_TEXT = MODEL_NAME_MAX + sizeof(MODEL_ASSET_END) };
const char *model_end_text(const struct model *m, size_t end, char *out);
/* Has some asset to have its MAC address? */
bool model_binds(const struct model *m);
/* The class of an address; 0: it has none. */
size_t model_class_of(const struct model *m, size_t zone, const struct addr *a);
/* In the order in which they count: by classes (0: none) and zones of the client and the server,
 * the ends by which a conduit may be meant. Returns their number. */
enum { MODEL_RANKS = 4 };
size_t model_ranks(const struct end_pair *zones, const struct end_pair *classes,
		   struct end_pair out[MODEL_RANKS]);
/* Flows of all legs: of each conduit, of each leg of it, its flows are numbered in this order. */
static inline size_t model_leg_flows(const struct model *m)
{
	size_t n = 0;
	for (size_t i = 0; i < m->n_conduits; i++)
		n += m->conduits[i].n_legs * m->conduits[i].n_flows;
	return n;
}
/* As ordered, or as the model says. */
static inline enum mode model_mode_of(const struct conduit *c)
{
	return c->mode_is_ordered ? c->mode_ordered : c->mode;
}
/* Is there a time when it is closed? */
static inline bool model_has_gate(const struct conduit *c)
{
	return c->gate.on_grant || c->gate.n_windows || c->gate.expires;
}
/* Closed, by what was set last; in a model that was only read all conduits with a gate are. */
static inline bool model_is_shut(const struct conduit *c)
{
	return model_has_gate(c) && !c->open_until_ns;
}
/* What a gate is at a time. */
struct gate_state {
	uint64_t open_until_ns; /* as in struct conduit */
	enum gate_shut shut;
	uint64_t changes_ns; /* CLOCK_BOOTTIME of the next change but a grant's end; UINT64_MAX:
				none */
};
struct gate_state gate_at(const struct conduit *c, const struct gate_now *now);
/* Open and close all conduits with a gate as it is at this time, with what is granted. */
void model_gates_set(struct model *m, const struct gate_now *now);
/* All are open; for who judges messages that were sent. Is there any? */
bool model_gates_open(struct model *m);
/* Has this gate a window at this time, seconds since 1970? */
bool gate_is_within(const struct gate *g, int64_t t);
/* The first time after t at which that changes, at most 8 days later; INT64_MAX: it has no windows.
 */
int64_t gate_changes(const struct gate *g, int64_t t);
/* When it is there, in words: "mon-fri 06:00-14:00 (Europe/Berlin)"; nothing for always. */
void model_put_gate(struct sb *b, const struct gate *g);
/* What becomes of its packets while nobody can judge them: where the whole site is only watched
 * they pass, whatever the conduit says. */
static inline enum fail model_fail_of(const struct model *m, const struct conduit *c)
{
	return m->mode == MODE_OBSERVE ? FAIL_OPEN : c->fail;
}
/* The conduits with offload; 0: none. */
size_t model_offloads(const struct model *m);
/* The interfaces of both ends of these conduits, each once, in the order of the model. Returns
 * their number: at most MODEL_OFFLOAD_MAX, since a model with more is refused. */
size_t model_offload_interfaces(const struct model *m, const char *v[MODEL_OFFLOAD_MAX]);

#endif
