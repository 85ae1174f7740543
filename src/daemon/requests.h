/* SPDX-License-Identifier: MIT
 * What the files of requests share. */
#ifndef ZONED_DAEMON_REQUESTS_H
#define ZONED_DAEMON_REQUESTS_H

#include "daemon/change.h"

/* The change that is asked for: by whom, and why. */
struct change request_change(const struct control_request *q, const char *origin);
/* What became of it, and what is in force now; frees the outcome. */
struct control_reply request_reply(const struct parent *p, struct outcome *o);
struct control_reply ask_isolate(void *ctx, const struct control_request *q);
struct control_reply ask_release(void *ctx, const struct control_request *q);
struct control_reply ask_proposals(void *ctx, const struct control_request *q);
struct control_reply ask_approve(void *ctx, const struct control_request *q);
struct control_reply ask_withdraw(void *ctx, const struct control_request *q);
struct control_reply ask_mode(void *ctx, const struct control_request *q);
struct control_reply ask_grant(void *ctx, const struct control_request *q);
struct control_reply ask_revoke(void *ctx, const struct control_request *q);

#endif
