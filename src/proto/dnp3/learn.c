/* SPDX-License-Identifier: MIT
 *
 * What a DNP3 request needs of a policy: function, link addresses, objects and points; of controls
 * their operation, codes, counts and times; values of analog outputs are collected. Responses need
 * settings of the policy only.
 */
#include <math.h>

#include "learn/learn.h"
#include "proto/dnp3/wire-objects.h"

enum column {
	FUNCTIONS,
	MASTERS,
	OUTSTATIONS,
	OBJECTS,
	POINTS,
	OPERATIONS,
	TRIP_CLOSE,
	COUNT,
	ON_TIME,
	OFF_TIME,
	ANALOG,
	COLUMNS_N
};
enum setting {
	UNSOLICITED,
	BROADCAST,
	UNWALKABLE,
	CONFIRMED,
	INTERLEAVED,
	OUTSTANDING,
	MAX_FRAGMENT,
	SETTINGS_N
};

/* Functions that have no code of their own: writes that do only this. */
enum { CLEAR_RESTART_WORD = 256, TIME_SYNC_WORD = 257 };
enum { F_CONFIRM = 0, F_WRITE = 2, F_ENABLE = 20, F_UNSOLICITED = 130 };

static void dnp_learn_function(uint32_t code, struct sb *b)
{
	const struct dnp_func *f = code < 256 ? dnp_func_by_code((uint8_t)code) : NULL;
	if (code == CLEAR_RESTART_WORD)
		sb_puts(b, "\"clear-restart\"");
	else if (code == TIME_SYNC_WORD)
		sb_puts(b, "\"time-sync\"");
	else if (f)
		sb_printf(b, "\"%s\"", f->name);
	else
		sb_printf(b, "%u", code);
}

static void dnp_learn_object(uint32_t number, struct sb *b)
{
	sb_printf(b, "\"%u.%u\"", number >> 8, number & 255);
}

static void dnp_learn_operation(uint32_t op, struct sb *b)
{
	sb_printf(b, "\"%s\"", op < 5 ? dnp_operations[op] : "any");
}

static void dnp_learn_code(uint32_t code, struct sb *b)
{
	sb_printf(b, "\"%s\"", code < 3 ? dnp_trip_close[code] : "any");
}

/* clang-format off */
static const struct learn_column columns[COLUMNS_N] = {
	[FUNCTIONS] = { .key = "functions", .form = LEARN_WORDS, .word = dnp_learn_function },
	[MASTERS] = { .key = "masters", .form = LEARN_RANGES },
	[OUTSTATIONS] = { .key = "outstations", .form = LEARN_RANGES },
	[OBJECTS] = { .key = "objects", .form = LEARN_WORDS, .word = dnp_learn_object },
	[POINTS] = { .key = "points", .form = LEARN_RANGES },
	[OPERATIONS] = { .key = "operations", .form = LEARN_WORDS, .word = dnp_learn_operation },
	[TRIP_CLOSE] = { .key = "trip_close", .form = LEARN_WORDS, .word = dnp_learn_code },
	[COUNT] = { .key = "count", .form = LEARN_RANGES },
	[ON_TIME] = { .key = "on_time", .form = LEARN_RANGES, .collected = true },
	[OFF_TIME] = { .key = "off_time", .form = LEARN_RANGES, .collected = true },
	[ANALOG] = { .key = "analog_values", .form = LEARN_SPANS, .collected = true },
};
static const struct learn_column settings[SETTINGS_N] = {
	[UNSOLICITED] = { .key = "unsolicited", .form = LEARN_FLAG, .lifts = { R_DNP_UNSOLICITED } },
	[BROADCAST] = { .key = "broadcast", .form = LEARN_FLAG, .lifts = { R_DNP_BROADCAST } },
	[UNWALKABLE] = { .key = "unwalkable", .form = LEARN_FLAG, .lifts = { R_DNP_OBJECT, R_DNP_QUALIFIER } },
	[CONFIRMED] = { .key = "confirmed_requests", .form = LEARN_FLAG, .lifts = { R_DNP_ASKS_CONFIRM } },
	[INTERLEAVED] = { .key = "interleaved_responses", .form = LEARN_FLAG, .lifts = { R_DNP_INTERLEAVED } },
	[OUTSTANDING] = { .key = "outstanding", .form = LEARN_MOST, .standard = DNP_OUTSTANDING_DEFAULT,
		.lifts = { R_DNP_OUTSTANDING } },
	[MAX_FRAGMENT] = { .key = "max_fragment", .form = LEARN_MOST, .standard = DNP_FRAGMENT,
		.lifts = { R_DNP_FRAGMENT } },
};
/* clang-format on */

