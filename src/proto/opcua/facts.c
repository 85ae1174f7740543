/* SPDX-License-Identifier: MIT
 * The facts of an OPC UA message. */
#include <stdio.h>
#include <string.h>

#include "base/siphash.h"
#include "proto/opcua/facts-expected.h"
#include "proto/opcua/wire-body.h"
#include "record/facts.h"
#include "proto/opcua/facts.h"

static const char *const modes[] = { "unknown", "none", "sign", "sign-and-encrypt" };

static const struct ua_service *service_of(const struct event *ev)
{
	return EV_OPCUA(ev)->has & EVU_SERVICE ? ua_service_by_id(EV_OPCUA(ev)->service) : NULL;
}

static const char *ua_title(const struct event *ev)
{
	const struct ua_service *s = service_of(ev);
	return s ? s->name : "OPC UA message";
}

static void put_ua_text(const struct fact_sink *to, const char *key, const char *from)
{
	char text[EV_UA_TEXT + 1];
	memcpy(text, from, EV_UA_TEXT);
	text[EV_UA_TEXT] = '\0';
	if (text[0])
		to->text(to->ctx, key, text);
}

/* HEL, ACK and ERR are of no channel. */
static void put_channel(const struct ev_opcua *u, const struct fact_sink *to)
{
	to->num(to->ctx, "channel", u->channel);
	if ((u->has & EVU_POLICY) && u->policy < ua_policies_n)
		to->word(to->ctx, "security_policy", ua_policies[u->policy].name);
	if (u->mode > UA_MODE_INVALID && u->mode <= UA_MODE_ENCRYPT)
		to->word(to->ctx, "security", modes[u->mode]);
}

static void ua_each_fact(const struct event *ev, const struct fact_sink *to)
{
	const struct ev_opcua *u = EV_OPCUA(ev);
	const struct ua_service *s = service_of(ev);
	const char *attribute = ua_attribute_name(u->attribute);
	char result[16];
	to->word(to->ctx, "type", ua_type_name((enum ua_type)u->type));
	if (u->has & EVU_CHANNEL)
		put_channel(u, to);
	if (u->has & EVU_REQUEST)
		to->num(to->ctx, "request", u->request);
	if (u->has & EVU_SERVICE)
		to->word(to->ctx, "service", s ? s->name : "unknown");
	if (u->user > UA_TOKEN_NONE && u->user <= UA_TOKEN_OTHER)
		to->word(to->ctx, "user_token", ua_token_names[u->user]);
	if (u->has & EVU_NODES)
		to->num(to->ctx, "nodes", u->nodes);
	put_ua_text(to, "named", u->text);
	if (u->has & EVU_ATTRIBUTE)
		to->word(to->ctx, "attribute", attribute ? attribute : "unknown");
	if (u->has & EVU_RESULT) {
		snprintf(result, sizeof(result), "0x%08x", u->result);
		to->word(to->ctx, "result", result);
	}
}

/* Two nodes refused are two records, and so are two kinds of channel. */
static uint64_t ua_fact_key(const struct event *ev)
{
	uint64_t w[EV_UA_TEXT / 8];
	/* no secret: a collision only costs a record */
	static const uint64_t fixed[2] = { 0, 0 };
	memcpy(w, EV_OPCUA(ev)->text, sizeof(w));
	return siphash_words(fixed, w, EV_UA_TEXT / 8) ^
	       ((uint64_t)EV_OPCUA(ev)->service << 24 | (uint64_t)EV_OPCUA(ev)->mode << 16 |
		(uint64_t)EV_OPCUA(ev)->user << 8 | EV_OPCUA(ev)->type);
}

const struct fact_ops facts_opcua = {
	.title = ua_title, .each = ua_each_fact, .expected = ua_expected, .key = ua_fact_key
};
