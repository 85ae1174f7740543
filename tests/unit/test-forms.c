/* SPDX-License-Identifier: MIT
 *
 * The forms of records: each has the fields of the JSON object and their values, whatever octets
 * these have; and in every size there is a whole form, or none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>

#include <cmocka.h>

#include "record-sink.h"
#include "record/forms.h"
#include "record/json.h"

#define HOSTILE "p|l=a]n\"t\\ \n\r\t\x01\x7f\xff\xc3\xa4\xe2\x80\xae [x@1 a=\"b\"] end="

enum { ROOM = 8192 };
static const struct form form = { .facility = LOG_LOCAL3, .enterprise = 32473 };

/* With octets of others in each place that can have them. */
static struct event hostile_event(void)
{
	struct event ev = write_refused();
	memcpy(ev.tap, "]|=\"\\\n\xff\xc3\xa4", 9);
	return ev;
}

/* ---- readers, as strict as the forms' texts ---- */

static void set_member(json_t *o, const char *key, const char *value)
{
	assert_null(json_object_get(o, key)); /* no name is there twice */
	assert_int_equal(json_object_set_new(o, key, json_string(value)), 0);
}

static void no_strange_octets(const char *s)
{
	for (; *s; s++)
		assert_in_range((unsigned char)*s, 0x20, 0x7e);
}

/* One SD-ELEMENT (RFC 5424 6.3) that begins at s; returns what is behind it. */
static const char *read_element(const char *s, const char *id, json_t *o)
{
	assert_int_equal(*s++, '[');
	assert_memory_equal(s, id, strlen(id));
	s += strlen(id);
	while (*s == ' ') {
		char name[FORM_PARAM_NAME + 1] = "", value[ROOM] = "";
		size_t n = strcspn(++s, "= ]\"");
		assert_in_range(n, 1, FORM_PARAM_NAME);
		memcpy(name, s, n);
		s += n;
		assert_memory_equal(s, "=\"", 2);
		s += 2;
		for (n = 0; *s != '"'; value[n++] = *s++) {
			assert_int_not_equal(*s, '\0');
			assert_int_not_equal(*s, ']');
			if (*s == '\\') {
				s++;
				assert_non_null(strchr("\"\\]", *s));
			}
		}
		s++;
		set_member(o, name, value);
	}
	assert_int_equal(*s, ']');
	return s + 1;
}

static json_t *read_rfc5424(const char *s)
{
	json_t *o = json_object(), *quality = json_object();
	char head[512];
	no_strange_octets(s);
	assert_memory_equal(s, "<156>1 2023-11-14T22:13:20.042Z ", 32);
	size_t n = (size_t)(strchr(s, '[') - s);
	assert_in_range(n, 33, sizeof(head) - 1);
	memcpy(head, s, n);
	head[n] = '\0';
	assert_non_null(strstr(head, " zoned "));
	assert_non_null(strstr(head, " violation "));
	s = read_element(s + n, "timeQuality", quality);
	assert_string_equal(json_string_value(json_object_get(quality, "tzKnown")), "1");
	json_decref(quality);
	s = read_element(s, "zoned@32473", o);
	assert_memory_equal(s, " write-multiple-registers refused from ", 39);
	assert_int_not_equal(s[strlen(s) - 1], ':');
	return o;
}

/* Undo the escapes of a part of a CEF line. */
static char *cef_text(const char *s, size_t n, const char *special, char out[ROOM])
{
	size_t k = 0;
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\\') {
			assert_true(++i < n);
			assert_true(s[i] == '\\' || strchr(special, s[i]));
		} else {
			assert_null(strchr(special, s[i]));
		}
		out[k++] = s[i];
	}
	out[k] = '\0';
	return out;
}

static const char *next_unescaped(const char *s, char c)
{
	for (; *s && *s != c; s++)
		if (*s == '\\' && s[1])
			s++;
	return s;
}

