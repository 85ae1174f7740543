/* SPDX-License-Identifier: MIT
 * The uses of conduits as a file. */
#include "history/uses.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "history/history.h"

#define FILE_NAME "uses.json"

enum { SCHEMA = 1, FILE_MOST = 8 << 20 };

static int64_t not_to_come(json_int_t s, int64_t now_s)
{
	return s > now_s ? now_s : s;
}

/* False: this is none. */
static bool take_use(const json_t *o, int64_t now_s, struct use *to)
{
	const char *name = json_string_value(json_object_get(o, "conduit"));
	json_int_t since = json_integer_value(json_object_get(o, "since")),
		   last = json_integer_value(json_object_get(o, "last")),
		   messages = json_integer_value(json_object_get(o, "messages")),
		   packets = json_integer_value(json_object_get(o, "packets"));
	if (!name || !*name || strlen(name) > MODEL_NAME_MAX || since <= 0 || last < 0 ||
	    messages < 0 || packets < 0)
		return false;
	*to = (struct use){ .since_s = not_to_come(since, now_s),
			    .last_s = not_to_come(last, now_s),
			    .messages = (uint64_t)messages,
			    .packets = (uint64_t)packets };
	memcpy(to->name, name, strlen(name) + 1);
	return true;
}

struct reading {
	struct uses *u;
	int64_t now_s;
};

static bool take_uses(void *ctx, const json_t *o)
{
	const struct reading *r = ctx;
	struct uses *u = r->u;
	const json_t *list = json_object_get(o, "conduits");
	size_t n = json_array_size(list);
	if (json_integer_value(json_object_get(o, "schema")) != SCHEMA || !json_is_array(list) ||
	    n > USES_MOST)
		return false;
	u->v = calloc(n + 1, sizeof(*u->v));
	for (size_t i = 0; u->v && i < n; i++)
		if (!take_use(json_array_get(list, i), r->now_s, &u->v[u->n++]))
			return false;
	return u->v != NULL;
}

int uses_read(int dir, int64_t now_s, struct uses *u, bool *unreadable)
{
	static const struct kept_file file = { FILE_NAME, FILE_NAME ".unreadable", FILE_MOST,
					       take_uses };
	*u = (struct uses){ .n = 0 };
	int err = read_kept(dir, &file, &(struct reading){ u, now_s }, unreadable);
	if (*unreadable)
		uses_free(u);
	return err;
}

/* What is more would be less than 0 in the file, and all of it no file of uses. */
static json_int_t number_kept(uint64_t n)
{
	return n > INT64_MAX ? INT64_MAX : (json_int_t)n;
}

int uses_keep(int dir, const struct uses *u)
{
	json_t *list = json_array();
	for (size_t i = 0; i < u->n && i < USES_MOST; i++)
		json_array_append_new(list,
				      json_pack("{s:s,s:I,s:I,s:I,s:I}", "conduit", u->v[i].name,
						"since", (json_int_t)u->v[i].since_s, "last",
						(json_int_t)u->v[i].last_s, "messages",
						number_kept(u->v[i].messages), "packets",
						number_kept(u->v[i].packets)));
	json_t *doc = json_pack("{s:i,s:o}", "schema", SCHEMA, "conduits", list);
	int err = doc ? keep_file(dir, FILE_NAME, doc) : -ENOMEM;
	json_decref(doc);
	return err;
}

void uses_free(struct uses *u)
{
	free(u->v);
	*u = (struct uses){ .n = 0 };
}
