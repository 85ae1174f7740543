/* SPDX-License-Identifier: MIT
 * The text of a model: characters, and the two readers that must agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "model/internal.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static void characters(void **state)
{
	(void)state;
	static const struct {
		const char *octets;
		int32_t c;
		size_t len;
	} rows[] = {
		{ "a", 'a', 1 },
		{ "\x7f", 0x7f, 1 },
		{ "\xc2\x80", 0x80, 2 },
		{ "\xdf\xbf", 0x7ff, 2 },
		{ "\xe0\xa0\x80", 0x800, 3 },
		{ "\xed\x9f\xbf", 0xd7ff, 3 },
		{ "\xee\x80\x80", 0xe000, 3 },
		{ "\xf0\x90\x80\x80", 0x10000, 4 },
		{ "\xf4\x8f\xbf\xbf", 0x10ffff, 4 },
		{ "\x80", UTF8_BAD, 0 },
		{ "\xbf", UTF8_BAD, 0 },
		{ "\xc0\x80", UTF8_BAD, 0 },
		{ "\xc1\xbf", UTF8_BAD, 0 },
		{ "\xe0\x9f\xbf", UTF8_BAD, 0 },
		{ "\xed\xa0\x80", UTF8_BAD, 0 },
		{ "\xf0\x8f\xbf\xbf", UTF8_BAD, 0 },
		{ "\xf4\x90\x80\x80", UTF8_BAD, 0 },
		{ "\xf8\x88\x80\x80\x80", UTF8_BAD, 0 },
		{ "\xff", UTF8_BAD, 0 },
		{ "\xc3", UTF8_BAD, 0 },
		{ "\xc3(", UTF8_BAD, 0 },
		{ "\xe2\x82", UTF8_BAD, 0 },
	};
	for (size_t i = 0; i < N(rows); i++) {
		size_t len;
		assert_int_equal(utf8_char(rows[i].octets, strlen(rows[i].octets), &len),
				 rows[i].c);
		if (rows[i].c != UTF8_BAD)
			assert_int_equal(len, rows[i].len);
	}
}

/* "" where the grammar refuses ours; "same" where libconfig reads the same of theirs (NULL: of
 * what it is given); else the first setting that differs, "element" where it has no name. */
static const char *compare(const char *ours, const char *theirs)
{
	static char out[64];
	struct arena *a = arena_new();
	struct errs errs;
	struct source s;
	config_t cfg;
	errs_init(&errs);
	config_init(&cfg);
	out[0] = '\0';
	const struct model_file file = { "x", ours, strlen(ours) };
	if (source_read(a, &(struct source_from){ .path = "x", .files = &file, .n_files = 1 }, &s,
			&errs)) {
		assert_int_equal(config_read_string(&cfg, theirs ? theirs : s.text), CONFIG_TRUE);
		const struct setting *d = settings_differ(s.root, config_root_setting(&cfg));
		snprintf(out, sizeof(out), "%s", !d ? "same" : d->name ? d->name : "element");
	}
	config_destroy(&cfg);
	free(s.text);
	errs_free(&errs);
	arena_free(a);
	return out;
}

static void same(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"",
		"a = 1;",
		"a = 3000000000;",
		"a = -9223372036854775807;",
		"a = 0x7fffffffffffffff;",
		"a = 5L; b : 6LL;",
		"a = [ 1, 0x2, 3000000000, -4 ];",
		"a = ( 1, \"x\", 2.5, true, ( ), [ ], { b = 1; } );",
		"a = 1e5;",
		"a = -0.5E-3;",
		"a = \"\\\\ \\\" \\n \\r \\t \\f \\x41 \\xc3\\xa4\";",
		"a = \"# // /* \"; # \"\n// \"\n/* \" */ b = TRUE; /**/",
		"a = \"\xc3\xa4\";",
		"\n\n a-b_c = { };\n",
		"a = +7; b = +0.25; c = -0;",
		"a = \"L\"; L = 5;",
	};
	for (size_t i = 0; i < N(texts); i++)
		assert_string_equal(compare(texts[i], NULL), "same");
}

/* The second reader would not be one if it overlooked these. */
static void different(void **state)
{
	(void)state;
	static const struct {
		const char *ours, *theirs, *differs;
	} rows[] = {
		{ "a = 1;", "a = 1L;", "same" },
		{ "a = 1;", "a = 2L;", "a" },
		{ "a = 1;", "a = 1;", "a" },
		{ "a = 1;", "a = 1.0;", "a" },
		{ "a = 1;", "b = 1L;", "a" },
		{ "a = 1;", "", "element" },
		{ "a = 1;", "a = 1L; b = 1L;", "element" },
		{ "a = \"x\";", "a = \"y\";", "a" },
		{ "a = \"x\";", "a = \"x\" \"y\";", "a" },
		{ "a = 0.5;", "a = 0.25;", "a" },
		{ "a = 0.0;", "a = -0.0;", "a" },
		{ "a = true;", "a = false;", "a" },
		{ "a = ( );", "a = [ ];", "a" },
		{ "a = ( 1, 2 );", "a = ( 2L, 1L );", "element" },
		{ "a = ( 1, 2 );", "a = ( 1L );", "a" },
		{ "a = { b = ( { c = 4294967297; } ); };", "a = { b = ( { c = 1L; } ); };", "c" },
	};
	for (size_t i = 0; i < N(rows); i++)
		assert_string_equal(compare(rows[i].ours, rows[i].theirs), rows[i].differs);
}

