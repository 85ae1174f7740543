/* SPDX-License-Identifier: MIT
 * What the files of the data path share. */
#ifndef ZONED_INSPECT_INTERNAL_H
#define ZONED_INSPECT_INTERNAL_H

#include "inspect/flow.h"
#include "inspect/inspect.h"

enum { SCRATCH = 65536 + 256 };

struct inspect {
	struct inspect_conf conf;
	struct inspect_stats stats;
	const struct pol_image *img;
	struct flows flows;
	atomic_ullong *rate;	/* two per conduit: requests, writes */
	bool own_rate;
	uint8_t *scratch;	/* one rewritten packet */
};

/* One packet on its way through. */
struct pass {
	struct inspect *in;
	const struct inspect_out *out;
	const struct inspect_pkt *raw;
	struct packet pkt;
	struct flow *f;
	int dir;
	const struct pol_flow *pol;	/* NULL: dissect_only */
};

enum act { ACT_PASS, ACT_CUT, ACT_RESET };

/* judge.c */
enum act judge_message(struct pass *c, const uint8_t *p, size_t n);
void pass_event(struct pass *c, enum reason why, enum verdict v, const struct mb_msg *m,
		const struct decision *d);
bool pass_observes(const struct pass *c);
/* emit.c: send the packet on with the bytes [from, to) of its stream. */
void emit_range(struct pass *c, uint32_t from, uint32_t to, bool with_fin);
/* Send it on without payload at its own (translated) place. */
void emit_bare(struct pass *c);
/* Send one old byte, so that the receiver repeats its acknowledgement. */
void emit_probe(struct pass *c);
/* End the connection at the receiver. */
void emit_reset(struct pass *c);
void emit_verdict(struct pass *c, enum verdict v);

#endif
