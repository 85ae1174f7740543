/* SPDX-License-Identifier: MIT
 * Conduits that are not always open: by a grant, at times, until a day. The keys; gate-times.c has
 * what they mean at a time. */
#include <string.h>

#include "base/tz.h"
#include "base/utc.h"
#include "model/internal.h"

enum {
	GRANT_DEFAULT = 8 * 3600, /* without grant_max */
	DAY_MINUTES = 24 * 60,
	DAY_SECONDS = 86400,
	DAYS = 7,
	EVERY_DAY = (1 << DAYS) - 1,
};

static const uint64_t second_ns = 1000000000u;
static const char *const days[DAYS] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };

/* ---- grants ---- */

static void load_grant_max(struct load *l, const config_setting_t *g, struct gate *out)
{
	const config_setting_t *s = config_setting_get_member(g, "grant_max");
	const char *text = get_text(l, g, "grant_max");
	uint64_t ns = 0;
	if (!s)
		return;
	if (!out->on_grant)
		complain(l, at_of(l, s),
			 "grant_max is of a conduit with open = \"on-grant\"; write that, or "
			 "remove grant_max");
	if (!text)
		return;
	bool good = duration_parse(text, &ns) && ns >= GRANT_LEAST * second_ns &&
		    ns <= GRANT_MOST * second_ns;
	if (good)
		out->grant_max_s = (uint32_t)(ns / second_ns);
	else
		complain(l, at_of(l, s),
			 "grant_max = \"%s\" is no time from 5s to 744h; write seconds, minutes or "
			 "hours as \"90s\", \"15m\", \"8h\"",
			 text);
}

/* ---- times ---- */

static int day_named(const char *name, size_t n)
{
	for (int i = 0; i < DAYS; i++)
		if (strlen(days[i]) == n && strncmp(days[i], name, n) == 0)
			return i;
	return -1;
}

/* "mon", or "mon-fri". 0: neither. */
static uint8_t days_of_text(const char *text)
{
	size_t n = strcspn(text, "-");
	int first = day_named(text, n),
	    last = text[n] ? day_named(text + n + 1, strlen(text + n + 1)) : first;
	uint8_t v = 0;
	if (first < 0 || last < 0)
		return 0;
	for (int d = first;; d = (d + 1) % DAYS) {
		v |= (uint8_t)(1 << d);
		if (d == last)
			return v;
	}
}

static void load_days(struct load *l, const config_setting_t *g, struct window *w)
{
	struct texts t = { .any = false };
	get_texts(l, g, "days", &t);
	w->days = !t.set || t.any ? EVERY_DAY : 0;
	for (size_t i = 0; i < t.n; i++) {
		uint8_t v = days_of_text(t.v[i]);
		w->days |= v;
		if (!v)
			complain(l, t.at[i],
				 "days = \"%s\" is not known; write one of \"mon\", \"tue\", "
				 "\"wed\", \"thu\", \"fri\", \"sat\", \"sun\", or a range of them "
				 "as \"mon-fri\"",
				 t.v[i]);
	}
}

/* "06:30", up to "24:00"; otherwise where it is not written. */
static uint16_t load_clock(struct load *l, const config_setting_t *g, const char *key,
			   uint16_t otherwise)
{
	const char *s = get_text(l, g, key);
	if (!s)
		return otherwise;
	bool form = strlen(s) == 5 && strspn(s, "0123456789") == 2 && s[2] == ':' &&
		    strspn(s + 3, "0123456789") == 2;
	unsigned hour = form ? (unsigned)(s[0] - '0') * 10 + (unsigned)(s[1] - '0') : 99;
	unsigned minute = form ? (unsigned)(s[3] - '0') * 10 + (unsigned)(s[4] - '0') : 99;
	if (minute < 60 && hour * 60 + minute <= DAY_MINUTES)
		return (uint16_t)(hour * 60 + minute);
	complain(l, at_of(l, config_setting_get_member(g, key)),
		 "%s = \"%s\" is no time of a day; write it as \"06:30\", up to \"24:00\"", key, s);
	return otherwise;
}

static struct window load_window(struct load *l, const config_setting_t *g)
{
	struct window w = { .at = at_of(l, g) };
	KEYS(l, g, "an entry of times", "days", "from", "to");
	load_days(l, g, &w);
	w.from = load_clock(l, g, "from", 0);
	w.to = load_clock(l, g, "to", DAY_MINUTES);
	if (w.from == w.to || w.from == DAY_MINUTES)
		complain(l, w.at, "this entry of times ends when it begins; write from and to");
	if (w.to <= w.from)
		w.to = (uint16_t)(w.to + DAY_MINUTES);
	return w;
}

static void load_windows(struct load *l, const config_setting_t *g, struct gate *out)
{
	const config_setting_t *s = config_setting_get_member(g, "times");
	const config_setting_t *list = list_of_groups(l, g, "times");
	if (list && (!items(list) || items(list) > MODEL_WINDOWS_MAX))
		complain(l, at_of(l, s), "times has %zu entries; write 1 to %d", items(list),
			 MODEL_WINDOWS_MAX);
	for (size_t i = 0; i < items(list) && i < MODEL_WINDOWS_MAX; i++) {
		out->windows = arena_grow(l->m->arena, out->windows, out->n_windows,
					  sizeof(*out->windows));
		out->windows[out->n_windows++] = load_window(l, item(list, i));
	}
}

