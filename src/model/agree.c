/* SPDX-License-Identifier: MIT
 *
 * The second reader. libconfig reads the text that the grammar read (text.h), and both
 * trees must be the same, value by value. So a fault in one of them is an error that
 * is reported, not taken for a policy that means something else.
 */
#include <string.h>

#include "model/internal.h"

/* clang-format off */
static const int their_type[] = {
	[SETTING_GROUP] = CONFIG_TYPE_GROUP, [SETTING_LIST] = CONFIG_TYPE_LIST,
	[SETTING_ARRAY] = CONFIG_TYPE_ARRAY, [SETTING_TEXT] = CONFIG_TYPE_STRING,
	[SETTING_INT] = CONFIG_TYPE_INT64,   [SETTING_FLOAT] = CONFIG_TYPE_FLOAT,
	[SETTING_BOOL] = CONFIG_TYPE_BOOL,
};
/* clang-format on */

static bool same_name(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_value(const struct setting *a, const config_setting_t *b)
{
	double real;
	switch (a->type) {
	case SETTING_TEXT:
		return strcmp(a->text, config_setting_get_string(b)) == 0;
	case SETTING_INT:
		return a->number == config_setting_get_int64(b);
	case SETTING_FLOAT:
		real = config_setting_get_float(b);
		return memcmp(&a->real, &real, sizeof(real)) == 0;
	case SETTING_BOOL:
		return a->number == config_setting_get_bool(b);
	default:
		return a->n == (size_t)config_setting_length(b);
	}
}

const struct setting *settings_differ(const struct setting *a, config_setting_t *b)
{
	if (!same_name(a->name, config_setting_name(b)) ||
	    config_setting_type(b) != their_type[a->type] || !same_value(a, b))
		return a;
	config_setting_set_hook(b, (void *)(uintptr_t)a);
	const struct setting *differs = NULL;
	for (size_t i = 0; i < a->n && !differs; i++)
		differs = settings_differ(a->v[i], config_setting_get_elem(b, (unsigned)i));
	return differs;
}
