/* SPDX-License-Identifier: MIT
 * Orders by the control socket: isolate, release, mode, grant, revoke. */
#include <string.h>

#include "base/num.h"
#include "daemon/orders.h"
#include "daemon/requests.h"

/* NULL: r says what is missing. */
static const char *needed(const struct control_request *q, const char *arg, struct control_reply *r)
{
	const char *v = control_arg(q, arg);
	if (v && strlen(v) <= MODEL_NAME_MAX)
		return v;
	*r = control_error(CONTROL_BAD, "%s needs %s=NAME", q->verb->name, arg);
	return NULL;
}

static struct control_reply ask_isolation(void *ctx, const struct control_request *q, bool isolate)
{
	struct control_reply r;
	const struct change c = request_change(q, "");
	struct order one = { .seconds = 0 };
	struct outcome o;
	const char *zone = needed(q, "zone", &r);
	if (!zone)
		return r;
	snprintf(one.name, sizeof(one.name), "%s", zone);
	outcome_init(&o);
	if (isolate)
		orders_give(ctx, &c, ORDER_ISOLATE, &one, &o);
	else
		orders_take_back(ctx, &c, ORDER_ISOLATE, zone, &o);
	return request_reply(ctx, &o);
}

struct control_reply ask_isolate(void *ctx, const struct control_request *q)
{
	return ask_isolation(ctx, q, true);
}

struct control_reply ask_release(void *ctx, const struct control_request *q)
{
	return ask_isolation(ctx, q, false);
}

/* False: r says what is wrong. */
static bool read_mode(const struct control_request *q, struct order *one, bool *of_model,
		      struct control_reply *r)
{
	const char *name = needed(q, "conduit", r), *mode = control_arg(q, "mode"),
		   *seconds = control_arg(q, "for");
	uint64_t v = 0;
	if (!name)
		return false;
	snprintf(one->name, sizeof(one->name), "%s", name);
	*of_model = mode && strcmp(mode, "model") == 0;
	one->mode = mode && strcmp(mode, "observe") == 0 ? MODE_OBSERVE : MODE_ENFORCE;
	bool known = *of_model || one->mode == MODE_OBSERVE || (mode && !strcmp(mode, "enforce"));
	bool good = known && (*of_model ? !seconds
					: seconds && num_parse(seconds, ORDER_SECONDS_LEAST,
							       ORDER_SECONDS_MOST, &v));
	one->seconds = (uint32_t)v;
	if (!good)
		*r = control_error(CONTROL_BAD,
				   "mode needs conduit=NAME and mode=observe or mode=enforce with "
				   "for=SECONDS, %d to %d; or mode=model without",
				   ORDER_SECONDS_LEAST, ORDER_SECONDS_MOST);
	return good;
}

struct control_reply ask_mode(void *ctx, const struct control_request *q)
{
	struct control_reply r;
	const struct change c = request_change(q, "");
	struct order one = { .seconds = 0 };
	struct outcome o;
	bool of_model;
	if (!read_mode(q, &one, &of_model, &r))
		return r;
	if (!of_model && one.mode == MODE_OBSERVE && q->peer->role < ROLE_ENGINEER) {
		request_refused(ctx, q);
		return control_error(CONTROL_FORBIDDEN,
				     "\"mode observe\" is for the role engineer; yours is %s",
				     control_role_name(q->peer->role));
	}
	outcome_init(&o);
	if (of_model)
		orders_take_back(ctx, &c, ORDER_MODE, one.name, &o);
	else
		orders_give(ctx, &c, ORDER_MODE, &one, &o);
	return request_reply(ctx, &o);
}

struct control_reply ask_grant(void *ctx, const struct control_request *q)
{
	struct control_reply r;
	const struct change c = request_change(q, "");
	struct order one = { .seconds = 0 };
	struct outcome o;
	uint64_t seconds = 0;
	const char *name = needed(q, "conduit", &r), *time = control_arg(q, "for");
	if (!name)
		return r;
	if (!time || !num_parse(time, GRANT_LEAST, GRANT_MOST, &seconds) || !*c.why)
		return control_error(CONTROL_BAD,
				     "grant needs for=SECONDS, %d to %d, and reason=TEXT",
				     GRANT_LEAST, GRANT_MOST);
	snprintf(one.name, sizeof(one.name), "%s", name);
	one.seconds = (uint32_t)seconds;
	outcome_init(&o);
	orders_give(ctx, &c, ORDER_GRANT, &one, &o);
	return request_reply(ctx, &o);
}

struct control_reply ask_revoke(void *ctx, const struct control_request *q)
{
	struct control_reply r;
	const struct change c = request_change(q, "");
	struct outcome o;
	const char *name = needed(q, "conduit", &r);
	if (!name)
		return r;
	outcome_init(&o);
	orders_take_back(ctx, &c, ORDER_GRANT, name, &o);
	return request_reply(ctx, &o);
}
