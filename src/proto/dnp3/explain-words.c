/* SPDX-License-Identifier: MIT
 * DNP3 requests from words: one frame with one object header. */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "proto/dnp3/explain.h"

enum {
	LINK_USER_DATA = 0xc4, /* from the master, unconfirmed */
	SEGMENT_WHOLE = 0xc0,  /* first and last */
	APP_WHOLE = 0xc0,
	QUALIFIER_ALL = 0x06,
	QUALIFIER_RANGE = 0x01, /* of 16 bits each */
	QUALIFIER_INDEX = 0x28, /* count and index of 16 bits */
};

struct said {
	const struct explain_words *w;
	const struct dnp_func *fn;
	uint64_t master, outstation, count, on, off, first, last;
	bool has_master, has_outstation, has_count, has_on, has_off, has_object, has_points,
		has_value;
	uint64_t group, var;
	int op, code; /* -1: not said */
	double value;
};

static const struct dnp_func *dnp_function_said(const struct explain_words *w)
{
	const char *names[64];
	size_t n = 0;
	const struct dnp_func *fn = dnp_func_by_name(w->v[0]);
	if (fn && !(fn->classes & DNP_ANSWER))
		return fn;
	for (size_t i = 0; i < dnp_funcs_n && n < 64; i++)
		if (!(dnp_funcs[i].classes & DNP_ANSWER))
			names[n++] = dnp_funcs[i].name;
	const char *near = name_nearest(w->v[0], names, n);
	explain_complain(w, 0, "there is no DNP3 function \"%s\" of a request%s%s%s", w->v[0],
			 near ? "; did you mean \"" : "; zoned-model(5) lists them",
			 near ? near : "", near ? "\"?" : "");
	return NULL;
}

/* "30.1" */
static bool read_object(struct said *s, const char *word)
{
	char text[16];
	snprintf(text, sizeof(text), "%s", word);
	char *dot = strchr(text, '.');
	if (!dot)
		return false;
	*dot = '\0';
	s->has_object = num_parse(text, 0, 255, &s->group) && num_parse(dot + 1, 0, 255, &s->var);
	return s->has_object;
}

static bool read_points(struct said *s, const char *word)
{
	char text[32];
	snprintf(text, sizeof(text), "%s", word);
	char *dash = strchr(text, '-');
	if (dash)
		*dash = '\0';
	s->has_points = num_parse(text, 0, 65535, &s->first) &&
			num_parse(dash ? dash + 1 : text, s->first, 65535, &s->last);
	return s->has_points;
}

static int name_among(const char *const *names, int n, const char *word)
{
	for (int i = 0; i < n; i++)
		if (strcmp(names[i], word) == 0)
			return i;
	return -1;
}

/* One word, and what belongs to it; the words that it takes. */
static size_t dnp_read_word(struct said *s, size_t i)
{
	const struct explain_named numbers[] = {
		{ "master", &s->master, &s->has_master, 65519 },
		{ "outstation", &s->outstation, &s->has_outstation, 65535 },
		{ "count", &s->count, &s->has_count, 255 },
		{ "on", &s->on, &s->has_on, UINT32_MAX },
		{ "off", &s->off, &s->has_off, UINT32_MAX },
	};
	const char *word = s->w->v[i];
	const struct explain_named *named =
		explain_named(numbers, sizeof(numbers) / sizeof(numbers[0]), word);
	char *end;
	int op = name_among(dnp_operations, 5, word), code = name_among(dnp_trip_close, 3, word);
	if (named) {
		*named->has = explain_number(s->w, i + 1, named->max, named->to);
		return 2;
	}
	if (strcmp(word, "=") == 0) {
		s->value = i + 1 < s->w->n ? strtod(s->w->v[i + 1], &end) : 0;
		s->has_value = i + 1 < s->w->n && end != s->w->v[i + 1] && !*end;
		if (!s->has_value)
			explain_complain(s->w, i + 1, "a number is missing behind \"=\"");
		return 2;
	}
	if (op >= 0 && s->op < 0)
		s->op = op;
	else if (code >= 0)
		s->code = code;
	else if (!(s->has_object ? !s->has_points && read_points(s, word) : read_object(s, word)))
		explain_complain(
			s->w, i,
			"\"%s\" is not expected here; write GROUP.VARIATION, then POINT or "
			"FIRST-LAST",
			word);
	return 1;
}

static bool is_complete(const struct said *s, size_t before)
{
	bool control = s->group == DNP_G_CONTROL && s->var == 1,
	     analog = s->group == DNP_G_ANALOG && s->var >= 1 && s->var <= 4,
	     operates = s->fn->classes & DNP_OPERATE;
	if (!s->has_master || !s->has_outstation)
		explain_complain(s->w, 0, "write master N and outstation N, the link addresses");
	if (s->fn->body != DNP_BODY_NONE && !s->has_object)
		explain_complain(s->w, 0, "%s needs an object, such as 30.1", s->fn->name);
	if (s->fn->body == DNP_BODY_NONE && s->has_object)
		explain_complain(s->w, 0, "%s has no objects", s->fn->name);
	if (operates && !control && !analog)
		explain_complain(s->w, 0, "%s in words is of 12.1, or 41.1 to 41.4", s->fn->name);
	if (operates && (!s->has_points || s->first != s->last))
		explain_complain(s->w, 0, "%s needs one point", s->fn->name);
	if (operates && control && s->op < 0)
		explain_complain(s->w, 0, "a control needs an operation, such as latch-on");
	if (operates && analog && !s->has_value)
		explain_complain(s->w, 0, "an analog output needs = VALUE");
	if (!operates && s->fn->body == DNP_BODY_OBJECTS)
		explain_complain(s->w, 0,
				 "%s cannot be written in words; give the message with --hex",
				 s->fn->name);
	return s->w->errs->total == before;
}

