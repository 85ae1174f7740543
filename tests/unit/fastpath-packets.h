/* SPDX-License-Identifier: MIT
 * Packets of an end in test-fastpath.c, whose world this uses: honest ones, and lies in their
 * headers. */
static size_t put_ip(const struct world *w, int from, uint8_t *p, size_t l4)
{
	uint8_t src = (uint8_t)(from + 1), dst = (uint8_t)(2 - from);
	const uint8_t v4[20] = { 0x45, [8] = 64, [9] = IPPROTO_TCP, [12] = 10, src, 0, 9, 10, dst,
				 0,    9 };
	const uint8_t v6[40] = { 0x60,	   [6] = IPPROTO_TCP, [7] = 64,	  [8] = 0xfd, [11] = src,
				 [23] = 9, [24] = 0xfd,	      [27] = dst, [39] = 9 };
	memcpy(p, w->v6 ? v6 : v4, w->v6 ? sizeof(v6) : sizeof(v4));
	put_be16(p + (w->v6 ? 4 : 2), (uint32_t)(w->v6 ? l4 : 20 + l4));
	return w->v6 ? 40 : 20;
}

/* A lie in the headers: whatever it is, both must see it. */
static size_t lie(struct world *w, uint8_t *p, size_t n, size_t tcp)
{
	w->lies++;
	switch (rnd(w, 9)) {
	case 0:
		p[tcp + 13] ^= (uint8_t)(1u << rnd(w, 8));
		break;
	case 1:
		put_be32(p + tcp + 4,
			 rnd(w, 3) ? (uint32_t)(p[tcp + 7] + rnd(w, 600)) : (uint32_t)w->rnd);
		break;
	case 2:
		put_be32(p + tcp + 8, (uint32_t)be16(p + tcp + 8) << 16 |
					      (uint16_t)(be16(p + tcp + 10) + rnd(w, 3000) - 1500));
		break;
	case 3:
		p[tcp + 12] = (uint8_t)(rnd(w, 16) << 4);
		break;
	case 4:
		p[rnd(w, (uint32_t)tcp)] ^= (uint8_t)(1u << rnd(w, 8));
		break;
	case 5:
		return n - rnd(w, n < 60 ? 20 : 40);
	case 6:
		memset(p + n, 0, 6);
		return n + 6;
	case 7:
		put_be16(p + tcp + 18, 1 + rnd(w, 9));
		p[tcp + 13] |= TCP_URG;
		break;
	default:
		put_be32(p + tcp + 4, (uint32_t)be16(p + tcp + 4) << 16 |
					      (uint16_t)(be16(p + tcp + 6) + rnd(w, 40) - 20));
	}
	return n;
}

/* It may expire before its receiver, or has the reserved flag; with the next packets all goes on as
 * before. */
static void doubt_arrival(struct world *w, uint8_t *p)
{
	if (!w->v6 && one_in(w, 2))
		p[6] |= 0x80;
	else
		p[w->v6 ? 7 : 8] = (uint8_t)rnd(w, 2 * PACKET_HOPS_MIN);
}

static void segment(struct world *w, int from, uint8_t flags, uint32_t seq, const uint8_t *data,
		    size_t len)
{
	uint8_t p[PACKET];
	const struct end *e = &w->end[from];
	size_t opt = one_in(w, 3) ? 12 : 0;
	size_t tcp = put_ip(w, from, p, 20 + opt + len);
	uint8_t *t = p + tcp;
	memset(t, 0, 20 + opt);
	put_be16(t, from ? w->talk->port : w->cport);
	put_be16(t + 2, from ? w->cport : w->talk->port);
	put_be32(t + 4, seq);
	if (flags & TCP_ACK)
		put_be32(t + 8, e->rcv_nxt);
	t[12] = (uint8_t)((5 + opt / 4) << 4);
	t[13] = flags;
	put_be16(t + 14, 8192);
	if (opt)
		memcpy(t + 20, (const uint8_t[]){ 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2 }, opt);
	if (len)
		memcpy(t + 20 + opt, data, len);
	size_t n = tcp + 20 + opt + len;
	if (odd(w, 60))
		n = lie(w, p, n, tcp);
	if (one_in(w, 400))
		doubt_arrival(w, p);
	packet_checksum(p, n);
	send_packet(w, p, n);
}