/* ---- what a request does ---- */

static bool has_object_group(const struct dnp_app *a, uint8_t group)
{
	struct dnp_walk w;
	struct dnp_head h;
	dnp_walk(&w, a);
	while (dnp_next(&w, &h))
		if (h.group == group)
			return true;
	return false;
}

static enum learn_kind dnp_kind(const struct dnp_app *a)
{
	const struct dnp_func *f = dnp_func_by_code(a->func);
	unsigned classes = f ? f->classes : 0;
	if (!f || (classes & DNP_FILE) || has_object_group(a, DNP_G_FILE))
		return LEARN_PROGRAMS; /* of what is not known, the worst */
	if (classes & (DNP_RESTART | DNP_APPLICATION))
		return LEARN_RESTARTS;
	if (classes & DNP_OPERATE)
		return LEARN_CONTROLS;
	return classes & (DNP_READ | DNP_TIME | DNP_AUTH) ? LEARN_READS : LEARN_WRITES;
}

/* ---- objects ---- */

static void dnp_note_control(struct learn *l, const struct dnp_control *c)
{
	if (c->op < 5 && !c->queue && !c->clear)
		learn_add(l, OPERATIONS, c->op, c->op);
	else
		learn_add_any(l, OPERATIONS);
	if (c->code < 3)
		learn_add(l, TRIP_CLOSE, c->code, c->code);
	else
		learn_add_any(l, TRIP_CLOSE);
	learn_add(l, COUNT, c->count, c->count);
	learn_add(l, ON_TIME, c->on_time, c->on_time);
	learn_add(l, OFF_TIME, c->off_time, c->off_time);
}

static void dnp_note_values(struct learn *l, const struct dnp_head *h, const struct dnp_point *p)
{
	struct dnp_control c;
	uint8_t status;
	double v;
	if (dnp_control(h, p, &c))
		dnp_note_control(l, &c);
	if (!dnp_analog(h, p, &v, &status))
		return;
	if (isfinite(v))
		learn_add(l, ANALOG, v, v);
	else
		learn_add_any(l, ANALOG);
}

static void dnp_note_points(struct learn *l, const struct dnp_head *h)
{
	struct dnp_points it;
	struct dnp_point p;
	bool named = h->span == DNP_RANGE || (h->indexed && (h->data || !h->count));
	bool points = dnp_has_points(h->group);
	if (points && !named)
		learn_add_any(l, POINTS);
	else if (points && h->span == DNP_RANGE)
		learn_add(l, POINTS, h->start, h->stop);
	dnp_points(&it, h);
	while (dnp_next_point(&it, &p)) {
		if (points && named && h->span != DNP_RANGE)
			learn_add(l, POINTS, p.index, p.index);
		if (!h->bare)
			dnp_note_values(l, h, &p);
	}
}

/* A policy's keys must be there where a function could use them, though this request has nothing
 * for them: a pattern mask, say. */
static void dnp_note_missing(struct learn *l, bool controls, bool values)
{
	static const unsigned of_controls[] = { OPERATIONS, TRIP_CLOSE, COUNT, ON_TIME, OFF_TIME };
	for (size_t i = 0; controls && i < sizeof(of_controls) / sizeof(of_controls[0]); i++)
		if (!learn_has(l, of_controls[i]))
			learn_add_any(l, of_controls[i]);
	if (values && !learn_has(l, ANALOG))
		learn_add_any(l, ANALOG);
}

