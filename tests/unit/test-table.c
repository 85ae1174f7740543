/* SPDX-License-Identifier: MIT
 * Tables of zonectl: widths of letters, and texts that would change a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zonectl/table.h"

static void widths(void **state)
{
	(void)state;
	assert_int_equal(table_width(""), 0);
	assert_int_equal(table_width("pump"), 4);
	assert_int_equal(table_width("Kl\xc3\xa4r"), 4);
	assert_int_equal(table_width("Kla\xcc\x88r"), 4); /* the dots as a letter of their own */
	assert_int_equal(table_width("\xe6\xb0\xb4"), 2);
}

static char *printed(const char *first, const char *second)
{
	static const struct table_column columns[] = { { "NAME", "name", false },
						       { "N", "n", true },
						       { "TEXT", "text", false } };
	const char *names[] = { first, second };
	char *text = NULL;
	size_t n = 0;
	FILE *f = tmpfile(); /* a file has a number, which a memory stream has not */
	struct table *t = table_new(columns, 3);
	assert_non_null(f);
	assert_non_null(t);
	for (size_t i = 0; i < 2; i++) {
		table_add(t, json_string(names[i]), TABLE_RED);
		table_add(t, json_integer(i ? 1000 : 7), TABLE_PLAIN);
		table_add(t, i ? json_null() : json_string("x"), TABLE_PLAIN);
	}
	json_t *o = table_json(t);
	assert_int_equal(json_array_size(o), 2);
	assert_string_equal(json_string_value(json_object_get(json_array_get(o, 0), "name")),
			    first);
	json_decref(o);
	assert_true(table_print(t, f));
	table_free(t);
	n = (size_t)ftell(f);
	rewind(f);
	text = calloc(1, n + 1);
	assert_int_equal(fread(text, 1, n, f), n);
	fclose(f);
	return text;
}

static void columns(void **state)
{
	(void)state;
	char *text = printed("Kl\xc3\xa4ranlage", "b");
	assert_string_equal(text, "NAME           N  TEXT\n"
				  "Kl\xc3\xa4ranlage     7  x\n"
				  "b           1000\n");
	free(text);
}

static void terminal(void **state)
{
	(void)state;
	char *text = printed("a\033[2Jb", "c\nd\xc2\x9b");
	assert_string_equal(text, "NAME       N  TEXT\n"
				  "a?[2Jb     7  x\n"
				  "c?d?    1000\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(widths),
		cmocka_unit_test(columns),
		cmocka_unit_test(terminal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
