/* SPDX-License-Identifier: MIT
 * learn: a model from captures, to standard output; what it would refuse, to standard error. */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/utc.h"
#include "learn/learn.h"
#include "zonectl/learn-live.h"
#include "zonectl/zonectl.h"

enum { LEAST_DEFAULT = 2, SUBNET_DEFAULT = 24 };

/* What the verb was called with. */
struct learn_call {
	struct learn_options o;
	struct live_learning live;
};

static bool learn_port_of(void *ctx, const char *arg)
{
	struct learn_options *o = &((struct learn_call *)ctx)->o;
	const char *colon = strchr(arg, ':');
	uint64_t port;
	if (!colon || !num_parse(colon + 1, 1, 65535, &port) ||
	    o->n_ports == sizeof(o->ports) / sizeof(o->ports[0]))
		return option_wrong("--port", arg, "PROTOCOL:PORT");
	for (uint8_t p = PROTO_NONE + 1; p < PROTO_N; p++) {
		if (strlen(proto_word(p)) != (size_t)(colon - arg) ||
		    strncmp(proto_word(p), arg, strlen(proto_word(p))) != 0)
			continue;
		o->ports[o->n_ports++] = (struct learn_port){ .port = (uint16_t)port, .proto = p };
		return true;
	}
	return option_wrong("--port", arg, "an inspected protocol, a colon and a port");
}

static bool admit_word(struct learn_options *o, const char *word, size_t n)
{
	for (unsigned k = 0; k < LEARN_KINDS; k++) {
		const char *known = learn_kind_word(k);
		bool all = n == 3 && strncmp(word, "all", n) == 0;
		if (known && ((all && k != LEARN_SUBNETS) ||
			      (strlen(known) == n && strncmp(known, word, n) == 0)))
			o->admitted |= 1u << k;
		if (known && !all && strlen(known) == n && strncmp(known, word, n) == 0)
			return true;
	}
	return n == 3 && strncmp(word, "all", n) == 0;
}

static bool admit_words(void *ctx, const char *arg)
{
	struct learn_options *o = &((struct learn_call *)ctx)->o;
	for (;;) {
		size_t n = strcspn(arg, ",");
		if (!admit_word(o, arg, n)) {
			fprintf(stderr, "zonectl: --admit: there is no \"%.*s\"; write", (int)n,
				arg);
			for (unsigned k = 0; k < LEARN_KINDS; k++)
				if (learn_kind_word(k))
					fprintf(stderr, " %s,", learn_kind_word(k));
			fputs(" or all\n", stderr);
			return false;
		}
		if (!arg[n])
			return true;
		arg += n + 1;
	}
}

#define DURATION_TEXT "a duration, such as 90s, 15m or 2h"

/* "30%" of the time, or so much at its end */
static bool held_out(void *ctx, const char *arg)
{
	struct learn_options *o = &((struct learn_call *)ctx)->o;
	char number[4];
	uint64_t v;
	size_t n = strlen(arg);
	if (duration_parse(arg, &o->held_ns))
		return true;
	if (n < 2 || n > sizeof(number) || arg[n - 1] != '%')
		return option_wrong("--hold-out", arg, "a share, such as 30%, or " DURATION_TEXT);
	snprintf(number, sizeof(number), "%.*s", (int)n - 1, arg);
	o->held_percent = num_parse(number, 1, 99, &v) ? (unsigned)v : 0;
	return o->held_percent || option_wrong("--hold-out", arg, "a share from 1% to 99%");
}

static bool set_least(void *ctx, const char *arg)
{
	uint64_t v;
	if (!num_parse(arg, 1, 1000000, &v))
		return option_wrong("--least", arg, "a number from 1 to 1000000");
	((struct learn_call *)ctx)->o.least = (unsigned)v;
	return true;
}

static bool set_subnet(void *ctx, const char *arg)
{
	uint64_t v;
	if (!num_parse(arg, 8, 30, &v))
		return option_wrong("--subnet", arg, "a number from 8 to 30");
	((struct learn_call *)ctx)->o.subnet = (unsigned)v;
	return true;
}

