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

static int learn_usage(void)
{
	fputs("usage: zonectl learn [--least N] [--admit WORD,...] [--hold-out PART] "
	      "[--subnet BITS]\n"
	      "                     [--port PROTOCOL:PORT] [--onto MODEL] CAPTURE...\n"
	      "       zonectl learn --live DURATION [--interface NAME]... [OPTION...]\n",
	      stderr);
	return EXIT_USAGE;
}

static bool learn_port_of(struct learn_options *o, const char *arg)
{
	const char *colon = strchr(arg, ':');
	uint64_t port;
	if (!colon || !num_parse(colon + 1, 1, 65535, &port) ||
	    o->n_ports == sizeof(o->ports) / sizeof(o->ports[0]))
		return false;
	for (uint8_t p = PROTO_NONE + 1; p < PROTO_N; p++) {
		if (strlen(proto_word(p)) != (size_t)(colon - arg) ||
		    strncmp(proto_word(p), arg, strlen(proto_word(p))) != 0)
			continue;
		o->ports[o->n_ports++] = (struct learn_port){ .port = (uint16_t)port, .proto = p };
		return true;
	}
	return false;
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

static bool admit_words(struct learn_options *o, const char *arg)
{
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

/* "30%" of the time, or so much at its end */
static bool held_out(struct learn_options *o, const char *arg)
{
	char number[4];
	uint64_t v;
	size_t n = strlen(arg);
	if (n < 2 || n > sizeof(number) || arg[n - 1] != '%')
		return duration_parse(arg, &o->held_ns);
	snprintf(number, sizeof(number), "%.*s", (int)n - 1, arg);
	o->held_percent = num_parse(number, 1, 99, &v) ? (unsigned)v : 0;
	return o->held_percent != 0;
}

static bool live_option(struct live_learning *live, const char *name, const char *arg)
{
	if (strcmp(name, "--live") == 0)
		return duration_parse(arg, &live->for_ns);
	if (strcmp(name, "--interface") != 0 || live->n == LIVE_INTERFACES)
		return false;
	live->interfaces[live->n++] = arg;
	return true;
}

/* One option with its value. */
static bool learn_option(struct learn_options *o, const char *name, const char *arg)
{
	uint64_t v;
	if (strcmp(name, "--least") == 0 && num_parse(arg, 1, 1000000, &v))
		o->least = (unsigned)v;
	else if (strcmp(name, "--subnet") == 0 && num_parse(arg, 8, 30, &v))
		o->subnet = (unsigned)v;
	else if (strcmp(name, "--onto") == 0)
		o->onto = arg;
	else if (strcmp(name, "--admit") == 0)
		return admit_words(o, arg);
	else if (strcmp(name, "--hold-out") == 0)
		return held_out(o, arg);
	else
		return strcmp(name, "--port") == 0 && learn_port_of(o, arg);
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

int verb_learn(int argc, char **argv)
{
	struct learn_options o = { .least = LEAST_DEFAULT,
				   .subnet = SUBNET_DEFAULT,
				   .rules_dir = getenv("ZONED_RULES") };
	if (!o.rules_dir)
		o.rules_dir = ZONED_RULESDIR;
	struct live_learning live = { .n = 0 };
	int i = 1;
	for (; i + 1 < argc && argv[i][0] == '-' && argv[i][1]; i += 2)
		if (!live_option(&live, argv[i], argv[i + 1]) &&
		    !learn_option(&o, argv[i], argv[i + 1]))
			return learn_usage();
	/* captures, or live */
	if ((i >= argc) == !live.for_ns || (live.n && !live.for_ns) ||
	    (i < argc && argv[i][0] == '-'))
		return learn_usage();
	struct learn *l = learn_new(&o);
	if (!l) {
		fputs("zonectl: out of memory\n", stderr);
		return EXIT_FAIL;
	}
	if (o.onto && !learn_onto(l)) {
		learn_free(l);
		return EXIT_FAIL;
	}
	int rc = live.for_ns ? learn_live(l, &live) : learn_captures(l, argc - i, argv + i);
	int made = live.for_ns && rc != EXIT_OK ? rc
		   : learn_read(l) ? learn_print(l, o.held_percent || o.held_ns, o.onto)
				   : EXIT_FAIL;
	learn_free(l);
	return rc == EXIT_OK ? made : rc;
}
