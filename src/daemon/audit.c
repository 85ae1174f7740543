/* SPDX-License-Identifier: MIT
 *
 * Audit events: who asked zoned to change what, why, and what became of it (IEC 62443-3-3 SR 2.8,
 * SR 2.12). A sentence, and fields as records have them (zoned-events(5)).
 */
#include <string.h>
#include <syslog.h>

#include "base/sb.h"
#include "daemon/change.h"
#include "history/proposals.h"

enum { AUDIT_TEXT = 2000 };

static void put_quoted(struct sb *b, const char *key, const char *text)
{
	if (!*text)
		return;
	sb_printf(b, " %s=\"", key);
	sb_put_foreign(b, text, strlen(text));
	sb_putc(b, '"');
}

static void put_who(struct sb *b, const struct change *c)
{
	const struct control_peer *who = c->peer;
	if (!who) {
		sb_puts(b, c->other);
		return;
	}
	if (*who->user)
		sb_put_foreign(b, who->user, strlen(who->user));
	else
		sb_printf(b, "uid %u", (unsigned)who->uid);
	if (*who->login && strcmp(who->login, who->user) != 0) {
		sb_puts(b, ", logged in as ");
		sb_put_foreign(b, who->login, strlen(who->login));
	}
}

static void put_asker(struct sb *b, const struct change *c)
{
	const struct control_peer *who = c->peer;
	if (!who) {
		sb_printf(b, " by=%s", c->other);
		return;
	}
	sb_printf(b, " uid=%u pid=%d role=%s", (unsigned)who->uid, (int)who->pid,
		  control_role_name(who->role));
	put_quoted(b, "user", who->user);
	put_quoted(b, "login", who->login);
}

/* What an order is for: it may be any text where it was refused. */
static void put_order(struct sb *b, const struct change *c)
{
	const char *const words[] = { c->zone, c->conduit, c->mode };
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i]) {
			sb_putc(b, ' ');
			sb_put_foreign(b, words[i], strlen(words[i]));
		}
	if (c->seconds) {
		sb_puts(b, " for ");
		sb_put_foreign(b, c->seconds, strlen(c->seconds));
		sb_puts(b, " s");
	}
}

static void put_order_fields(struct sb *b, const struct change *c)
{
	put_quoted(b, "zone", c->zone ? c->zone : "");
	put_quoted(b, "conduit", c->conduit ? c->conduit : "");
	put_quoted(b, "mode", c->mode ? c->mode : "");
	put_quoted(b, "seconds", c->seconds ? c->seconds : "");
}

void audit(struct parent *p, const struct audit *a)
{
	char text[AUDIT_TEXT];
	struct sb b = sb_init(text, sizeof(text));
	bool refused = strcmp(a->result, "refused") == 0;
	sb_puts(&b, a->change->verb);
	put_order(&b, a->change);
	sb_puts(&b, " by ");
	put_who(&b, a->change);
	const char *quote = strchr(a->change->verb, ' ') ? "\"" : "";
	sb_printf(&b, ": %s: event=change verb=%s%s%s result=%s", a->text, quote, a->change->verb,
		  quote, a->result);
	put_asker(&b, a->change);
	sb_printf(&b, " gen_before=%u gen=%u model_before=%s model=%s", a->before, p->generation,
		  a->hash_before, p->hash);
	put_order_fields(&b, a->change);
	if (a->proposal)
		sb_printf(&b, " proposal=%s", a->proposal);
	if (a->change->proposer) {
		sb_printf(&b, " proposed_uid=%u", (unsigned)a->change->proposer->uid);
		put_quoted(&b, "proposed_by", a->change->proposer->who);
	}
	put_quoted(&b, "why", a->change->why);
	say(refused ? LOG_WARNING : LOG_NOTICE, "%s", text);
}
