/* SPDX-License-Identifier: MIT
 *
 * RFC 5424, over a local socket (no octet counting):
 *
 *	<PRI>1 TIME HOST zoned PID MSGID [timeQuality ...][zoned@NUMBER name="value" ...] sentence
 *
 * TIME is the event's. MSGID is the word of the event. timeQuality (7.1) is what the kernel knows
 * of its clock when the record is written.
 */
#include "record/forms.h"

#include <string.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/utc.h"
#include "record/line.h"

enum { HOST_MAX = 255 };

static void put_host_name(struct sb *b)
{
	char host[HOST_MAX + 1] = "";
	bool good = gethostname(host, sizeof(host) - 1) == 0 && host[0];
	for (const char *c = host; good && *c; c++)
		good = *c > 0x20 && *c < 0x7f;
	sb_puts(b, good ? host : "-");
}

/* UTC is known by what time zones are made of; whether the clock is right, by who sets it. */
static void put_time_quality(struct sb *b)
{
	struct timex t = { .modes = 0 };
	int state = adjtimex(&t);
	sb_puts(b, "[timeQuality tzKnown=\"1\"");
	if (state >= 0) {
		bool synced = state != TIME_ERROR && !(t.status & STA_UNSYNC);
		sb_printf(b, " isSynced=\"%d\"", synced);
		if (synced)
			sb_printf(b, " syncAccuracy=\"%ld\"", t.maxerror);
	}
	sb_putc(b, ']');
}

static void put_rfc5424_head(struct sb *b, const struct form *f, const struct form_text *t)
{
	form_put_priority(b, f, (int)t->severity);
	sb_puts(b, "1 ");
	sb_put_time(b, t->time_ns, 3);
	sb_putc(b, ' ');
	put_host_name(b);
	sb_printf(b, " zoned %d %s ", (int)getpid(), t->text);
	put_time_quality(b);
}

static void put_param(struct sb *b, const char *key, const char *value)
{
	if (strlen(key) > FORM_PARAM_NAME) { /* as if there were no room: no name is cut */
		b->cut = true;
		return;
	}
	sb_putc(b, ' ');
	sb_puts(b, key);
	sb_puts(b, "=\"");
	form_put_value(b, value, "]");
	sb_putc(b, '"');
}

void form_rfc5424_event(struct sb *b, const struct event_view *view, const struct form *f)
{
	enum { SENTENCE = 1024, KEPT = 40 };
	static const char *const ids[EVENT_KINDS] = { "violation", "message", "refused-flow",
						      "gap" };
	char sentence[SENTENCE];
	struct sb s = sb_init(sentence, sizeof(sentence));
	const struct event *ev = view->ev;
	const struct form_text head = {
		.severity = reason_severity(ev->reason),
		.time_ns = ev->time_ns,
		.text = ids[ev->kind < EVENT_KINDS ? ev->kind : EV_VIOLATION]
	};
	struct form_fields fields = { .b = b, .put = put_param };
	record_sentence(&s, view);
	put_rfc5424_head(b, f, &head);
	sb_printf(b, "[zoned@%u", f->enterprise);
	form_put_fields(&fields, view, s.len + KEPT);
	if (fields.left_out)
		sb_printf(b, " left_out=\"%u\"", fields.left_out);
	sb_puts(b, "] ");
	sb_put_bytes(b, s.s, s.len);
}

void form_rfc5424_line(struct sb *b, const struct form_text *t, const struct form *f)
{
	struct form_text head = *t;
	head.text = "log";
	put_rfc5424_head(b, f, &head);
	if (b->cut)
		return;
	sb_putc(b, ' ');
	form_put_text(b, t->text);
	b->cut = false; /* a text that is cut is still one */
}
