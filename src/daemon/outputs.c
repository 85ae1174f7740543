/* SPDX-License-Identifier: MIT
 * Where records go: the model's outputs as those of the record. */
#include <string.h>
#include <syslog.h>

#include "daemon/parent.h"

enum { DAY_SECONDS = 86400, OUTPUT_LEAVES_MS = 2000 };

static struct output_keys output_keys_of(const struct log_output *o)
{
	return (struct output_keys){ .type = output_type_of(o->type),
				     .socket = o->socket,
				     .file = o->file,
				     .facility = o->facility ? record_facility(o->facility) : 0,
				     .enterprise = o->enterprise,
				     .bytes_max = (uint64_t)o->size << 20,
				     .seconds_max = (uint64_t)o->age * DAY_SECONDS };
}

size_t outputs_of(const struct model *m, bool sink, struct output_keys out[RECORD_OUTPUTS])
{
	const struct daemon_conf *d = &m->daemon;
	size_t n = 0;
	if (sink)
		out[n++] = (struct output_keys){ .type = OUTPUT_CALL };
	for (size_t i = 0; i < d->n_outputs; i++)
		out[n++] = output_keys_of(&d->outputs[i]);
	if (d->n_outputs == 0)
		out[n++] = (struct output_keys){ .type = OUTPUT_SYSLOG,
						 .socket = "/dev/log",
						 .facility = record_facility(d->syslog_facility) };
	if (d->json_log)
		out[n++] = (struct output_keys){ .type = OUTPUT_JSON, .file = d->json_log };
	return n;
}

void outputs_apply(struct parent *p)
{
	struct output_keys keys[RECORD_OUTPUTS];
	size_t n = outputs_of(p->model, say_has_reader(), keys);
	struct record_old old;
	pthread_mutex_lock(&p->policy_lock);
	int err = record_change(p->record, keys, n, &old);
	pthread_mutex_unlock(&p->policy_lock);
	if (err)
		say(LOG_ERR, "records: the outputs of this generation: %s; those before stay",
		    strerror(-err));
	else
		record_close_outputs(p->record, &old, OUTPUT_LEAVES_MS);
}

static json_t *output_status(const struct output_stats *s)
{
	return json_pack("{s:s,s:s,s:I,s:I,s:s?}", "type", s->type, "name", s->name, "written",
			 (json_int_t)s->written, "lost", (json_int_t)s->lost, "why",
			 s->err ? strerror(s->err) : NULL);
}

json_t *outputs_status(const struct parent *p)
{
	struct output_stats s;
	json_t *list = json_array();
	for (size_t i = 0; record_output_stats(p->record, i, &s); i++)
		json_array_append_new(list, output_status(&s));
	return list;
}
