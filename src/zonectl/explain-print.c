/* SPDX-License-Identifier: MIT
 * explain: the answer, which is a JSON object, as lines of text. */
#include <string.h>

#include "zonectl/explain.h"

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	return s ? s : "";
}

static void put_line(FILE *f, const char *what, const char *text)
{
	if (*text)
		fprintf(f, "%s: %s\n", what, text);
}

static void put_list(FILE *f, const char *what, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		put_line(f, what, json_string_value(json_array_get(list, i)));
}

static void put_end(FILE *f, const char *what, const json_t *end)
{
	const char *asset = text_of(end, "asset"), *zone = text_of(end, "zone");
	json_int_t port = json_integer_value(json_object_get(end, "port"));
	if (!end)
		return;
	fprintf(f, "%s: %s", what, text_of(end, "address"));
	if (port)
		fprintf(f, " port %lld", (long long)port);
	if (*asset)
		fprintf(f, ", asset %s", asset);
	fprintf(f, *zone ? ", zone %s\n" : ", in no zone of the model\n", zone);
}

static void put_facts(FILE *f, const json_t *facts)
{
	const char *key;
	const json_t *v;
	if (!json_object_size(facts))
		return;
	fputs("message:", f);
	void *at = json_object_iter((json_t *)(uintptr_t)facts);
	for (; at; at = json_object_iter_next((json_t *)(uintptr_t)facts, at)) {
		key = json_object_iter_key(at);
		v = json_object_iter_value(at);
		if (json_is_integer(v))
			fprintf(f, " %s=%lld", key, (long long)json_integer_value(v));
		else
			fprintf(f, " %s=%s", key, json_string_value(v));
	}
	fputc('\n', f);
}

static void put_nearest(FILE *f, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *e = json_array_get(list, i), *lacks = json_object_get(e, "lacks");
		fprintf(f, "%s  %s:", i ? "" : "entries that came nearest, and what each lacks:\n",
			text_of(e, "at"));
		for (size_t k = 0; k < json_array_size(lacks); k++) {
			const json_t *l = json_array_get(lacks, k);
			fprintf(f, "%s %s has %s, the message %s", k ? ";" : "", text_of(l, "key"),
				text_of(l, "has"), text_of(l, "wants"));
		}
		fputc('\n', f);
	}
}

static void put_keys(FILE *f, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *k = json_array_get(list, i);
		const char *proto = text_of(k, "protocol");
		fprintf(f, "key: %s of a %s%s\n", text_of(k, "key"), *proto ? proto : "conduit",
			*proto ? " policy" : "");
	}
}

static void put_change(FILE *f, const json_t *o)
{
	const json_t *paste = json_object_get(o, "paste");
	if (!o)
		return;
	fputs("smallest change that permits it (it widens the model):\n", f);
	for (size_t i = 0; i < json_array_size(paste); i++) {
		const json_t *p = json_array_get(paste, i);
		fprintf(f, "  %s%s\n", text_of(p, "where"), *text_of(p, "text") ? ":" : "");
		if (*text_of(p, "text"))
			fprintf(f, "    %s%s\n", text_of(p, "text"),
				json_is_true(json_object_get(p, "comma")) ? "," : "");
	}
	put_list(f, "it also widens", json_object_get(o, "widens"));
	put_list(f, "DANGEROUS", json_object_get(o, "danger"));
	fputs("with this the message is permitted; the model was compiled with it, and asked "
	      "again\n",
	      f);
}

void explain_print(const json_t *o, FILE *f)
{
	put_line(f, "record", text_of(o, "record"));
	put_line(f, "model", text_of(o, "model"));
	put_end(f, "from", json_object_get(o, "from"));
	put_end(f, "to", json_object_get(o, "to"));
	put_line(f, "asked", text_of(o, "asked"));
	put_line(f, "not said, and taken", text_of(o, "assumed"));
	put_line(f, "conduit", text_of(o, "conduit"));
	put_line(f, "comment", text_of(o, "comment"));
	put_line(f, "ticket", text_of(o, "ticket"));
	put_line(f, "owner", text_of(o, "owner"));
	put_line(f, "policy", text_of(o, "policy"));
	put_line(f, "entry", text_of(o, "entry"));
	put_line(f, "octets", text_of(o, "octets"));
	put_facts(f, json_object_get(o, "message"));
	put_list(f, "note", json_object_get(o, "notes"));
	put_line(f, "verdict", text_of(o, "verdict"));
	if (*text_of(o, "reason"))
		fprintf(f, "reason: %s: %s\n", text_of(o, "reason"), text_of(o, "meaning"));
	put_nearest(f, json_object_get(o, "nearest"));
	put_line(f, "could be permitted by", text_of(o, "by"));
	put_keys(f, json_object_get(o, "keys"));
	put_change(f, json_object_get(o, "change"));
	put_line(f, "what to do", text_of(o, "advice"));
}