static void load_time_zone(struct load *l, const config_setting_t *g, struct gate *out)
{
	const char *why;
	out->time_zone = get_text(l, g, "time_zone");
	if (!out->time_zone || strcmp(out->time_zone, "UTC") == 0)
		return;
	out->zone = tz_read(l->m->arena, out->time_zone, &why);
	if (!out->zone)
		complain(l, at_of(l, config_setting_get_member(g, "time_zone")),
			 "time_zone = \"%s\" %s; write a name of the IANA database, as "
			 "\"Europe/Berlin\", or \"UTC\"; the package tzdata has the database",
			 out->time_zone, why);
}

/* When clocks there first show this time, as seconds since 1970 they would be in UTC; an hour that
 * clocks leave out counts as the one before. */
static int64_t first_shown(const struct tz *zone, int64_t shown)
{
	const int32_t ahead[2] = { tz_offset(zone, shown - DAY_SECONDS),
				   tz_offset(zone, shown + DAY_SECONDS) };
	int more = ahead[1] > ahead[0];
	for (int i = 0; i < 2; i++) { /* the earlier one first */
		int64_t t = shown - ahead[i ? !more : more];
		if (tz_offset(zone, t) == ahead[i ? !more : more])
			return t;
	}
	return shown - ahead[more];
}

static void load_expires(struct load *l, const config_setting_t *g, struct gate *out)
{
	const char *text = get_text(l, g, "expires");
	uint64_t ns = 0;
	if (!text)
		return;
	out->expires = text;
	out->expires_at = at_of(l, config_setting_get_member(g, "expires"));
	if (strlen(text) != strlen("2027-03-31") || *text == '@' || !utc_parse(text, &ns))
		complain(l, out->expires_at,
			 "expires = \"%s\" is no date; write the last day as \"2027-03-31\"", text);
	out->expires_s = first_shown(out->zone, (int64_t)(ns / second_ns) + DAY_SECONDS);
}

void load_gate(struct load *l, const config_setting_t *g, struct gate *out)
{
	const config_setting_t *open = config_setting_get_member(g, "open");
	out->at = at_of(l, open ? open : g);
	out->on_grant = get_word(l, g, "open", words_open, 0);
	out->grant_max_s = out->on_grant ? GRANT_DEFAULT : 0;
	load_grant_max(l, g, out);
	load_windows(l, g, out);
	load_time_zone(l, g, out);
	load_expires(l, g, out);
	if (out->time_zone && !out->n_windows && !out->expires)
		complain(l, at_of(l, config_setting_get_member(g, "time_zone")),
			 "time_zone is of times and expires; write one of them, or remove "
			 "time_zone");
}

void check_gate(struct load *l, const struct conduit *c)
{
	if (model_has_gate(c) && c->offload)
		complain(l, c->offload_at,
			 "conduit \"%s\": the kernel would forward offloaded connections when the "
			 "conduit is closed; remove offload",
			 c->name);
}

/* ---- as text ---- */

static void print_seconds(FILE *f, const char *key, uint32_t s)
{
	const bool hours = s % 3600 == 0, minutes = s % 60 == 0;
	fprintf(f, "    %s = \"%u%c\";\n", key,
		hours	  ? s / 3600
		: minutes ? s / 60
			  : s,
		hours	  ? 'h'
		: minutes ? 'm'
			  : 's');
}

/* On the next day; 24:00 is on this one. */
static unsigned minutes_shown(uint16_t minutes)
{
	return minutes > DAY_MINUTES ? minutes - DAY_MINUTES : minutes;
}

static void print_window(FILE *f, const struct window *w)
{
	const char *before = " ";
	fputs("      { days = [", f);
	for (int d = 0; d < DAYS; d++)
		if (w->days >> d & 1) {
			fprintf(f, "%s\"%s\"", before, days[d]);
			before = ", ";
		}
	fprintf(f, " ]; from = \"%02u:%02u\"; to = \"%02u:%02u\"; }", w->from / 60, w->from % 60,
		minutes_shown(w->to) / 60, minutes_shown(w->to) % 60);
}

void print_gate(FILE *f, const struct gate *g)
{
	if (g->on_grant) {
		print_key(f, "    ", "open", "on-grant");
		print_seconds(f, "grant_max", g->grant_max_s);
	}
	for (size_t i = 0; i < g->n_windows; i++) {
		fputs(i ? ",\n" : "    times = (\n", f);
		print_window(f, &g->windows[i]);
	}
	if (g->n_windows)
		fputs("\n    );\n", f);
	print_key(f, "    ", "time_zone", g->time_zone);
	print_key(f, "    ", "expires", g->expires);
}

/* "mon-fri", "mon, wed". */
static void put_days(struct sb *b, uint8_t v)
{
	const char *before = "";
	for (int d = 0; d < DAYS && v != EVERY_DAY; d++) {
		int last = d;
		if (!(v >> d & 1))
			continue;
		while (last + 1 < DAYS && v >> (last + 1) & 1)
			last++;
		sb_printf(b, last > d ? "%s%s-%s" : "%s%s", before, days[d], days[last]);
		before = ",";
		d = last;
	}
	if (v == EVERY_DAY)
		sb_puts(b, "every day");
}

void model_put_gate(struct sb *b, const struct gate *g)
{
	const char *before = "";
	if (g->on_grant) {
		sb_puts(b, "on grant");
		before = ", ";
	}
	for (size_t i = 0; i < g->n_windows; i++, before = "; ") {
		const struct window *w = &g->windows[i];
		sb_puts(b, before);
		put_days(b, w->days);
		sb_printf(b, " %02u:%02u-%02u:%02u", w->from / 60, w->from % 60,
			  minutes_shown(w->to) / 60, minutes_shown(w->to) % 60);
	}
	if (g->n_windows)
		sb_printf(b, " (%s)", g->time_zone ? g->time_zone : "UTC");
	if (g->expires)
		sb_printf(b, "%suntil %s", g->n_windows ? ", " : before, g->expires);
}
