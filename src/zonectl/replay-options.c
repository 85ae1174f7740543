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

static bool set_from(void *ctx, const char *v)
{
	struct replay_options *o = ctx;
	return read_time(v, &o->from_ns);
}

static bool set_to(void *ctx, const char *v)
{
	struct replay_options *o = ctx;
	return read_time(v, &o->to_ns);
}

static bool set_jobs(void *ctx, const char *v)
{
	struct replay_options *o = ctx;
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

static bool set_port(void *ctx, const char *v)
{
	struct replay_options *o = ctx;
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

static unsigned jobs_of_machine(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	return cores < 1 ? 1 : cores > JOBS_UNASKED ? JOBS_UNASKED : (unsigned)cores;
}

int replay_options_read(struct replay_options *o, int argc, char **argv)
{
	*o = (struct replay_options){ .to_ns = UINT64_MAX, .jobs = jobs_of_machine() };
	const struct option_to to[] = {
		{ .name = "--json", .flag = &o->json },
		{ .name = "--checksums", .flag = &o->checksums },
		{ .name = "--violations", .flag = &o->violations },
		{ .name = "-q", .flag = &o->quiet },
		{ .name = "-m", .text = &o->model },
		{ .name = "--port", .set = set_port },
		{ .name = "--from", .set = set_from },
		{ .name = "--to", .set = set_to },
		{ .name = "--filter", .text = &o->filter },
		{ .name = "--jobs", .set = set_jobs },
		{ .name = "--summary", .text = &o->summary },
		{ .name = NULL },
	};
	int i = options_read(argc, argv, to, o);
	if (i < 0)
		return EXIT_USAGE;
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
