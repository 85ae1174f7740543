/* SPDX-License-Identifier: MIT
 *
 * The control path by hand, for tests: commit-tool VERB ...
 *	commit MODEL GENERATION [none]	load, compile, commit ("none": no way to queue)
 *	check MODEL GENERATION		the same without the commit
 *	plain MODEL GENERATION		what the in-kernel path passes unseen: mark, direction, in,
 *out, counter of each
 *	spoil MODEL CONDUIT		commit with one element made wrong: the kernel must refuse
 *it remove MASK			delete our table, clear our mark bits
 *	counters			one line per named counter
 *	probe				one line per kernel feature
 *	reach MODEL			of each line of standard input, what reach_of() says
 * It works in the network namespace it is started in. Queue count is 2, so that
 * the listing does not depend on the machine.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "compile/reach.h"
#include "nft/internal.h"

static void print_counter(void *ctx, const char *name, uint64_t packets, uint64_t bytes)
{
	(void)ctx;
	printf("%s %" PRIu64 " %" PRIu64 "\n", name, packets, bytes);
}

static int apply(struct mnl_socket *nl, int argc, char **argv)
{
	const char *rules = getenv("ZONED_RULES");
	struct errs errs;
	size_t n;
	uint64_t generation;
	struct nft_opts o = { .queues = 2, .fast = -1 };
	if (argc < 4 || !num_parse(argv[3], 0, 1000, &generation))
		return 2;
	const struct nft_feature *f = nft_probe(nl, &n, &o.queue);
	o.offload = nft_has(f, n, "flowtable");
	if (argc > 4)
		o.queue = NFT_QUEUE_NONE;
	o.generation = (uint32_t)generation;
	errs_init(&errs);
	struct model *m = model_load(argv[2], rules ? rules : "rules", &errs);
	int r = -EINVAL;
	if (m)
		r = strcmp(argv[1], "check") ? nft_commit(nl, m, &o, &errs)
					     : nft_check(nl, m, &o, &errs);
	errs_print(&errs, stderr);
	errs_free(&errs);
	model_free(m);
	return r ? 1 : 0;
}

static void print_ways(const struct model *m, const struct ruleset_plain *v, int dir)
{
	const struct zone *in = v->end[dir], *out = v->end[!dir];
	bool inside = v->conduit == m->n_conduits;
	for (size_t i = 0; in && out && i < in->n_interfaces; i++)
		for (size_t k = 0; k < out->n_interfaces; k++)
			printf("%" PRIu32 " %d %s %s %s%s\n", v->mark, dir, in->interfaces[i],
			       out->interfaces[k], inside ? "inside" : "conduit-",
			       inside ? "" : m->conduits[v->conduit].name);
}

static int plain(char **argv)
{
	const char *rules = getenv("ZONED_RULES");
	struct errs errs;
	errs_init(&errs);
	struct model *m = model_load(argv[2], rules ? rules : "rules", &errs);
	size_t n = 0;
	uint64_t generation;
	bool ok = m && num_parse(argv[3], 0, 1000, &generation);
	struct ruleset_plain *v = ok ? ruleset_plain(m, (uint32_t)generation, false, &n) : NULL;
	for (size_t i = 0; i < n; i++)
		for (int dir = 0; dir < 2; dir++)
			print_ways(m, &v[i], dir);
	errs_print(&errs, stderr);
	errs_free(&errs);
	free(v);
	model_free(m);
	return v ? 0 : 1;
}

static int spoil(struct mnl_socket *nl, char **argv)
{
	const char *rules = getenv("ZONED_RULES");
	struct errs errs;
	struct ruleset_opts o = { .generation = 1, .queues = 2, .queue_backend = RS_QUEUE_XT };
	errs_init(&errs);
	struct model *m = model_load(argv[2], rules ? rules : "rules", &errs);
	struct ruleset *rs = m ? ruleset_build(m, &o, &errs) : NULL;
	int r = -EINVAL;
	for (size_t i = 0; rs && i < rs->n_sets; i++) {
		struct rs_set *s = &rs->sets[i];
		for (size_t k = 0; s->data == RS_D_VERDICT && k < s->n_elems; k++)
			if (!strcmp(s->elems[k].comment, argv[3]))
				s->elems[k] = (struct rs_elem){ .at = s->elems[k].at,
								.verdict = RS_GOTO,
								.target = "nowhere",
								.key = { 9 } };
	}
	if (rs)
		r = ruleset_exchange(&(struct nft){ .nl = nl }, rs, true, &errs);
	errs_print(&errs, stderr);
	errs_free(&errs);
	ruleset_free(rs);
	model_free(m);
	return r ? 1 : 0;
}

static int probe(struct mnl_socket *nl)
{
	size_t n;
	enum nft_queue q;
	const struct nft_feature *f = nft_probe(nl, &n, &q);
	for (size_t i = 0; i < n; i++)
		printf("%s %s %s\n", f[i].name, f[i].present ? "present" : "absent", f[i].what);
	return q == NFT_QUEUE_NONE;
}

/* opens|midway|continues|error CLIENT CPORT SERVER SPORT PROTOCOL ANSWER IN OUT TYPE ROUTER
 * REQUEST; of IN, OUT and ROUTER "-": not told */
