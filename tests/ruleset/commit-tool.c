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
 * It works in the network namespace it is started in. Queue count is 2, so that
 * the listing does not depend on the machine.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
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
