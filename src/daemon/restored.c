/* SPDX-License-Identifier: MIT
 * What zonectl restore did while zoned did not run: an audit event of the next start. */
#include <errno.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "backup/backup.h"
#include "daemon/change.h"

enum { DONE_MOST = 1 << 16 };

static const char *done_text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	return s ? s : "";
}

void restored_say(struct parent *p)
{
	if (!p->keeps_history)
		return;
	if (backup_is_unfinished(p->history_path))
		say(LOG_ERR,
		    "%s/%s: a restore was interrupted; finish it: zonectl restore --finish",
		    p->history_path, BACKUP_UNFINISHED);
	json_t *o = read_document(p->history.dir, BACKUP_DONE, DONE_MOST);
	if (!o)
		return;
	char why[HISTORY_TEXT];
	const char *reason = done_text(o, "why");
	snprintf(why, sizeof(why), "%.60s, archive of model %.12s%s%.120s", done_text(o, "who"),
		 done_text(o, "model"), *reason ? ": " : "", reason);
	const struct change c = {
		.verb = "restore", .origin = "file", .why = why, .other = "zonectl"
	};
	audit(p, &(struct audit){ .change = &c,
				  .result = "restored",
				  .text = "restored before this start",
				  .before = p->generation,
				  .hash_before = p->hash });
	json_decref(o);
	if (unlinkat(p->history.dir, BACKUP_DONE, 0))
		say(LOG_WARNING, "%s/%s: %s", p->history_path, BACKUP_DONE, strerror(errno));
}
