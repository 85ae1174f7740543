/* SPDX-License-Identifier: MIT
 * Tests of the record: a sink in place of syslog, a plant, an event, and files. Included behind
 * cmocka. */
#ifndef ZONED_TESTS_RECORD_SINK_H
#define ZONED_TESTS_RECORD_SINK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "compile/policy_build.h"
#include "proto/modbus/facts.h"
#include "proto/modbus/words.h"
#include "record/record.h"

#define SEC 1000000000ull

static const struct output_keys sink_only = { .type = OUTPUT_CALL };

/* What syslog would have got. */
struct sink {
	size_t n, n_repeated, n_suppressed;
	uint64_t repeated, suppressed;
	char last[8192], first[8192], trouble[2048];
	size_t n_trouble;
};

static inline void take(void *ctx, int priority, const char *line)
{
	struct sink *s = ctx;
	const char *p;
	assert_null(strpbrk(line, "\n\r"));
	(void)priority;
	if ((p = strstr(line, " suppressed="))) {
		s->n_suppressed++;
		s->suppressed += strtoull(p + 12, NULL, 10);
	} else if (strncmp(line, "records: ", 9) == 0) {
		s->n_trouble++;
		snprintf(s->trouble, sizeof(s->trouble), "%s", line);
	} else if ((p = strstr(line, " repeated="))) {
		s->n_repeated++;
		s->repeated += strtoull(p + 10, NULL, 10);
		snprintf(s->last, sizeof(s->last), "%s", line);
	} else {
		snprintf(s->n++ ? s->last : s->first, sizeof(s->last), "%s", line);
	}
}

static inline struct prefix net(const char *text)
{
	struct prefix p;
	bool host_bits;
	assert_true(prefix_parse(text, &p, &host_bits));
	return p;
}

/* hmi 10.1/16 may speak Modbus to cell 10.2/16, as this one entry allows. */
static inline struct pol_image *image_of(uint32_t generation, struct modbus_allow *allow)
{
	int err;
	struct prefix nets[2] = { net("10.1.0.0/16"), net("10.2.0.0/16") };
	struct zone zones[3] = { { .name = "unknown" },
				 { .name = "hmi", .networks = &nets[0], .n_networks = 1 },
				 { .name = "cell", .networks = &nets[1], .n_networks = 1 } };
	struct port_range port = { 502, 502 };
	struct flow flow = {
		.proto = PROTO_MODBUS, .l4 = 6, .ports = &port, .n_ports = 1, .policy = "reads"
	};
	struct leg leg = { .from = 1, .to = 2 };
	struct conduit conduit = {
		.name = "hmi-cell", .legs = &leg, .n_legs = 1, .flows = &flow, .n_flows = 1
	};
	struct policy policy = { .name = "reads",
				 .proto = PROTO_MODBUS,
				 .of = &(struct modbus_policy){ allow, 1, 0 } };
	struct model m = { .zones = zones,
			   .n_zones = 3,
			   .conduits = &conduit,
			   .n_conduits = 1,
			   .policies = &policy,
			   .n_policies = 1 };
	struct pol_image *img = policy_build(&m, generation, &err);
	assert_non_null(img);
	return img;
}

/* The entry stands in `file`. */
static inline struct pol_image *image(uint32_t generation, const char *file)
{
	struct range unit = { 1, 1 };
	struct modbus_allow allow = { .at = { file, 31 },
				      .functions = { 8 },
				      .units = { .v = &unit, .n = 1, .set = true },
				      .addresses = { .any = true, .set = true } };
	return image_of(generation, &allow);
}

static inline struct event write_refused(void)
{
	struct event ev = { .time_ns = 1700000000ull * SEC + 42000000,
			    .generation = 7,
			    .kind = EV_VIOLATION,
			    .verdict = V_DROP,
			    .l4 = 6,
			    .reason = R_FUNCTION,
			    .sport = 40000,
			    .dport = 502,
			    .proto = PROTO_MODBUS };
	*EV_MODBUS(&ev) = (struct ev_modbus){ .unit = 1,
					      .fc = 16,
					      .tid = 9,
					      .has = EVH_TID | EVH_FC | EVH_ADDR | EVH_VALUE,
					      .addr = 100,
					      .qty = 5,
					      .value = 77 };
	assert_true(addr_parse("10.1.0.10", &ev.src));
	assert_true(addr_parse("10.2.0.20", &ev.dst));
	return ev;
}

static inline struct record *open_to(struct sink *s, const char *json)
{
	const struct output_keys keys[2] = { { .type = OUTPUT_CALL },
					     { .type = OUTPUT_JSON, .file = json } };
	struct record_conf c = {
		.outputs = keys, .n_outputs = json ? 2 : 1, .sink = take, .sink_ctx = s
	};
	memset(s, 0, sizeof(*s));
	struct record *r = record_open(&c);
	assert_non_null(r);
	return r;
}

static inline char *slurp(const char *path)
{
	static char text[4 << 20];
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	size_t n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

static inline void temp_name(char out[64])
{
	snprintf(out, 64, "/tmp/test-record.XXXXXX");
	int fd = mkstemp(out);
	assert_true(fd >= 0);
	close(fd);
}

#endif
