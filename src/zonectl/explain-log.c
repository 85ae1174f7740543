/* SPDX-License-Identifier: MIT
 * explain: a record by its id, out of the JSON file of zoned. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "record/record.h"
#include "zonectl/explain.h"

bool explain_is_id(const char *text)
{
	size_t n = strspn(text, "0123456789abcdef");
	size_t digits = text[n] == '-' ? strspn(text + n + 1, "0123456789") : 0;
	return n == 12 && digits && text[n + 1 + digits] == '\0' && strlen(text) < RECORD_ID;
}

static bool has_id(const json_t *record, const char *id)
{
	const char *had = json_string_value(json_object_get(record, "id"));
	return had && strcmp(had, id) == 0;
}

json_t *explain_record_of_id(const char *path, const char *id)
{
	char *line = NULL;
	size_t cap = 0;
	json_t *record = NULL;
	FILE *f = path ? fopen(path, "r") : NULL;
	if (!f) {
		fprintf(stderr, "zonectl: %s%s%s; name the file of records with --log\n",
			path ? path : "the model has no daemon.json_log", path ? ": " : "",
			path ? strerror(errno) : "");
		return NULL;
	}
	while (!record && getline(&line, &cap, f) > 0) {
		record = strstr(line, id) ? explain_record(line) : NULL;
		if (record && !has_id(record, id)) {
			json_decref(record);
			record = NULL;
		}
	}
	if (!record)
		fprintf(stderr, "zonectl: %s: no record has the id %s\n", path, id);
	free(line);
	fclose(f);
	return record;
}