static void put_control_object(struct explain_octets *o, const struct said *s)
{
	static const uint8_t codes[] = { 0x00, 0x40, 0x80 };
	explain_put_le(o, (unsigned)s->op | codes[s->code < 0 ? 0 : s->code], 1);
	explain_put_le(o, s->has_count ? s->count : 1, 1);
	explain_put_le(o, s->on, 4);
	explain_put_le(o, s->off, 4);
	explain_put_le(o, 0, 1);
}

static void put_analog_object(struct explain_octets *o, const struct said *s)
{
	float f = (float)s->value;
	uint64_t bits = 0;
	if (s->var == 3)
		memcpy(&bits, &f, sizeof(f));
	else if (s->var == 4)
		memcpy(&bits, &s->value, sizeof(s->value));
	else
		bits = (uint64_t)(int64_t)s->value;
	explain_put_le(o, bits, s->var == 2 ? 2 : s->var == 4 ? 8 : 4);
	explain_put_le(o, 0, 1);
}

static void put_fragment(struct explain_octets *o, const struct said *s)
{
	bool operates = s->fn->classes & DNP_OPERATE;
	explain_put_le(o, SEGMENT_WHOLE, 1);
	explain_put_le(o, APP_WHOLE, 1);
	explain_put_le(o, s->fn->code, 1);
	if (!s->has_object)
		return;
	explain_put_le(o, s->group, 1);
	explain_put_le(o, s->var, 1);
	if (operates) {
		explain_put_le(o, QUALIFIER_INDEX, 1);
		explain_put_le(o, 1, 2);
		explain_put_le(o, s->first, 2);
		if (s->group == DNP_G_CONTROL)
			put_control_object(o, s);
		else
			put_analog_object(o, s);
	} else if (s->has_points) {
		explain_put_le(o, QUALIFIER_RANGE, 1);
		explain_put_le(o, s->first, 2);
		explain_put_le(o, s->last, 2);
	} else {
		explain_put_le(o, QUALIFIER_ALL, 1);
	}
}

/* The user data of a frame in blocks of 16, each with its CRC. */
static void put_frame(struct explain_octets *o, const struct explain_octets *user,
		      const struct said *s)
{
	explain_put_le(o, 0x6405, 2);
	explain_put_le(o, user->n + 5, 1);
	explain_put_le(o, LINK_USER_DATA, 1);
	explain_put_le(o, s->outstation, 2);
	explain_put_le(o, s->master, 2);
	explain_put_le(o, dnp3_crc(o->b, 8), 2);
	for (size_t i = 0; i < user->n; i += 16) {
		size_t n = user->n - i < 16 ? user->n - i : 16;
		explain_put(o, user->b + i, n);
		explain_put_le(o, dnp3_crc(user->b + i, n), 2);
	}
}

bool dnp_compose(const struct explain_words *w, struct explain_message *out)
{
	size_t before = w->errs->total;
	struct said s = { .w = w, .fn = dnp_function_said(w), .op = -1, .code = -1 };
	struct explain_octets user = { .n = 0 }, frame = { .n = 0 };
	if (!s.fn)
		return false;
	for (size_t i = 1; i < w->n;)
		i += dnp_read_word(&s, i);
	if (w->errs->total != before || !is_complete(&s, before))
		return false;
	put_fragment(&user, &s);
	put_frame(&frame, &user, &s);
	return explain_add(out, false, &frame);
}

/* ---- of a record ---- */

bool dnp_record_words(const struct explain_record *r, FILE *f)
{
	char text[24];
	const char *name = explain_field(r, "function", text, sizeof(text));
	const struct dnp_func *fn = name ? dnp_func_by_name(name) : NULL;
	if (!fn || (fn->classes & DNP_ANSWER) ||
	    (fn->body == DNP_BODY_OBJECTS && !(fn->classes & DNP_OPERATE)))
		return false;
	fputs(name, f);
	explain_put_field(r, f, "link_src", "master ");
	explain_put_field(r, f, "link_dst", "outstation ");
	explain_put_field(r, f, "object", "");
	const char *points = explain_field(r, "points", text, sizeof(text));
	if (points)
		fprintf(f, " %.*s",
			fn->classes & DNP_OPERATE ? (int)strcspn(points, "-") : (int)strlen(points),
			points);
	if (!(fn->classes & DNP_OPERATE))
		return true;
	explain_put_field(r, f, "operation", "");
	explain_put_field(r, f, "code", "");
	explain_put_field(r, f, "count", "count ");
	explain_put_field(r, f, "on_time", "on ");
	explain_put_field(r, f, "off_time", "off ");
	explain_put_field(r, f, "value", "= ");
	return true;
}