/* Each of them is read by libconfig 1.5, 1.7 or 1.8, in one way or two: 1.7 takes 010 for 8, and a
 * comma at the end of a list; 1.8 also has 0b, 0o and 0q, more escapes, and more that is a blank.
 */
static void refused(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"a = \"x\" \"y\";",
		"a = 1",
		"a = 1, b = 2;",
		"a = 010;",
		"a = -00;",
		"a = 0b101;",
		"a = 0B1L;",
		"a = 0o17;",
		"a = 0q17;",
		"a = 0x00000000000000001;",
		"a = .5;",
		"a = 5.;",
		"a = 1e400;",
		"a = ( 1, );",
		"a = [ 1, 2, ];",
		"a = 9223372036854775808;",
		"a = 0x8000000000000000;",
		"a = \"\\q\";",
		"a = \"\\a\";",
		"a = \"\\b\";",
		"a = \"\\v\";",
		"a = \"\\x00\";",
		"a = \"x\ny\";",
		"a* = 1;",
		"a = 1; /* b = 2;",
		"a = 1; /* b /* c */",
		"a = { b = 1 };",
		"a = 1LLL;",
		"a = \"\xc3\";",
		"\x0c",
		"\x07",
		"\x08",
		"\x0b",
		"a = 1;\rb = 2;",
		"a = 1; a = 2;",
	};
	for (size_t i = 0; i < N(texts); i++)
		assert_string_equal(compare(texts[i], NULL), "");
}

/* A model's files give that model, wherever they are kept, and no other file is read. */
static void given_files(void **state)
{
	(void)state;
	const char *top = getenv("top_srcdir") ? getenv("top_srcdir") : ".";
	char path[300], rules[300];
	struct errs errs;
	errs_init(&errs);
	snprintf(path, sizeof(path), "%s/conf/zoned.conf", top);
	snprintf(rules, sizeof(rules), "%s/rules", top);
	struct model *m = model_load(path, rules, &errs);
	assert_non_null(m);
	assert_true(m->n_files >= 2);
	assert_string_equal(m->files[0].path, path);
	struct model *again = model_load_files(m->files, m->n_files, m->rules_dir, &errs);
	assert_non_null(again);
	assert_true(model_eq(m, again));
	assert_int_equal(again->n_files, m->n_files);
	for (size_t i = 0; i < m->n_files; i++) {
		assert_string_equal(again->files[i].path, m->files[i].path);
		assert_int_equal(again->files[i].len, m->files[i].len);
		assert_memory_equal(again->files[i].text, m->files[i].text, m->files[i].len);
	}
	assert_int_equal(errs.total, 0);
	assert_null(model_load_files(m->files, m->n_files - 1, m->rules_dir, &errs));
	assert_int_equal(errs.total, 1);
	assert_non_null(strstr(errs.v[0].text, "there is no file to include"));
	assert_string_equal(errs.v[0].file, path);
	model_free(again);
	model_free(m);
	errs_free(&errs);
}

static void cut_between_characters(void **state)
{
	static const struct {
		const char *text;
		size_t most, fits;
	} rows[] = { { "", 3, 0 },
		     { "abc", 3, 3 },
		     { "abcd", 3, 3 },
		     { "a\xc3\xa4", 2, 1 },
		     { "a\xc3\xa4", 3, 3 },
		     { "a\xf0\x9f\x94\xa7z", 4, 1 },
		     { "a\xf0\x9f\x94\xa7z", 5, 5 } };
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(utf8_cut(rows[i].text, rows[i].most), rows[i].fits);
}

/* A model without a group daemon has the same values there as one that writes none of them. */
static void no_daemon(void **state)
{
	(void)state;
#define ZONES "zones = ( { name = \"a\"; type = \"control\"; networks = [ \"10.1.0.0/24\" ]; } );\n"
	static const char *const texts[] = { ZONES, ZONES "daemon = { };\n",
					     ZONES "daemon = { queues = 3; };\n" };
#undef ZONES
	struct model *m[N(texts)];
	struct errs errs;
	errs_init(&errs);
	for (size_t i = 0; i < N(texts); i++) {
		m[i] = model_load_text("m.conf", texts[i], strlen(texts[i]), &errs);
		assert_non_null(m[i]);
	}
	const char *keys[MODEL_START_KEYS];
	assert_int_equal(model_start_keys(m[0], m[1], keys), 0);
	assert_int_equal(model_start_keys(m[0], m[2], keys), 1);
	assert_string_equal(keys[0], "queues");
	for (size_t i = 0; i < N(texts); i++)
		model_free(m[i]);
	errs_free(&errs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cut_between_characters),
		cmocka_unit_test(characters),
		cmocka_unit_test(same),
		cmocka_unit_test(different),
		cmocka_unit_test(refused),
		cmocka_unit_test(given_files),
		cmocka_unit_test(no_daemon),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
