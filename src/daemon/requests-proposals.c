/* SPDX-License-Identifier: MIT
 * What several people do by the control socket: proposals, approve, withdraw. */
#include "daemon/proposals.h"
#include "daemon/requests.h"

struct control_reply ask_proposals(void *ctx, const struct control_request *q)
{
	(void)q;
	return (struct control_reply){ CONTROL_DONE, proposals_document(ctx) };
}

static struct control_reply ask_of_proposal(void *ctx, const struct control_request *q,
					    void (*run)(struct parent *p, const struct change *c,
							const char *hash, struct outcome *o))
{
	const struct change c = request_change(q, "");
	const char *hash = control_arg(q, "model");
	struct outcome o;
	if (!hash)
		return control_error(CONTROL_BAD, "%s needs model=HASH", q->verb->name);
	outcome_init(&o);
	run(ctx, &c, hash, &o);
	return request_reply(ctx, &o);
}

struct control_reply ask_approve(void *ctx, const struct control_request *q)
{
	return ask_of_proposal(ctx, q, proposal_approve);
}

struct control_reply ask_withdraw(void *ctx, const struct control_request *q)
{
	return ask_of_proposal(ctx, q, proposal_withdraw);
}
