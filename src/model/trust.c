/* SPDX-License-Identifier: MIT
 * The keys of the group "daemon" that say who may change what is in force: signatures, approvals.
 */
#include "model/internal.h"

enum { APPROVALS_MOST = 4 };

void load_trust(struct load *l, const config_setting_t *daemon, struct daemon_conf *d)
{
	uint64_t v;
	d->trusted_keys = get_text(l, daemon, "trusted_keys");
	get_bool(l, daemon, "require_signature", &d->require_signature);
	if (get_number(l, daemon, "approvals", 1, APPROVALS_MOST, &v))
		d->approvals = (uint32_t)v;
	if (d->trusted_keys && d->trusted_keys[0] != '/')
		complain(l, at_of(l, config_setting_get_member(daemon, "trusted_keys")),
			 "trusted_keys must be a full path, such as \"/etc/zoned/keys\"");
	if (d->require_signature && !d->trusted_keys)
		complain(l, at_of(l, config_setting_get_member(daemon, "require_signature")),
			 "require_signature needs the directory of public keys; write "
			 "trusted_keys = \"/etc/zoned/keys\";");
}

void print_trust(FILE *f, const struct daemon_conf *d)
{
	print_key(f, "  ", "trusted_keys", d->trusted_keys);
	if (d->require_signature)
		fputs("  require_signature = true;\n", f);
	if (d->approvals != 1)
		fprintf(f, "  approvals = %u;\n", d->approvals);
}