/* The extension: a key begins behind a blank, and ends at '='. */
static json_t *read_cef(const char *s, unsigned severity)
{
	json_t *o = json_object();
	char text[ROOM];
	static const char *const head[] = { "CEF:0", "zoned", "zoned", NULL, NULL, NULL };
	no_strange_octets(s);
	for (unsigned i = 0; i < 6; i++) {
		const char *end = next_unescaped(s, '|');
		assert_int_equal(*end, '|');
		cef_text(s, (size_t)(end - s), "|", text);
		if (head[i])
			assert_string_equal(text, head[i]);
		s = end + 1;
	}
	assert_int_equal(strtoul(s, (char **)&s, 10), severity);
	assert_int_equal(*s++, '|');
	while (*s) {
		char key[64] = "";
		const char *is = next_unescaped(s, '='), *next = next_unescaped(is + 1, '=');
		assert_int_equal(*is, '=');
		assert_in_range(is - s, 1, sizeof(key) - 1);
		memcpy(key, s, (size_t)(is - s));
		for (const char *k = key; *k; k++)
			assert_true(isalnum((unsigned char)*k));
		const char *end = next;
		while (*next && *end != ' ')
			end--;
		set_member(o, key, cef_text(is + 1, (size_t)(end - is - 1), "=", text));
		s = *next ? end + 1 : end;
	}
	return o;
}

static json_t *read_journal(const char *s)
{
	json_t *o = json_object();
	while (*s) {
		char key[65] = "", value[ROOM] = "";
		size_t n = strcspn(s, "="), end = strcspn(s, "\n");
		assert_true(n < sizeof(key) && n < end && s[end] == '\n');
		memcpy(key, s, n);
		for (const char *k = key; *k; k++)
			assert_true(isupper((unsigned char)*k) || isdigit((unsigned char)*k) ||
				    (*k == '_' && k != key));
		memcpy(value, s + n + 1, end - n - 1);
		no_strange_octets(value);
		set_member(o, key, value);
		s += end + 1;
	}
	return o;
}

/* ---- */

static json_t *json_of(const struct event_view *view)
{
	char text[ROOM];
	struct sb b = sb_init(text, sizeof(text));
	record_json(&b, view);
	assert_false(b.cut);
	json_t *o = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(o);
	return o;
}

static const char *value_of(const json_t *v, char out[32])
{
	if (json_is_string(v))
		return json_string_value(v);
	snprintf(out, 32, "%lld", (long long)json_integer_value(v));
	return out;
}

static void name_as_is(const char *field, char out[80])
{
	snprintf(out, 80, "%s", field);
}

static void name_of_journal(const char *field, char out[80])
{
	snprintf(out, 80, "ZONED_%s", field);
	for (char *c = out; *c; c++)
		*c = (char)toupper((unsigned char)*c);
}

/* Each field of the object, with its value. */
static void has_all(json_t *o, json_t *fields, void (*name)(const char *field, char out[80]))
{
	const char *key;
	json_t *v;
	json_object_foreach (fields, key, v) {
		char own[80], number[32];
		name(key, own);
		assert_non_null(json_object_get(o, own));
		assert_string_equal(json_string_value(json_object_get(o, own)),
				    value_of(v, number));
	}
}

static void test_values(void **state)
{
	(void)state;
	char text[ROOM];
	struct pol_image *img = image(7, HOSTILE);
	struct event ev = hostile_event();
	const struct event_view view = { .img = img, .ev = &ev, .id = "0123456789ab-1" };
	json_t *fields = json_of(&view);
	assert_non_null(strstr(json_string_value(json_object_get(fields, "rule")), "p|l=a]n"));
	struct sb b = sb_init(text, sizeof(text));
	form_rfc5424_event(&b, &view, &form);
	assert_false(b.cut);
	json_t *o = read_rfc5424(text);
	has_all(o, fields, name_as_is);
	assert_int_equal(json_object_size(o), json_object_size(fields));
	json_decref(o);

	b = sb_init(text, sizeof(text));
	form_journal_event(&b, &view, &form);
	assert_false(b.cut);
	o = read_journal(text);
	has_all(o, fields, name_of_journal);
	assert_int_equal(json_object_size(o), json_object_size(fields) + 5);
	assert_string_equal(json_string_value(json_object_get(o, "PRIORITY")), "4");
	assert_string_equal(json_string_value(json_object_get(o, "SYSLOG_FACILITY")), "19");
	json_decref(o);
	json_decref(fields);
	free(img);
}

