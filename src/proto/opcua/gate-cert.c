/* SPDX-License-Identifier: MIT
 *
 * Certificates by thumbprint. OPN carries the sender's certificate, DER, with
 * its issuers behind it (OPC 10000-6 6.7.2.3); the first one is the sender's.
 * The thumbprint of a certificate is the SHA-1 of all of it; SHA-256 is what
 * certificate stores show today. Neither proves possession: that the peer does,
 * by the signature under the same OPN.
 */
#include <nettle/sha1.h>
#include <nettle/sha2.h>

#include "base/hex.h"
#include "base/rd.h"
#include "proto/opcua/gate-internal.h"

/* The first SEQUENCE of the chain; n 0: there is none. */
static struct ua_bytes leaf(const struct ua_bytes *chain)
{
	struct ua_bytes none = { NULL, 0 };
	struct rd r = rd_init(chain->p, chain->n);
	uint8_t tag = rd_u8(&r), form = rd_u8(&r);
	uint32_t n = form;
	if (form & 0x80) {
		n = 0;
		for (unsigned i = 0; i < (form & 0x7fu) && i < 3; i++)
			n = n << 8 | rd_u8(&r);
		if ((form & 0x7f) > 2 || (form & 0x7f) == 0)
			return none;
	}
	size_t head = chain->n - r.left;
	rd_skip(&r, n);
	if (r.bad || tag != 0x30)
		return none;
	return (struct ua_bytes){ chain->p, (uint32_t)head + n };
}

bool ua_thumbprint(const struct ua_bytes *chain, char out[UA_CERT_HEX])
{
	struct ua_bytes cert = leaf(chain);
	uint8_t sum[SHA256_DIGEST_SIZE];
	struct sha256_ctx c;
	if (cert.n == 0)
		return false;
	sha256_init(&c);
	sha256_update(&c, cert.n, cert.p);
	sha256_digest(&c, SHA256_DIGEST_SIZE, sum);
	hex_text(sum, SHA256_DIGEST_SIZE, out);
	return true;
}

bool ua_certificate_ok(const struct pol_image *img, const struct pol_ua_list *l,
		       const struct ua_bytes *chain, char shown[EV_UA_TEXT])
{
	if (l->any)
		return true;
	struct ua_bytes cert = leaf(chain);
	uint8_t sum[SHA1_DIGEST_SIZE];
	char text[UA_CERT_HEX];
	if (!ua_thumbprint(chain, text))
		return false;
	if (policy_opcua_text(img, l, text, 2 * SHA256_DIGEST_SIZE))
		return true;
	struct sha1_ctx short_sum;
	sha1_init(&short_sum);
	sha1_update(&short_sum, cert.n, cert.p);
	sha1_digest(&short_sum, SHA1_DIGEST_SIZE, sum);
	hex_text(sum, SHA1_DIGEST_SIZE, text);
	ua_show(shown, text, 2 * SHA1_DIGEST_SIZE);
	return policy_opcua_text(img, l, text, 2 * SHA1_DIGEST_SIZE);
}
