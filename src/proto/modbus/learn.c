/* SPDX-License-Identifier: MIT
 *
 * What a Modbus message needs of a policy. A request names its function, unit and ranges; the
 * values that it writes are collected. An answer needs an entry only where it has a fault that
 * a policy can tolerate.
 */
#include "base/rd.h"
#include "learn/learn.h"
#include "proto/modbus/facts.h"
#include "proto/modbus/wire.h"

enum column {
	FUNCTIONS,
	UNITS,
	ADDRESSES,
	WRITE_ADDRESSES,
	SUBFUNCTIONS,
	MEI,
	FILES,
	VALUES,
	COLUMNS_N
};
enum setting { TOLERATE, SETTINGS_N };

static void mb_learn_function(uint32_t code, struct sb *b)
{
	const struct mb_func *fn = mb_func_by_code((uint8_t)code);
	if (fn)
		sb_printf(b, "\"%s\"", fn->name);
	else
		sb_printf(b, "%u", code);
}

static void mb_learn_tolerance(uint32_t bit, struct sb *b)
{
	for (size_t i = 0; i < mb_tolerances_n; i++)
		if (mb_tolerances[i].bit == bit)
			sb_printf(b, "\"%s\"", mb_tolerances[i].name);
}

/* clang-format off */
static const struct learn_column columns[COLUMNS_N] = {
	[FUNCTIONS] = { .key = "functions", .form = LEARN_WORDS, .word = mb_learn_function },
	[UNITS] = { .key = "units", .form = LEARN_RANGES },
	[ADDRESSES] = { .key = "addresses", .form = LEARN_RANGES },
	[WRITE_ADDRESSES] = { .key = "write_addresses", .form = LEARN_RANGES },
	[SUBFUNCTIONS] = { .key = "subfunctions", .form = LEARN_RANGES },
	[MEI] = { .key = "mei", .form = LEARN_RANGES },
	[FILES] = { .key = "files", .form = LEARN_RANGES },
	[VALUES] = { .key = "values", .form = LEARN_RANGES, .collected = true },
};
static const struct learn_column settings[SETTINGS_N] = {
	[TOLERATE] = { .key = "tolerate", .form = LEARN_WORDS, .word = mb_learn_tolerance,
		.lifts = { R_RESPONSE_MISMATCH, R_LENGTH, R_TRAILING } },
};
/* clang-format on */

/* Sub-functions of 8 that only read counters or return the query; the others restart
 * communications, clear, or make a device listen only. */
static bool only_asks(uint16_t sub)
{
	return sub == 0 || sub == 2 || (sub >= 11 && sub <= 18);
}

static enum learn_kind mb_kind(const struct mb_msg *m)
{
	const struct mb_func *fn = mb_func_by_code(m->fc);
	if (!fn || (fn->classes & MB_PROGRAM) || (fn->names & MB_NAMES_FILES))
		return LEARN_PROGRAMS; /* of what is not known, the worst */
	if (m->has_sub && !only_asks(m->sub))
		return LEARN_RESTARTS;
	if (m->has_mei && m->mei != 14)
		return LEARN_WRITES;
	if (fn->values == MB_ONE_COIL || fn->values == MB_COILS)
		return LEARN_CONTROLS;
	return fn->classes & MB_WRITE ? LEARN_WRITES : LEARN_READS;
}

/* ---- values ---- */

static void mb_note_registers(struct learn *l, struct rd *r, size_t n)
{
	uint16_t least = UINT16_MAX, most = 0;
	for (size_t i = 0; i < n; i++) {
		uint16_t v = rd_be16(r);
		if (n <= 4 && !r->bad)
			learn_add(l, VALUES, v, v);
		least = v < least ? v : least;
		most = v > most ? v : most;
	}
	if (n > 4)
		learn_add(l, VALUES, least, most);
}

/* Is a 0 among them, is a 1? */
static void mb_note_coils(struct learn *l, const struct mb_msg *m)
{
	bool has[2] = { false, false };
	for (unsigned i = 0; i < m->qty && i / 8 < m->values_len; i++)
		has[m->values[i / 8] >> (i % 8) & 1] = true;
	for (unsigned v = 0; v < 2; v++)
		if (has[v])
			learn_add(l, VALUES, v, v);
}

static void mb_note_values(struct learn *l, const struct mb_msg *m, const struct mb_func *fn)
{
	struct rd r = rd_init(m->values, m->values ? m->values_len : 0);
	uint16_t lo;
	switch (fn->values) {
	case MB_ONE_COIL:
		learn_add(l, VALUES, m->values[0] ? 1 : 0, m->values[0] ? 1 : 0);
		break;
	case MB_COILS:
		mb_note_coils(l, m);
		break;
	case MB_ONE_REGISTER:
	case MB_REGISTERS:
		mb_note_registers(l, &r, m->values_len / 2u);
		break;
	case MB_RECORDS:
		for (size_t i = 0; i < m->n_files; i++) {
			rd_skip(&r, 7);
			mb_note_registers(l, &r, m->files[i].length);
		}
		break;
	case MB_MASKS: /* what may become of the register: proto/modbus/decide.c */
		lo = m->or_mask & (uint16_t)~m->and_mask;
		learn_add(l, VALUES, lo, lo | m->and_mask);
		break;
	default:
		break;
	}
}

/* ---- messages ---- */

