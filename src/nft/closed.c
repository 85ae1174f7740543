/* SPDX-License-Identifier: MIT
 *
 * Nothing is forwarded: a table of its own in front of ours, for the time that
 * it takes to put ours right again. It is small, so it is in force long before a
 * large ruleset could be.
 */
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#include "nft/guard.h"
#include "nft/internal.h"

#define DROPPED "dropped"

static const struct rs_rule rule = { "forward",
				     "until zoned has put its table right again",
				     { { .kind = RS_COUNTER, .name = DROPPED } } };

int nft_forwarding_stop(struct mnl_socket *nl)
{
	struct batch b = { 0 };
	int r = -ENOMEM;
	if (batch_begin(&b, NFT_TABLE_CLOSED, 0, NULL)) {
		put_table_once(&b);
		put_chain(&b, rule.chain, HOOK_CLOSED, (struct where){ 0 });
		put_counter(&b, DROPPED, (struct where){ 0 });
		put_rule(&b, &(struct ruleset){ .queues = 1 }, &rule);
		batch_commit(&b);
		r = batch_send(&b, nl, NULL);
	}
	batch_free(&b);
	return r == -EEXIST ? 0 : r;
}

static void on_counter(void *ctx, const char *name, uint64_t packets, uint64_t bytes)
{
	(void)bytes;
	if (strcmp(name, DROPPED) == 0)
		*(uint64_t *)ctx = packets;
}

int nft_forwarding_start(struct mnl_socket *nl, uint64_t *dropped)
{
	*dropped = 0;
	int r = counters_read(nl, NFT_TABLE_CLOSED, on_counter, dropped);
	int removed = table_remove(nl, NFT_TABLE_CLOSED);
	return removed == -ENOENT ? 0 : removed ? removed : r;
}