static bool set_live(void *ctx, const char *arg)
{
	return duration_parse(arg, &((struct learn_call *)ctx)->live.for_ns) ||
	       option_wrong("--live", arg, DURATION_TEXT);
}

static bool add_interface(void *ctx, const char *arg)
{
	struct live_learning *live = &((struct learn_call *)ctx)->live;
	if (live->n == LIVE_INTERFACES)
		return option_wrong("--interface", arg, "fewer of them");
	live->interfaces[live->n++] = arg;
	return true;
}

/* Returns EXIT_FAIL where a capture could not be read; the others are learned from. */
static int learn_captures(struct learn *l, int n, char **paths)
{
	int rc = EXIT_OK;
	char err[300];
	for (int i = 0; i < n; i++) {
		if (learn_file(l, paths[i], err, sizeof(err)))
			continue;
		fprintf(stderr, "zonectl: %s: %s\n", paths[i], err);
		rc = EXIT_FAIL;
	}
	return rc;
}

static int learn_print(struct learn *l, bool held, bool onto)
{
	struct learn_report r;
	size_t len = 0;
	int rc = EXIT_FAIL;
	char *text = onto ? NULL : learn_text(l, &len);
	if (onto) {
		if (!learn_onto_print(l, stdout, stderr, &r) || fflush(stdout) != 0)
			return EXIT_FAIL;
		return held && r.refused + r.refused_packets ? EXIT_REFUSED : EXIT_OK;
	}
	if (!text || !learn_judge(l, text, len, stderr, &r))
		goto out;
	if (fwrite(text, 1, len, stdout) != len || fflush(stdout) != 0) {
		perror("zonectl: standard output");
		goto out;
	}
	rc = held && r.refused + r.refused_packets ? EXIT_REFUSED : EXIT_OK;
out:
	free(text);
	return rc;
}

/* Captures, or live. */
static int learn_run(struct learn *l, struct learn_call *c, int n, char **captures)
{
	const struct learn_options *o = &c->o;
	if (o->onto && !learn_onto(l))
		return EXIT_FAIL;
	int rc = c->live.for_ns ? learn_live(l, &c->live) : learn_captures(l, n, captures);
	if (c->live.for_ns && rc != EXIT_OK)
		return rc;
	int made =
		learn_read(l) ? learn_print(l, o->held_percent || o->held_ns, o->onto) : EXIT_FAIL;
	return rc == EXIT_OK ? made : rc;
}

int verb_learn(int argc, char **argv)
{
	struct learn_call c = { .o = { .least = LEAST_DEFAULT,
				       .subnet = SUBNET_DEFAULT,
				       .rules_dir = getenv("ZONED_RULES") } };
	const struct option_to to[] = {
		{ .name = "--least", .set = set_least },
		{ .name = "--admit", .set = admit_words },
		{ .name = "--hold-out", .set = held_out },
		{ .name = "--subnet", .set = set_subnet },
		{ .name = "--port", .set = learn_port_of },
		{ .name = "--onto", .text = &c.o.onto },
		{ .name = "--live", .set = set_live },
		{ .name = "--interface", .set = add_interface },
		{ .name = NULL },
	};
	if (!c.o.rules_dir)
		c.o.rules_dir = ZONED_RULESDIR;
	int i = options_read(argc, argv, to, &c);
	if (i < 0)
		return EXIT_USAGE;
	if ((i >= argc) == !c.live.for_ns || (c.live.n && !c.live.for_ns) ||
	    (i < argc && argv[i][0] == '-'))
		return verb_usage(argv[0]);
	struct learn *l = learn_new(&c.o);
	if (!l) {
		fputs("zonectl: out of memory\n", stderr);
		return EXIT_FAIL;
	}
	int rc = learn_run(l, &c, argc - i, argv + i);
	learn_free(l);
	return rc;
}
