/* SPDX-License-Identifier: MIT
 *
 * Two DNP3 masters and a datagram peer, the data path, and behind it one station of each kind
 * (station.h); behind the other end one master of each kind. Whatever a receiver acts
 * on must be what was judged as that.
 */
#ifndef ZONED_TESTS_STATIONS_H
#define ZONED_TESTS_STATIONS_H

#include "inspect/inspect.h"
#include "station.h"

/* the last peer sends datagrams */
enum { STATIONS_PEERS = 3, STATIONS_UDP = 2, STATIONS_JUDGED = 512 };

struct stations_judged {
	uint64_t sum;
	bool request;
	uint16_t acted[STATION_KINDS];
	uint16_t n; /* how often */
};

struct stations_peer {
	uint16_t port;
	uint32_t seq[2];  /* of the senders */
	uint32_t next[2]; /* what each receiver expects: [0] the station */
	bool ended;
};

struct stations {
	struct inspect *in; /* NULL: nothing between */
	struct inspect_out out;
	uint64_t now;
	uint32_t id;
	unsigned peer, from; /* of the packet on its way */
	const uint8_t *raw;
	size_t raw_len;
	struct stations_peer p[STATIONS_PEERS];
	struct station of[2][STATION_KINDS]; /* [0]: stations, [1]: masters */
	struct stations_judged judged[STATIONS_JUDGED];
	unsigned n_judged, n_acted, n_refused;
	unsigned functions[256]; /* what stations acted on */
	/* a response of so many octets that no station sends, and how many masters took it */
	const uint8_t *unsaid;
	size_t unsaid_len;
	unsigned n_unsaid;
	/* the network behind the gate loses this packet before these kinds */
	uint8_t lost;
	/* but none on its way to a master (zoned(8), "DNP3 frames": one station's response) */
	bool masters_get_all;
	bool both_ways;
	/* the policy permits it, and no master joins the segments of several stations */
	bool interleaved;
	bool pass_all; /* whatever is refused goes on */
	const char *fault;
};

/* Without a gate packets go as they are sent. Both ways: another conduit permits the stations
 * everything that they send to the masters' port, and datagrams have that port at both ends.
 * Interleaved: the policy permits frames of several stations' responses in turn, and masters that
 * would join them are not there. */
enum stations_how { STATIONS_NO_GATE, STATIONS_ONE_WAY, STATIONS_BOTH_WAYS, STATIONS_INTERLEAVED };
void stations_start(struct stations *s, enum stations_how how);
void stations_new_gate(struct stations *s);
void stations_stop(struct stations *s);
/* A new connection of this peer. */
void stations_connect(struct stations *s, unsigned peer);
/* Bytes in one packet; from: 0 the master. */
void stations_send(struct stations *s, unsigned peer, unsigned from, const uint8_t *p, size_t n);

#endif