static bool mb_learn_request(struct learn *l, const struct mb_msg *m)
{
	const struct mb_func *fn = mb_func_by_code(m->fc);
	learn_request(l, !fn || (fn->classes & (MB_WRITE | MB_PROGRAM)));
	learn_begin(l, mb_kind(m));
	learn_add(l, FUNCTIONS, m->fc, m->fc);
	learn_add(l, UNITS, m->unit, m->unit);
	if (m->has_addr && m->qty)
		learn_add(l, ADDRESSES, m->addr, m->addr + m->qty - 1.0);
	if (m->has_waddr && m->wqty)
		learn_add(l, WRITE_ADDRESSES, m->waddr, m->waddr + m->wqty - 1.0);
	if (m->has_sub)
		learn_add(l, SUBFUNCTIONS, m->sub, m->sub);
	if (m->has_mei)
		learn_add(l, MEI, m->mei, m->mei);
	for (unsigned i = 0; i < m->n_files; i++)
		learn_add(l, FILES, m->files[i].file, m->files[i].file);
	if (fn)
		mb_note_values(l, m, fn);
	learn_keep(l);
	if (m->len > MB_ADU_MAX - MB_MBAP + 1)
		learn_setting(l, LEARN_PROGRAMS, TOLERATE, MB_TOL_UMAS);
	return true;
}

/* Vendor, product, revision and so on, as the device says them. */
static void mb_learn_identity(struct learn *l, const struct mb_msg *m)
{
	struct rd r = rd_init(m->values, m->values_len);
	while (r.left && !r.bad) {
		rd_skip(&r, 1);
		uint8_t n = rd_u8(&r);
		const uint8_t *text = rd_take(&r, n);
		if (text)
			learn_says(l, text, n);
	}
}

/* The tolerance under which this answer would pass; 0: none. */
static unsigned tolerance_for(const struct event *ev)
{
	const struct ev_modbus *m = EV_MODBUS(ev);
	if (!(m->has & EVH_FIELD))
		return 0;
	switch (m->field) {
	case MB_F_UNIT:
		return MB_TOL_UNIT;
	case MB_F_TRANSACTION:
		return m->received == 0 ? MB_TOL_TRANSACTION : 0;
	case MB_F_LENGTH:
		if (m->has & EVH_EXC && m->received - m->expected <= MB_PAD_MAX)
			return m->received - m->expected == 1 ? MB_TOL_LENGTH : MB_TOL_PADDED;
		return m->received == m->expected + 1 ? MB_TOL_LENGTH : 0;
	case MB_F_VALUE:
	case MB_F_QUANTITY:
		return MB_TOL_ECHO;
	default:
		return 0;
	}
}

static bool mb_learn(struct learn *l, const struct event *ev, const void *of)
{
	const struct mb_msg *m = of;
	if (!ev->response)
		return ev->reason == R_NONE && mb_learn_request(l, m);
	if (ev->reason == R_NONE) {
		if (m->has_mei && m->mei == 14 && !m->exception && m->values)
			mb_learn_identity(l, m);
		return true;
	}
	unsigned bit = tolerance_for(ev);
	if (!bit)
		return false;
	learn_setting(l, LEARN_TOLERANCES, TOLERATE, bit);
	return true;
}

/* A tolerance may be about functions: then one of them must be permitted. */
static bool mb_setting_used(const struct learn_entries *e, unsigned setting, double v)
{
	bool about = false;
	(void)setting;
	for (size_t i = 0; i < mb_funcs_n; i++) {
		if (!(mb_funcs[i].tolerate & (unsigned)v))
			continue;
		about = true;
		if (learn_entries_have(e, FUNCTIONS, mb_funcs[i].code))
			return true;
	}
	return !about;
}

/* Every code: those with a row by what they name, the others by code and unit. */
/* clang-format off */
static const char everything[] =
	"tolerate = [ \"long-umas\" ]; allow = ("
	"{ functions = ( 1, 2, 3, 4, 24 ); units = \"any\"; addresses = \"any\"; },"
	"{ functions = ( 5, 6, 15, 16, 22 ); units = \"any\"; addresses = \"any\"; values = \"any\"; },"
	"{ functions = ( 23 ); units = \"any\"; addresses = \"any\"; write_addresses = \"any\"; values = \"any\"; },"
	"{ functions = ( 8 ); units = \"any\"; subfunctions = \"any\"; },"
	"{ functions = ( 20 ); units = \"any\"; files = \"any\"; },"
	"{ functions = ( 21 ); units = \"any\"; files = \"any\"; values = \"any\"; },"
	"{ functions = ( 43 ); units = \"any\"; mei = \"any\"; },"
	"{ units = \"any\"; functions = ( 0, 7, 9, 10, 11, 12, 13, 14, 17, 18, 19, 25, 26, 27, 28, 29, 30, 31, 32,"
	" 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60,"
	" 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87,"
	" 88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111,"
	" 112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127 ); } );";
/* clang-format on */

const struct learn_ops learn_modbus = {
	.asks = "clients",
	.answers = "devices",
	.asset_asks = "client",
	.asset_answers = "device",
	.columns = columns,
	.settings = settings,
	.n_columns = COLUMNS_N,
	.n_settings = SETTINGS_N,
	.everything = { everything },
	.least = "allow = ( { functions = [ \"read-exception-status\" ]; units = 0; } );",
	.setting_used = mb_setting_used,
	.observe = mb_learn,
};
