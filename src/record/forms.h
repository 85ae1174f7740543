/* SPDX-License-Identifier: MIT
 *
 * An event, or a line that zoned says of itself, as the datagram or line that a receiver reads:
 *
 *   syslog    "<PRI>Mmm dd hh:mm:ss zoned[PID]: " and the line, as syslog(3) has it
 *   rfc5424   RFC 5424 with structured data: the fields, and the state of this machine's clock
 *   cef       ArcSight's Common Event Format, version 0
 *   journal   systemd's native journal protocol: NAME=value and a line end for each field
 *
 * All fields come from the one walk of fields.h. Values may have been somebody else's: octets that
 * are not printable ASCII, '"' and '\' are \xNN as in the line, then escaped as the form asks for.
 * A form that does not fit leaves out whole fields, never a part of one, and says how many
 * ("left_out"); where not even the rest has room, b->cut.
 */
#ifndef ZONED_RECORD_FORMS_H
#define ZONED_RECORD_FORMS_H

#include "base/sb.h"
#include "record/fields.h"

struct form {
	int facility;	     /* LOG_LOCAL0.. */
	uint32_t enterprise; /* the number in the name of our structured data */
};

typedef void form_event(struct sb *b, const struct event_view *view, const struct form *f);
struct form_text {
	enum severity severity; /* or another number of syslog's */
	uint64_t time_ns;
	const char *text;
};
typedef void form_line(struct sb *b, const struct form_text *t, const struct form *f);

form_event form_syslog_event, form_rfc5424_event, form_cef_event, form_cef_syslog_event,
	form_journal_event, form_json_event;
form_line form_syslog_line, form_rfc5424_line, form_cef_line, form_cef_syslog_line,
	form_journal_line, form_json_line;

enum { FORM_PARAM_NAME = 32 }; /* most of a name in structured data (RFC 5424 6.3.3) */

/* For the forms: each field as a text, by put(), which may run out of room. */
struct form_fields {
	struct sb *b;
	void (*put)(struct sb *b, const char *key, const char *value);
	unsigned left_out;
};
/* All of the view's fields, with so many octets of b kept free for what follows. */
void form_put_fields(struct form_fields *f, const struct event_view *view, size_t kept);
/* v with the octets of `special` behind a '\'; what is no printable ASCII, '"' and '\': \xNN, whose
 * '\' is doubled. */
void form_put_value(struct sb *b, const char *v, const char *special);
/* A text of ours, which may have UTF-8: control characters, and what is no UTF-8, are \xNN. */
void form_put_text(struct sb *b, const char *v);
/* "<134>" */
void form_put_priority(struct sb *b, const struct form *f, int severity);
/* "<134>Nov 28 05:10:30 zoned[4711]: " */
void form_put_local_head(struct sb *b, const struct form *f, int severity, uint64_t time_ns);

#endif
