/* SPDX-License-Identifier: MIT
 *
 * Common Event Format, version 0:
 *
 *	CEF:0|zoned|zoned|VERSION|reason|what the reason says|0-10|key=value key=value ...
 *
 * In the head '|' and '\' are escaped, in values '=' and '\'. Fields that the CEF dictionary knows
 * have its keys; others are "zoned" and the field's name without underscores (zonedValueAll for
 * value_all), since a custom key has letters and digits only.
 */
#include "record/forms.h"

#include <inttypes.h>
#include <string.h>

#include "config.h"

#include "base/utc.h"
#include "record/line.h"

enum how { AS_IT_IS, AS_MS /* since 1970 */ };

static const struct cef_key {
	const char *field, *key;
	const char *label; /* of a key such as cs1: of the field's name */
	enum how how;
	/* the key of a value that has one of these characters, and its label */
	const char *other_with, *other_key, *other_label;
	/* clang-format off */
} keys[] = {
	{ "time", "rt", NULL, AS_MS, NULL, NULL, NULL },
	{ "id", "externalId", NULL, AS_IT_IS, NULL, NULL, NULL },
	{ "event", "cat", NULL, AS_IT_IS, NULL, NULL, NULL },
	{ "gen", "cn1", "gen", AS_IT_IS, NULL, NULL, NULL },
	{ "verdict", "act", NULL, AS_IT_IS, NULL, NULL, NULL },
	{ "reason", "reason", NULL, AS_IT_IS, NULL, NULL, NULL },
	{ "conduit", "cs1", "conduit", AS_IT_IS, NULL, NULL, NULL },
	{ "policy", "cs2", "policy", AS_IT_IS, NULL, NULL, NULL },
	{ "from_zone", "cs3", "from_zone", AS_IT_IS, NULL, NULL, NULL },
	{ "to_zone", "cs4", "to_zone", AS_IT_IS, NULL, NULL, NULL },
	{ "src", "src", NULL, AS_IT_IS, ":", "c6a2", "Source IPv6 Address" },
	{ "sport", "spt", NULL, AS_IT_IS, NULL, NULL, NULL },
	{ "dst", "dst", NULL, AS_IT_IS, ":", "c6a3", "Destination IPv6 Address" },
	{ "dport", "dpt", NULL, AS_IT_IS, NULL, NULL, NULL },
	{ "proto", "app", NULL, AS_IT_IS, NULL, NULL, NULL },
	{ "src_asset", "shost", NULL, AS_IT_IS, NULL, NULL, NULL },
	{ "dst_asset", "dhost", NULL, AS_IT_IS, NULL, NULL, NULL },
	{ "in_interface", "deviceInboundInterface", NULL, AS_IT_IS, NULL, NULL, NULL },
	{ "out_interface", "deviceOutboundInterface", NULL, AS_IT_IS, NULL, NULL, NULL },
	{ "src_mac", "smac", NULL, AS_IT_IS, NULL, NULL, NULL },
	{ "dst_mac", "dmac", NULL, AS_IT_IS, NULL, NULL, NULL },
	{ "expected", "cs6", "expected", AS_IT_IS, NULL, NULL, NULL },
	{ "rule", "cs5", "rule", AS_IT_IS, NULL, NULL, NULL },
	{ "repeated", "cnt", NULL, AS_IT_IS, NULL, NULL, NULL },
	{ "since", "start", NULL, AS_MS, NULL, NULL, NULL },
};
/* clang-format on */

/* Low 0-3, medium 4-6, high 7-8, very high 9-10. */
static unsigned cef_severity(int severity)
{
	static const uint8_t of[8] = { 10, 10, 9, 7, 5, 3, 1, 0 };
	return of[severity & 7];
}

static void put_pair(struct sb *b, const char *key, const char *value)
{
	if (b->len && b->s[b->len - 1] != '|')
		sb_putc(b, ' ');
	sb_puts(b, key);
	sb_putc(b, '=');
	form_put_value(b, value, "=");
}

static void put_cef_label(struct sb *b, const char *key, const char *label)
{
	if (!label)
		return;
	sb_printf(b, " %sLabel=%s", key, label);
}

static void put_own_key(struct sb *b, const char *field, const char *value)
{
	char name[64];
	struct sb n = sb_init(name, sizeof(name));
	bool capital = true;
	sb_puts(&n, "zoned");
	for (; *field; field++) {
		char c = *field;
		if (c != '_')
			sb_putc(&n, capital && c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c);
		capital = c == '_';
	}
	put_pair(b, name, value);
}

static void put_cef_key(struct sb *b, const char *field, const char *value)
{
	char ms[24];
	struct sb t = sb_init(ms, sizeof(ms));
	uint64_t ns;
	const struct cef_key *k = NULL;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && !k; i++)
		if (strcmp(keys[i].field, field) == 0)
			k = &keys[i];
	if (!k) {
		put_own_key(b, field, value);
		return;
	}
	if (k->how == AS_MS && utc_parse(value, &ns)) {
		sb_put_number(&t, ns / 1000000);
		value = ms;
	}
	bool other = k->other_with && strpbrk(value, k->other_with);
	put_pair(b, other ? k->other_key : k->key, value);
	put_cef_label(b, other ? k->other_key : k->key, other ? k->other_label : k->label);
}

static void put_cef_head(struct sb *b, const char *id, const char *name, int severity)
{
	sb_puts(b, "CEF:0|zoned|zoned|" PACKAGE_VERSION "|");
	form_put_value(b, id, "|");
	sb_putc(b, '|');
	form_put_value(b, name, "|");
	sb_printf(b, "|%u|", cef_severity(severity));
}

void form_cef_event(struct sb *b, const struct event_view *view, const struct form *f)
{
	enum { SENTENCE = 1024, KEPT = 40 };
	char sentence[SENTENCE];
	struct sb s = sb_init(sentence, sizeof(sentence));
	struct form_fields fields = { .b = b, .put = put_cef_key };
	enum reason why = view->ev->reason;
	(void)f;
	record_sentence(&s, view);
	put_cef_head(b, reason_name(why), reason_text(why), (int)reason_severity(why));
	/* each octet of the sentence may become two */
	form_put_fields(&fields, view, 2 * s.len + KEPT);
	if (fields.left_out) {
		char left[16];
		struct sb n = sb_init(left, sizeof(left));
		sb_put_number(&n, fields.left_out);
		put_pair(b, "zonedLeftOut", left);
	}
	put_pair(b, "msg", sentence);
}

void form_cef_line(struct sb *b, const struct form_text *t, const struct form *f)
{
	(void)f;
	put_cef_head(b, "log", "what zoned says of itself", (int)t->severity);
	sb_printf(b, "rt=%" PRIu64, t->time_ns / 1000000);
	if (b->cut)
		return;
	put_pair(b, "msg", t->text);
}

void form_cef_syslog_event(struct sb *b, const struct event_view *view, const struct form *f)
{
	form_put_local_head(b, f, (int)reason_severity(view->ev->reason), view->ev->time_ns);
	form_cef_event(b, view, f);
}

void form_cef_syslog_line(struct sb *b, const struct form_text *t, const struct form *f)
{
	form_put_local_head(b, f, (int)t->severity, t->time_ns);
	form_cef_line(b, t, f);
}
