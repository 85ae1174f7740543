/* SPDX-License-Identifier: MIT
 *
 * Pasting a block into a model in canonical form (model_print), where each thing has its indent:
 * so a place is found by its line, and nothing between quotes begins one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sb.h"
#include "learn/internal.h"

/* Behind `what` in the part from s on; NULL: it is not there. */
static const char *behind(const char *s, const char *what)
{
	const char *at = s ? strstr(s, what) : NULL;
	return at ? at + strlen(what) : NULL;
}

static char *spliced(const char *text, const char *from, const char *to, const char *body)
{
	char *out = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&out, &n);
	if (!f)
		return NULL;
	fprintf(f, "%.*s%s%s", (int)(from - text), text, body, to);
	if (fclose(f) == 0)
		return out;
	free(out);
	return NULL;
}

/* Before the line that ends the list which begins at s. */
static char *pasted_at_end(const char *text, const char *s, const char *end, const char *body)
{
	const char *at = s ? strstr(s - 1, end) : NULL; /* the list may be empty */
	return at ? spliced(text, at + 1, at + 1, body) : NULL;
}

static const char *conduit_at(const char *text, const char *name)
{
	char line[MODEL_NAME_MAX + 40];
	snprintf(line, sizeof(line), "\n    name = \"%s\";\n    from = ", name);
	return behind(behind(text, "\nconduits = (\n") - 1, line);
}

static const char *policy_at(const char *text, const char *name)
{
	char line[MODEL_NAME_MAX + 16];
	const char *policies = behind(text, "\npolicies = {\n");
	snprintf(line, sizeof(line), "\n  %s = {\n", name);
	return policies ? behind(policies - 1, line) : NULL;
}

/* The value of a key in the block that begins at s and ends with the line `end`. */
static const char *value_at(const char *s, const char *end, const char *key, size_t *n)
{
	char line[80];
	const char *last = s ? strstr(s, end) : NULL;
	snprintf(line, sizeof(line), "\n    %s = ", key);
	const char *at = last ? behind(s - 1, line) : NULL;
	if (!at || at > last)
		return NULL;
	*n = strcspn(at, "\n");
	if (*n && at[*n - 1] == ';')
		--*n;
	return at;
}

const char *onto_setting(const char *text, const char *policy, const char *key, size_t *n)
{
	return value_at(policy_at(text, policy), "\n  };\n", key, n);
}

/* Lines of "key = value;": each in place of the one that is there, or as the first of the block.
 * Comments are left. */
static char *settings_pasted(const char *text, const struct onto_place *at, const char *body)
{
	char *now = strdup(text), key[64];
	bool policy = at->kind == ONTO_SETTING;
	for (const char *line = body; now && *line; line += strcspn(line, "\n") + 1) {
		size_t len = strcspn(line, "\n"), skip = strspn(line, " "), n = 0;
		size_t k = strcspn(line + skip, " =\n");
		if (line[skip] == '#' || k == 0 || k >= sizeof(key))
			continue;
		snprintf(key, sizeof(key), "%.*s", (int)k, line + skip);
		const char *s = policy ? policy_at(now, at->name) : conduit_at(now, at->name);
		if (!policy && s)
			s = behind(s, "\n");
		const char *old = value_at(s, policy ? "\n  };\n" : "\n  }", key, &n);
		char whole[1 << 16];
		snprintf(whole, sizeof(whole), "    %.*s\n", (int)(len - skip), line + skip);
		char *next = !s	   ? NULL
			     : old ? spliced(now, old - k - 7, old + n + 2, whole)
				   : spliced(now, s, s, whole);
		free(now);
		now = next;
	}
	return now;
}

char *onto_paste(const char *text, const struct onto_place *at, const char *body)
{
	const char *s;
	switch (at->kind) {
	case ONTO_ZONES:
		return pasted_at_end(text, behind(text, "\nzones = (\n"), "\n);\n", body);
	case ONTO_CONDUITS:
		return pasted_at_end(text, behind(text, "\nconduits = (\n"), "\n);\n", body);
	case ONTO_POLICIES:
		return pasted_at_end(text, behind(text, "\npolicies = {\n"), "\n};\n", body);
	case ONTO_FLOWS:
		s = behind(conduit_at(text, at->name), "\n    flows = (\n");
		return pasted_at_end(text, s, "\n    );\n", body);
	case ONTO_ALLOW:
		s = behind(policy_at(text, at->name), "\n    allow = (\n");
		return pasted_at_end(text, s, "\n    );\n", body);
	case ONTO_INSTEAD:
		s = behind(policy_at(text, at->name), "\n    allow = (\n");
		const char *end = s ? strstr(s, "\n    );\n") : NULL;
		return end ? spliced(text, s, end + 1, body) : NULL;
	default:
		return settings_pasted(text, at, body);
	}
}