/* Keys of the dictionary where it has some; all other fields with our own. */
static void test_cef(void **state)
{
	(void)state;
	static const struct {
		const char *key, *field;
	} rows[] = { { "src", "src" },	     { "spt", "sport" },
		     { "dst", "dst" },	     { "dpt", "dport" },
		     { "app", "proto" },     { "act", "verdict" },
		     { "reason", "reason" }, { "cs1", "conduit" },
		     { "cs2", "policy" },    { "cs3", "from_zone" },
		     { "cs4", "to_zone" },   { "cs5", "rule" },
		     { "cs6", "expected" },  { "zonedCame", "came" },
		     { "zonedTap", "tap" },  { "zonedFunction", "function" },
		     { "externalId", "id" } };
	char text[ROOM], number[32];
	struct pol_image *img = image(7, HOSTILE);
	struct event ev = hostile_event();
	const struct event_view view = { .img = img, .ev = &ev, .id = "0123456789ab-1" };
	json_t *fields = json_of(&view);
	struct sb b = sb_init(text, sizeof(text));
	form_cef_event(&b, &view, &form);
	assert_false(b.cut);
	json_t *o = read_cef(text, 5);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(json_string_value(json_object_get(o, rows[i].key)),
				    value_of(json_object_get(fields, rows[i].field), number));
	assert_string_equal(json_string_value(json_object_get(o, "rt")), "1700000000042");
	assert_string_equal(json_string_value(json_object_get(o, "cs5Label")), "rule");
	/* labels of gen and six texts, and the sentence */
	assert_int_equal(json_object_size(o), json_object_size(fields) + 7 + 1);
	json_decref(o);

	assert_true(addr_parse("fd00:1::10", &ev.src));
	b = sb_init(text, sizeof(text));
	ev.reason = R_SPOOFED;
	form_cef_syslog_event(&b, &view, &form);
	assert_memory_equal(text, "<155>", 5);
	o = read_cef(strstr(text, "CEF:"), 7);
	assert_string_equal(json_string_value(json_object_get(o, "c6a2")), "fd00:1::10");
	assert_null(json_object_get(o, "src"));
	json_decref(o);
	json_decref(fields);
	free(img);
}

static size_t left_out(json_t *o, const char *key)
{
	json_t *v = json_object_get(o, key);
	return v ? strtoul(json_string_value(v), NULL, 10) : 0;
}

/* In every size: a form that a strict reader reads, in which each field is there or counted; or
 * none at all. */
static void test_sizes(void **state)
{
	(void)state;
	struct pol_image *img = image(7, HOSTILE);
	struct event ev = hostile_event();
	const struct event_view view = { .img = img, .ev = &ev, .id = "0123456789ab-1" };
	json_t *fields = json_of(&view);
	size_t n = json_object_size(fields), whole = 0;
	for (size_t size = 1; size <= 2048; size++) {
		char *text = malloc(size); /* where sanitizers see its end */
		struct sb b = sb_init(text, size);
		form_rfc5424_event(&b, &view, &form);
		if (!b.cut) {
			json_t *o = read_rfc5424(text);
			size_t left = left_out(o, "left_out");
			assert_int_equal(json_object_size(o) - (left != 0) + left, n);
			json_decref(o);
			whole++;
		}
		b = sb_init(text, size);
		form_cef_event(&b, &view, &form);
		if (!b.cut) {
			json_t *o = read_cef(text, 5);
			assert_non_null(json_object_get(o, "msg"));
			if (size < 700)
				assert_true(left_out(o, "zonedLeftOut") > 0);
			json_decref(o);
			whole++;
		}
		b = sb_init(text, size);
		form_journal_event(&b, &view, &form);
		if (!b.cut) {
			json_t *o = read_journal(text);
			size_t left = left_out(o, "ZONED_LEFT_OUT");
			assert_int_equal(json_object_size(o) - 5 - (left != 0) + left, n);
			json_decref(o);
			whole++;
		}
		free(text);
	}
	assert_in_range(whole, 3 * 1200, 3 * 2048);
	json_decref(fields);
	free(img);
}

