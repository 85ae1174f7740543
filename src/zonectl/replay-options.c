/* SPDX-License-Identifier: MIT
 * What replay was called with. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "base/utc.h"
#include "proto/list.h"
#include "zonectl/replay-parts.h"
#include "zonectl/zonectl.h"

enum { JOBS_UNASKED = 4 }; /* more are for who asks for them */

static bool set_json(struct replay_options *o, const char *v)
{
	(void)v;
	o->json = true;
	return true;
}

static bool set_checksums(struct replay_options *o, const char *v)
{
	(void)v;
	o->checksums = true;
	return true;
}

static bool set_violations(struct replay_options *o, const char *v)
{
	(void)v;
	o->violations = true;
	return true;
}

static bool set_quiet(struct replay_options *o, const char *v)
{
	(void)v;
	o->quiet = true;
	return true;
}

static bool set_model(struct replay_options *o, const char *v)
{
	o->model = v;
	return true;
}

static bool set_filter(struct replay_options *o, const char *v)
{
	o->filter = v;
	return true;
}

static bool set_summary(struct replay_options *o, const char *v)
{
	o->summary = v;
	return true;
}

static bool read_time(const char *v, uint64_t *ns)
{
	if (utc_parse(v, ns))
		return true;
	fprintf(stderr,
		"zonectl: \"%s\" is no time; write 2026-11-27, 2026-11-27T20:15 or "
		"2026-11-27T20:15:00.5, with Z or +01:00 behind it (UTC without), or seconds since "
		"1970 as @1764274500\n",
		v);
	return false;
}

static bool set_from(struct replay_options *o, const char *v)
{
	return read_time(v, &o->from_ns);
}

static bool set_to(struct replay_options *o, const char *v)
{
	return read_time(v, &o->to_ns);
}

static bool set_jobs(struct replay_options *o, const char *v)
{
	uint64_t n;
	if (!num_parse(v, 1, REPLAY_JOBS_MAX, &n)) {
		fprintf(stderr, "zonectl: --jobs \"%s\": write a number from 1 to %d\n", v,
			REPLAY_JOBS_MAX);
		return false;
	}
	o->jobs = (unsigned)n;
	return true;
}

static uint8_t proto_of_word(const char *word, size_t n)
{
	for (uint8_t p = PROTO_NONE + 1; p < PROTO_N; p++)
		if (strlen(proto_word(p)) == n && strncmp(proto_word(p), word, n) == 0)
			return p;
	return PROTO_NONE;
}

static bool set_port(struct replay_options *o, const char *v)
{
	const char *colon = strchr(v, ':');
	uint8_t proto = colon ? proto_of_word(v, (size_t)(colon - v)) : PROTO_NONE;
	uint64_t port;
	if (proto == PROTO_NONE || !num_parse(colon + 1, 1, INSPECT_PORTS - 1, &port)) {
		fprintf(stderr, "zonectl: --port \"%s\": write PROTOCOL:PORT, of", v);
		for (uint8_t p = PROTO_NONE + 1; p < PROTO_N; p++)
			fprintf(stderr, " %s", proto_word(p));
		fputs(", with a port from 1 to 65535\n", stderr);
		return false;
	}
	if (!o->speaks && !(o->speaks = calloc(INSPECT_PORTS, 1))) {
		fputs("zonectl: out of memory\n", stderr);
		return false;
	}
	if (o->speaks[port] != PROTO_NONE && o->speaks[port] != proto) {
		fprintf(stderr, "zonectl: --port \"%s\": port %u speaks %s already\n", v,
			(unsigned)port, proto_word(o->speaks[port]));
		return false;
	}
	o->speaks[port] = proto;
	return true;
}

static const struct replay_option {
	const char *name;
	bool has_value;
	bool (*set)(struct replay_options *o, const char *v); /* false: said why not */
} options[] = {
	{ "--json", false, set_json },
	{ "--checksums", false, set_checksums },
	{ "--violations", false, set_violations },
	{ "-q", false, set_quiet },
	{ "-m", true, set_model },
	{ "--port", true, set_port },

	{ "--from", true, set_from },
	{ "--to", true, set_to },
	{ "--filter", true, set_filter },
	{ "--jobs", true, set_jobs },
	{ "--summary", true, set_summary },
};

static const struct replay_option *option_of(const char *name)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (strcmp(options[i].name, name) == 0)
			return &options[i];
	return NULL;
}

static unsigned jobs_of_machine(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	return cores < 1 ? 1 : cores > JOBS_UNASKED ? JOBS_UNASKED : (unsigned)cores;
}

int replay_options_read(struct replay_options *o, int argc, char **argv)
{
	int i = 1;
	*o = (struct replay_options){ .to_ns = UINT64_MAX, .jobs = jobs_of_machine() };
	/* "-" is a capture */
	for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		const struct replay_option *option = option_of(argv[i]);
		if (!option || (option->has_value && i + 1 >= argc))
			return verb_usage(argv[0]);
		if (!option->set(o, option->has_value ? argv[++i] : NULL))
			return EXIT_USAGE;
	}
	if (i >= argc)
		return verb_usage(argv[0]);
	if (o->from_ns >= o->to_ns) {
		fputs("zonectl: --from is not before --to: no packet is between them\n", stderr);
		return EXIT_USAGE;
	}
	o->captures = argv + i;
	o->n_captures = argc - i;
	return EXIT_OK;
}