static bool reach_line(char *line, struct reach_packet *p)
{
	static const char *const states[] = { "opens", "continues", "error" };
	char *word[12], *rest = line;
	uint64_t n[6];
	static const unsigned numbers[6] = { 2, 4, 5, 6, 9, 11 };
	for (size_t i = 0; i < 12; i++)
		if (!(word[i] = strtok_r(i ? NULL : line, " \n", &rest)))
			return false;
	for (size_t i = 0; i < sizeof(n) / sizeof(n[0]); i++)
		if (!num_parse(word[numbers[i]], 0, 65535, &n[i]))
			return false;
	*p = (struct reach_packet){ .no_syn = !strcmp(word[0], "midway") };
	for (size_t i = 0; i < 3; i++)
		if (!strcmp(word[0], states[i]))
			p->state = (enum reach_state)i;
	p->of.cport = (uint16_t)n[0];
	p->of.sport = (uint16_t)n[1];
	p->of.l4 = (uint8_t)n[2];
	p->answer = n[3];
	p->icmp_type = (uint8_t)n[4];
	p->of.request = (uint8_t)n[5];
	p->in = strcmp(word[7], "-") ? word[7] : NULL;
	p->out = strcmp(word[8], "-") ? word[8] : NULL;
	return addr_parse(word[1], &p->of.client) && addr_parse(word[3], &p->of.server) &&
	       (!strcmp(word[10], "-") || addr_parse(word[10], &p->router));
}

static int say_reach(char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0); /* each answer before the next question */
	static const char *const fates[] = { "refused", "observed", "inside", "plain",
					     "inspected" };
	const char *rules = getenv("ZONED_RULES");
	struct errs errs;
	char line[512];
	errs_init(&errs);
	struct model *m = model_load(argv[2], rules ? rules : "rules", &errs);
	struct reach *r = m ? reach_new(m, &errs) : NULL;
	while (r && fgets(line, sizeof(line), stdin)) {
		struct reach_packet p;
		if (!reach_line(line, &p)) {
			puts("?");
			continue;
		}
		const struct reach_answer a = reach_of(r, &p);
		bool flow = a.fate == REACH_PLAIN || a.fate == REACH_INSPECTED;
		printf("%s %s %s\n", fates[a.fate], a.counter ? a.counter : "-",
		       flow ? m->conduits[a.conduit].name : "-");
	}
	errs_print(&errs, stderr);
	errs_free(&errs);
	reach_free(r);
	model_free(m);
	return r ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct mnl_socket *nl = nft_open();
	uint64_t mask;
	int r = 2;
	if (!nl) {
		perror("commit-tool: netlink");
		return 1;
	}
	if (argc >= 4 && (!strcmp(argv[1], "commit") || !strcmp(argv[1], "check")))
		r = apply(nl, argc, argv);
	else if (argc == 4 && !strcmp(argv[1], "plain"))
		r = plain(argv);
	else if (argc == 4 && !strcmp(argv[1], "spoil"))
		r = spoil(nl, argv);
	else if (argc == 3 && !strcmp(argv[1], "reach"))
		r = say_reach(argv);
	else if (argc == 2 && !strcmp(argv[1], "counters"))
		r = nft_counters_read(nl, print_counter, NULL) ? 1 : 0;
	else if (argc == 2 && !strcmp(argv[1], "probe"))
		r = probe(nl);
	else if (argc == 3 && !strcmp(argv[1], "remove") &&
		 num_parse(argv[2], 1, UINT32_MAX, &mask))
		r = nft_remove(nl) || nft_forget_marks(nl, (uint32_t)mask) ? 1 : 0;
	nft_close(nl);
	return r;
}
