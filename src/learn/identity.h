/* SPDX-License-Identifier: MIT
 *
 * What devices say of themselves in two protocols that the gate does not inspect: EtherNet/IP and
 * S7. Bytes from the wire, read with the checked reader; pure.
 */
#ifndef ZONED_LEARN_IDENTITY_H
#define ZONED_LEARN_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { IDENTITY_ENIP_PORT = 44818, IDENTITY_S7_PORT = 102 };

/* One text that a device said; not terminated, any bytes. */
struct identity_sink {
	void *ctx;
	void (*says)(void *ctx, const void *text, size_t n);
};

/* What a client asked last; zero at the beginning of a conversation. */
struct identity_asked {
	bool identity;	  /* all attributes of the CIP Identity object */
	uint64_t context; /* of that request; an answer has the same */
};

/* The messages of one segment or datagram, as far as they are whole in it. */
void identity_enip(const uint8_t *p, size_t n, bool answer, struct identity_asked *asked,
		   const struct identity_sink *to);
void identity_s7(const uint8_t *p, size_t n, const struct identity_sink *to);

#endif