static void dnp_note_objects(struct learn *l, const struct dnp_app *a)
{
	const struct dnp_func *f = dnp_func_by_code(a->func);
	bool operates = f && (f->classes & DNP_OPERATE), any = false, points = false;
	struct dnp_walk w;
	struct dnp_head h;
	dnp_walk(&w, a);
	while (dnp_next(&w, &h)) {
		if (h.group == DNP_G_AUTH && (h.var == 3 || h.var == 9))
			continue; /* it only wraps the request */
		any = true;
		learn_add(l, OBJECTS, h.group << 8 | h.var, h.group << 8 | h.var);
		dnp_note_points(l, &h);
		points |= dnp_has_points(h.group);
	}
	if (points && !learn_has(l, POINTS)) /* it names none of them; the key must be there */
		learn_add(l, POINTS, 0, 0);
	if (!any && (!f || f->body != DNP_BODY_NONE)) /* it names none; the key must be there */
		learn_add(l, OBJECTS, DNP_G_CLASS << 8, DNP_G_CLASS << 8);
	dnp_note_missing(l, operates && has_object_group(a, DNP_G_CONTROL),
			 operates && has_object_group(a, DNP_G_ANALOG));
}

/* ---- messages ---- */

static void dnp_learn_request(struct learn *l, const struct dnp_msg *m)
{
	const struct dnp_app *a = &m->app;
	const struct dnp_func *f = dnp_func_by_code(a->func);
	unsigned does = a->func == F_WRITE ? dnp_write_does(a) : DNP_WRITE_OTHER;
	learn_request(l, !f || !(f->classes & (DNP_READ | DNP_TIME | DNP_AUTH)));
	learn_begin(l, dnp_kind(a));
	learn_add(l, MASTERS, m->link.src, m->link.src);
	learn_add(l, OUTSTATIONS, m->link.dst, m->link.dst);
	if (does && !(does & DNP_WRITE_OTHER)) {
		if (does & DNP_CLEAR_RESTART)
			learn_add(l, FUNCTIONS, CLEAR_RESTART_WORD, CLEAR_RESTART_WORD);
		if (does & DNP_TIME_SYNC)
			learn_add(l, FUNCTIONS, TIME_SYNC_WORD, TIME_SYNC_WORD);
	} else {
		learn_add(l, FUNCTIONS, a->func, a->func);
		dnp_note_objects(l, a);
	}
	learn_keep(l);
}

/* What the policy as a whole must have for this request. Requests without answer are counted of all
 * stations of the talk together. */
static void learn_request_settings(struct learn *l, const struct event *ev, const struct dnp_msg *m)
{
	const struct dnp_func *f = dnp_func_by_code(m->app.func);
	uint64_t *waits = learn_memory(l);
	if (m->app.con)
		learn_setting(l, LEARN_TOLERANCES, CONFIRMED, 1);
	if (m->link.dst >= DNP_ADDR_BROADCAST)
		learn_setting(l, LEARN_TOLERANCES, BROADCAST, 1);
	if (f && !f->answered)
		return;
	waits[0] = ev->time_ns - waits[1] > UINT64_C(1000000000) ? 1 : waits[0] + 1;
	waits[1] = ev->time_ns;
	if (waits[0] > DNP_OUTSTANDING_DEFAULT && waits[0] <= DNP_OUTSTANDING_MAX)
		learn_setting(l, LEARN_TOLERANCES, OUTSTANDING, (double)waits[0]);
}

/* Device attributes that are texts: type 1. */
static void dnp_learn_identity(struct learn *l, const struct dnp_app *a)
{
	enum { VISIBLE = 1, USER_NAMES = 245 };
	struct dnp_walk w;
	struct dnp_head h;
	struct dnp_points it;
	struct dnp_point p;
	dnp_walk(&w, a);
	while (dnp_next(&w, &h)) {
		if (h.group != 0 || h.var < 240 || (h.var >= USER_NAMES && h.var <= 247))
			continue;
		dnp_points(&it, &h);
		while (dnp_next_point(&it, &p)) {
			struct rd r = rd_init(p.data, p.data ? p.len : 0);
			bool visible = rd_u8(&r) == VISIBLE;
			rd_skip(&r, 1);
			if (visible && !r.bad)
				learn_says(l, r.p, r.left);
		}
	}
}

/* Frames pass between stations that some entry names, though no request was seen of them. Measuring
 * delays is what changes least. */
