/* SPDX-License-Identifier: MIT
 * What was not read: its names, and the numbers of what is known. */
#include <pcap/pcap.h>
#include <stdio.h>

#include "packet/savefile.h"
#include "packet/unwrap.h"

/* clang-format off */
static const struct {
	const char *name, *text;
	bool loss;
} unread[CAPTURE_UNREAD_N] = {
	[CAPTURE_READ]		      = { "read", "read", false },
	[CAPTURE_NOT_IP]	      = { "not-ip", "not IP", false },
	[CAPTURE_FRAGMENT_KEPT]	      = { "fragment-kept", "IP fragment, kept for the others", false },
	[CAPTURE_COPY]		      = { "copy", "seen before", false },
	[CAPTURE_FILTERED]	      = { "filtered", "not wanted by the filter", false },
	[CAPTURE_LINK_TYPE]	      = { "link-type", "link type not known", true },
	[CAPTURE_ENCAPSULATION]	      = { "encapsulation", "encapsulation not known", true },
	[CAPTURE_LAYERS_MAX]	      = { "too-many-layers", "too many headers on one another", true },
	[CAPTURE_CUT]		      = { "snap-length", "cut by the snap length", true },
	[CAPTURE_MALFORMED]	      = { "malformed", "shorter than its headers say", true },
	[CAPTURE_FRAGMENT_INCOMPLETE] = { "fragment-incomplete", "IP fragment without the others", true },
	[CAPTURE_FRAGMENT_TIMEOUT]    = { "fragment-timeout", "IP fragment whose others came too late", true },
	[CAPTURE_FRAGMENT_OVERLAP]    = { "fragment-overlap", "overlapping IP fragment", true },
	[CAPTURE_FRAGMENT_BAD]	      = { "fragment-bad", "IP fragment that fits into no packet", true },
	[CAPTURE_FRAGMENT_ROOM]	      = { "fragment-room", "IP fragment, too many unfinished packets", true },
};

static const char *const space_words[] = {
	[SPACE_LINK_TYPE]   = "link type",
	[SPACE_ETHERTYPE]   = "EtherType",
	[SPACE_IP_PROTOCOL] = "IP protocol",
	[SPACE_PPP]	    = "PPP protocol",
	[SPACE_LLC_SAP]	    = "LLC SAP",
};

/* What never has IP in it. */
static const struct {
	enum capture_space space;
	uint16_t number;
	const char *name;
} known[] = {
	{ SPACE_ETHERTYPE, 0x0806, "ARP" },	      { SPACE_ETHERTYPE, 0x8035, "RARP" },
	{ SPACE_ETHERTYPE, 0x88cc, "LLDP" },	      { SPACE_ETHERTYPE, 0x8892, "PROFINET" },
	{ SPACE_ETHERTYPE, 0x88a4, "EtherCAT" },      { SPACE_ETHERTYPE, 0x88ab, "Powerlink" },
	{ SPACE_ETHERTYPE, 0x88cd, "SERCOS III" },    { SPACE_ETHERTYPE, 0x88b8, "GOOSE" },
	{ SPACE_ETHERTYPE, 0x88b9, "GSE management" }, { SPACE_ETHERTYPE, 0x88ba, "sampled values" },
	{ SPACE_ETHERTYPE, 0x88f7, "PTP" },	      { SPACE_ETHERTYPE, 0x88e3, "MRP" },
	{ SPACE_ETHERTYPE, 0x88fb, "PRP supervision" }, { SPACE_ETHERTYPE, 0x890f, "CC-Link IE" },
	{ SPACE_ETHERTYPE, 0x80e1, "DLR" },	      { SPACE_ETHERTYPE, 0x8902, "CFM" },
	{ SPACE_ETHERTYPE, 0x8809, "slow protocols" }, { SPACE_ETHERTYPE, 0x888e, "EAPOL" },
	{ SPACE_ETHERTYPE, 0x8863, "PPPoE discovery" }, { SPACE_ETHERTYPE, 0x8808, "flow control" },
	{ SPACE_ETHERTYPE, 0x9000, "loopback" },      { SPACE_ETHERTYPE, 0x0842, "wake on LAN" },
	{ SPACE_ETHERTYPE, 0x22f0, "AVTP" },	      { SPACE_ETHERTYPE, 0x22ea, "SRP" },
	{ SPACE_ETHERTYPE, 0x88f5, "MVRP" },	      { SPACE_ETHERTYPE, 0x88f6, "MMRP" },
	{ SPACE_ETHERTYPE, 0x8137, "IPX" },	      { SPACE_ETHERTYPE, 0x809b, "AppleTalk" },
	{ SPACE_ETHERTYPE, 0x80f3, "AARP" },	      { SPACE_ETHERTYPE, 0x6002, "MOP" },
	{ SPACE_ETHERTYPE, 0x8906, "FCoE" },	      { SPACE_ETHERTYPE, 0x8914, "FIP" },
	{ SPACE_ETHERTYPE, 0x2000, "CDP" },	      { SPACE_ETHERTYPE, 0x894c, "DCP" },
	{ SPACE_LLC_SAP, 0x42, "spanning tree" },     { SPACE_LLC_SAP, 0xfe, "OSI" },
	{ SPACE_LLC_SAP, 0xe0, "IPX" },		      { SPACE_LLC_SAP, 0xf0, "NetBIOS" },
	{ SPACE_LLC_SAP, 0x00, "null SAP" },	      { SPACE_LLC_SAP, 0xf8, "remote program load" },
	{ SPACE_LLC_SAP, 0x0a, "spanning tree" },
	{ SPACE_PPP, 0xc021, "LCP" },		      { SPACE_PPP, 0x8021, "IPCP" },
	{ SPACE_PPP, 0x8057, "IPV6CP" },	      { SPACE_PPP, 0xc023, "PAP" },
	{ SPACE_PPP, 0xc223, "CHAP" },		      { SPACE_PPP, 0x80fd, "CCP" },
};
/* clang-format on */

const char *known_number(enum capture_space space, uint16_t number)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].space == space && known[i].number == number)
			return known[i].name;
	return NULL;
}

const char *capture_unread_name(enum capture_unread why)
{
	return unread[why].name;
}

const char *capture_unread_text(enum capture_unread why)
{
	return unread[why].text;
}

bool capture_unread_is_loss(enum capture_unread why)
{
	return unread[why].loss;
}

const char *capture_kind_text(const struct capture_kind *k, char out[CAPTURE_KIND_TEXT])
{
	const char *name = known_number(k->space, k->number);
	if (k->space == SPACE_LINK_TYPE)
		name = pcap_datalink_val_to_name(dlt_of_link(k->number));
	const char *format = k->space == SPACE_ETHERTYPE || k->space == SPACE_PPP
				     ? "%s 0x%04x%s%s%s"
				     : "%s %u%s%s%s";
	snprintf(out, CAPTURE_KIND_TEXT, format, space_words[k->space], k->number, name ? " (" : "",
		 name ? name : "", name ? ")" : "");
	return out;
}

int capture_dlt(uint16_t link)
{
	return dlt_of_link(link);
}
