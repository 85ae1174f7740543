/* SPDX-License-Identifier: MIT
 * comment, ticket and owner: free texts, bounded, of one line. */
#include <string.h>

#include "model/internal.h"

static const struct remark_key {
	const char *key;
	size_t max, at;
} keys[] = {
	{ "comment", MODEL_COMMENT_MAX, offsetof(struct remarks, comment) },
	{ "ticket", MODEL_REMARK_MAX, offsetof(struct remarks, ticket) },
	{ "owner", MODEL_REMARK_MAX, offsetof(struct remarks, owner) },
};
enum { KEYS_N = sizeof(keys) / sizeof(keys[0]) };

static bool has_control(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return true;
	return false;
}

void load_remarks(struct load *l, const config_setting_t *g, struct remarks *out)
{
	for (size_t i = 0; i < KEYS_N; i++) {
		const char *text = get_text(l, g, keys[i].key);
		const char **to = (const char **)(void *)((char *)out + keys[i].at);
		if (!text)
			continue;
		struct where at = at_of(l, config_setting_get_member(g, keys[i].key));
		*to = text;
		if (!*text)
			complain(l, at, "%s is empty; write a text, or remove it", keys[i].key);
		else if (strlen(text) > keys[i].max)
			complain(l, at, "%s is longer than %zu octets; write less", keys[i].key,
				 keys[i].max);
		else if (has_control(text))
			complain(l, at, "%s has a control character; write one line of text",
				 keys[i].key);
	}
}

void print_remarks(FILE *f, const char *before, const char *behind, const struct remarks *r)
{
	for (size_t i = 0; i < KEYS_N; i++) {
		const char *text =
			*(const char *const *)(const void *)((const char *)r + keys[i].at);
		if (!text)
			continue;
		fprintf(f, "%s%s = ", before, keys[i].key);
		print_text(f, text);
		fputs(behind, f);
	}
}
