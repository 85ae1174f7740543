/* SPDX-License-Identifier: MIT
 * MAC addresses of assets (IEEE 802, 48 bits), and whether their packets must have them. */
#include <string.h>

#include "base/hex.h"
#include "model/internal.h"

/* Six octets of two digits, with ":" or "-" between them. */
static bool read_mac(const char *s, uint8_t out[6])
{
	if (strlen(s) != MAC_TEXT - 1)
		return false;
	for (unsigned i = 0; i < 6; i++) {
		int hi = hex_digit(s[3 * i]), lo = hex_digit(s[3 * i + 1]);
		if (hi < 0 || lo < 0 || (i < 5 && s[3 * i + 2] != ':' && s[3 * i + 2] != '-'))
			return false;
		out[i] = (uint8_t)(hi << 4 | lo);
	}
	return true;
}

void load_mac(struct load *l, const config_setting_t *g, struct asset *a)
{
	static const uint8_t none[6];
	const char *text = get_text(l, g, "mac");
	get_bool(l, g, "bind", &a->bound);
	if (text) {
		struct where at = at_of(l, config_setting_get_member(g, "mac"));
		a->has_mac = read_mac(text, a->mac);
		if (!a->has_mac)
			complain(l, at,
				 "\"%s\" is not a MAC address; write for example "
				 "\"00:00:5e:00:53:01\"",
				 text);
		else if (a->mac[0] & 1 || memcmp(a->mac, none, sizeof(none)) == 0)
			complain(l, at, "\"%s\" is the MAC address of no single device", text);
	} else if (a->bound) {
		complain(l, at_of(l, config_setting_get_member(g, "bind")),
			 "asset \"%s\" has bind, and no mac; write mac = \"00:00:5e:00:53:01\";",
			 a->name);
	}
}

void print_mac(FILE *f, const struct asset *a)
{
	char text[MAC_TEXT];
	if (!a->has_mac)
		return;
	mac_text(a->mac, text);
	fprintf(f, " mac = \"%s\";%s", text, a->bound ? " bind = true;" : "");
}

bool model_binds(const struct model *m)
{
	for (size_t z = 1; z < m->n_zones; z++)
		for (size_t i = 0; i < m->zones[z].n_assets; i++)
			if (m->zones[z].assets[i].bound)
				return true;
	return false;
}