/* What zoned says of itself may name files of any name. */
static void test_lines(void **state)
{
	(void)state;
	char text[ROOM];
	const struct form_text t = { .severity = (enum severity)LOG_CRIT,
				     .time_ns = 1700000000042000000,
				     .text = "a=b|c\\d \xc3\xa4 \n<0>forged: \xff\x7f" };
	struct sb b = sb_init(text, sizeof(text));
	form_rfc5424_line(&b, &t, &form);
	assert_memory_equal(text, "<154>1 2023-11-14T22:13:20.042Z ", 32);
	assert_non_null(strstr(text, " log [timeQuality "));
	assert_non_null(strstr(text, "] a=b|c\\d \xc3\xa4 \\x0a<0>forged: \\xff\\x7f"));
	b = sb_init(text, sizeof(text));
	form_syslog_line(&b, &t, &form);
	assert_memory_equal(text, "<154>", 5);
	assert_null(strpbrk(text, "\n\x7f\xff"));
	b = sb_init(text, sizeof(text));
	form_journal_line(&b, &t, &form);
	assert_non_null(strstr(text, "\nMESSAGE=a=b|c\\d \xc3\xa4 \\x0a<0>forged: \\xff\\x7f\n"));
	assert_ptr_equal(strstr(text, "forged: \\xff\\x7f\n") + 17, text + b.len);
	b = sb_init(text, sizeof(text));
	form_cef_line(&b, &t, &form);
	json_t *o = read_cef(text, 9);
	assert_string_equal(json_string_value(json_object_get(o, "rt")), "1700000000042");
	assert_string_equal(json_string_value(json_object_get(o, "msg")),
			    "a=b|c\\x5cd \\xc3\\xa4 \\x0a<0>forged: \\xff\\x7f");
	json_decref(o);
	b = sb_init(text, sizeof(text));
	form_json_line(&b, &t, &form);
	o = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_string_equal(json_string_value(json_object_get(o, "severity")), "critical");
	assert_string_equal(json_string_value(json_object_get(o, "event")), "log");
	json_decref(o);
	for (size_t size = 1; size < 200; size++) {
		b = sb_init(text, size);
		form_journal_line(&b, &t, &form);
		assert_true(b.len < size);
		if (!b.cut)
			assert_int_equal(text[b.len - 1], '\n');
		b = sb_init(text, size);
		form_syslog_line(&b, &t, &form);
		assert_true(b.len < size);
		b = sb_init(text, size);
		form_rfc5424_line(&b, &t, &form);
		assert_true(b.len < size);
	}
}

/* As the kernel has it of its clock; where nobody may ask, nothing is said of it. */
static void test_time_quality(void **state)
{
	(void)state;
	char text[ROOM];
	struct timex clock = { .modes = 0 };
	int known = adjtimex(&clock);
	const struct form_text t = { .severity = SEVERITY_INFO, .text = "x" };
	struct sb b = sb_init(text, sizeof(text));
	form_rfc5424_line(&b, &t, &form);
	bool synced = known >= 0 && known != TIME_ERROR && !(clock.status & STA_UNSYNC);
	assert_int_equal(strstr(text, " isSynced=\"1\" syncAccuracy=\"") != NULL, synced);
	assert_int_equal(strstr(text, " isSynced=\"0\"]") != NULL, known >= 0 && !synced);
}

/* Each reason has a severity that a receiver knows, and one of its own in CEF. */
static void test_severities(void **state)
{
	(void)state;
	unsigned n[8] = { 0 };
	for (int r = R_NONE; r < R_COUNT; r++) {
		enum severity s = reason_severity((enum reason)r);
		assert_in_range(s, SEVERITY_ERROR, SEVERITY_INFO);
		n[s]++;
	}
	assert_int_equal(n[SEVERITY_INFO], 1);
	assert_int_equal(reason_severity(R_NONE), SEVERITY_INFO);
	assert_int_equal(reason_severity(R_COUNT), SEVERITY_WARNING);
	assert_int_equal(reason_severity((enum reason)60000), SEVERITY_WARNING);
	assert_string_equal(severity_name(LOG_NOTICE), "notice");
	assert_true(n[SEVERITY_ERROR] > 5 && n[SEVERITY_NOTICE] > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),	     cmocka_unit_test(test_cef),
		cmocka_unit_test(test_sizes),	     cmocka_unit_test(test_lines),
		cmocka_unit_test(test_time_quality), cmocka_unit_test(test_severities),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