static void dnp_learn_pair(struct learn *l, const struct dnp_link *k)
{
	enum { DELAY_MEASURE = 23 };
	uint16_t master = k->dir ? k->src : k->dst, outstation = k->dir ? k->dst : k->src;
	const struct learn_number v[] = { { FUNCTIONS, DELAY_MEASURE },
					  { MASTERS, master },
					  { OUTSTATIONS, outstation } };
	learn_fill(l, LEARN_FOR_ENDS, v, sizeof(v) / sizeof(v[0]));
}

/* The octets of a fragment so far: it may be longer than what any station must take. */
static void dnp_learn_length(struct learn *l, const struct dnp_msg *m)
{
	uint64_t *octets = &learn_memory(l)[2];
	if (!m->has_tr)
		return;
	*octets = (m->tr_fir ? 0 : *octets) + m->link.n - 1;
	if (*octets > DNP_FRAGMENT && *octets <= DNP_FRAGMENT_MAX)
		learn_setting(l, LEARN_TOLERANCES, MAX_FRAGMENT, (double)*octets);
}

static bool dnp_learn_whole(struct learn *l, const struct event *ev, const struct dnp_msg *m)
{
	if (m->walk != R_NONE)
		learn_setting(l, LEARN_TOLERANCES, UNWALKABLE, 1);
	if (m->app.response) {
		if (m->app.func != F_UNSOLICITED && m->app.fin && learn_memory(l)[0])
			learn_memory(l)[0]--; /* it answers one of them */
		if (m->app.func == F_UNSOLICITED)
			learn_setting(l, LEARN_READS, UNSOLICITED, 1);
		if (m->walk == R_NONE)
			dnp_learn_identity(l, &m->app);
	} else if (m->app.func != F_CONFIRM) {
		learn_request_settings(l, ev, m);
		dnp_learn_request(l, m);
	}
	return true;
}

static bool dnp_learn(struct learn *l, const struct event *ev, const void *of)
{
	const struct dnp_msg *m = of;
	if (ev->reason == R_DNP_DIRECTION && !m->has_app && m->link.dir == ev->response)
		learn_is_turned(l); /* the side that listens sends as a master */
	if (ev->reason == R_DNP_INTERLEAVED) {
		learn_setting(l, LEARN_TOLERANCES, INTERLEAVED, 1);
		return true;
	}
	if (ev->reason != R_NONE)
		return false;
	dnp_learn_pair(l, &m->link);
	dnp_learn_length(l, m);
	return !m->has_app || dnp_learn_whole(l, ev, m);
}

/* A permission to broadcast needs an entry with such an address. */
static bool dnp_setting_used(const struct learn_entries *e, unsigned setting, double v)
{
	(void)v;
	if (setting != BROADCAST)
		return true;
	for (unsigned a = DNP_ADDR_BROADCAST; a <= UINT16_MAX; a++)
		if (learn_entries_have(e, OUTSTATIONS, a))
			return true;
	return false;
}

/* clang-format off */
#define EVERYTHING(master) \
	master \
	"unsolicited = true; broadcast = true; unwalkable = true; confirmed_requests = true; outstanding = 16;" \
	"max_fragment = 16384; allow = (" \
	"{ functions = ( \"read\", \"write\", \"control\", \"freeze\", \"restart\", \"configure\", \"time\", \"file\"," \
	" \"application\", \"authentication\", 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51," \
	" 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78," \
	" 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100, 101, 102, 103, 104," \
	" 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126," \
	" 127, 128 ); masters = \"any\"; outstations = \"any\"; objects = [ \"any\", \"70.*\" ]; points = \"any\";" \
	" operations = \"any\"; trip_close = \"any\"; count = \"any\"; on_time = \"any\"; off_time = \"any\";" \
	" analog_values = \"any\"; } );"
/* clang-format on */

const struct learn_ops learn_dnp3 = {
	.asks = "masters",
	.answers = "outstations",
	.asset_asks = "master",
	.asset_answers = "outstation",
	.columns = columns,
	.settings = settings,
	.n_columns = COLUMNS_N,
	.n_settings = SETTINGS_N,
	.everything = { EVERYTHING(""), EVERYTHING("master = \"server\"; ") },
	.least =
		"allow = ( { functions = [ \"delay-measure\" ]; masters = 1; outstations = 1; } );",
	.turned = "master = \"server\";",
	.observe = dnp_learn,
	.setting_used = dnp_setting_used,
};
