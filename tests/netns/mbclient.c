/* SPDX-License-Identifier: MIT
 *
 * The operator station of the lab: a libmodbus client that runs a mixed,
 * repeatable session of permitted reads and refused writes over one connection
 * and checks every answer against the device's start pattern.
 *
 *	mbclient [options] HOST PORT
 *	  -n N	transactions (default 1000)
 *	  -d S	instead: go on for S seconds, or until SIGTERM
 *	  -r N	how many in 1000 are writes that must be refused (default 0)
 *	  -t MS	how long to wait for an answer to such a write (default 20)
 *	  -T MS	how long to wait for an answer to a read (default 3000); at first, so long or
 *		3000 to connect: one SYN may be lost
 *	  -s N	seed (default 1)
 *	  -u N	unit identifier (default 1)
 *
 * A refused write is expected to get no answer, and the connection is expected
 * to go on. One line of "name value" pairs is the result; the exit status is 0
 * when every read got its right answer and no write got any.
 */
#include <errno.h>
#include <modbus.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mbpattern.h"

struct opts {
	unsigned long n, seconds, refused_per_mille, refused_ms, read_ms, seed, unit;
	const char *host, *port;
};

struct result {
	unsigned long sent, reads, ok, lost, wrong;
	unsigned long writes, silent, answered, broken;
	/* longest time between two good answers, refused waits left out */
	unsigned long reconnects, gap_ms;
};

/* splitmix64: the same session on every machine for the same seed */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static bool words_fit(const uint16_t *got, int at, int n, uint16_t (*pattern)(int))
{
	for (int i = 0; i < n; i++)
		if (got[i] != pattern(at + i))
			return false;
	return true;
}

static bool bits_fit(const uint8_t *got, int at, int n, uint8_t (*pattern)(int))
{
	for (int i = 0; i < n; i++)
		if (got[i] != pattern(at + i))
			return false;
	return true;
}

/* One permitted read. 1: right answer, 0: wrong answer, -1: no answer (errno). */
static int one_read(modbus_t *mb, uint64_t r)
{
	uint16_t w[MODBUS_MAX_READ_REGISTERS];
	uint8_t b[256];
	int n = 1 + (int)((r >> 8) % 100), at = (int)((r >> 20) % (uint64_t)(PATTERN_READ_END - n));
	switch (r % 5) {
	case 0:
		return modbus_read_bits(mb, at, n, b) != n ? -1 : bits_fit(b, at, n, pattern_coil);
	case 1:
		return modbus_read_input_bits(mb, at, n, b) != n
			       ? -1
			       : bits_fit(b, at, n, pattern_discrete);
	case 2:
		return modbus_read_input_registers(mb, at, n, w) != n
			       ? -1
			       : words_fit(w, at, n, pattern_input);
	case 3:
		return r >> 40 & 7 ? (modbus_read_registers(mb, at, n, w) != n
					      ? -1
					      : words_fit(w, at, n, pattern_holding))
				   : (modbus_report_slave_id(mb, sizeof(b), b) > 0 ? 1 : -1);
	default:
		return modbus_read_registers(mb, at, n, w) != n
			       ? -1
			       : words_fit(w, at, n, pattern_holding);
	}
}

/* One write of any kind; as libmodbus: -1 and ETIMEDOUT when nothing came back. */
static int one_write(modbus_t *mb, uint64_t r)
{
	static const uint16_t w[8] = { 0xdead, 0xbeef, 1, 2, 3, 4, 5, 6 };
	static const uint8_t b[16] = { 1, 0, 1, 1, 0, 0, 1 };
	uint16_t back[8];
	int at = PATTERN_READ_END + (int)((r >> 20) % (PATTERN_SIZE - PATTERN_READ_END - 16));
	switch (r % 6) {
	case 0:
		return modbus_write_bit(mb, at, r >> 8 & 1);
	case 1:
		return modbus_write_register(mb, at, 0xdead);
	case 2:
		return modbus_write_bits(mb, at, 16, b);
	case 3:
		return modbus_write_registers(mb, at, 8, w);
	case 4:
		return modbus_mask_write_register(mb, at, 0xf0f0, 0x0f0f);
	default:
		return modbus_write_and_read_registers(mb, at, 4, w, 0, 4, back);
	}
}

static void set_timeout(modbus_t *mb, unsigned long ms)
{
	modbus_set_response_timeout(mb, (uint32_t)(ms / 1000), (uint32_t)(ms % 1000 * 1000));
}

static void reconnect(modbus_t *mb, struct result *res)
{
	res->reconnects++;
	modbus_close(mb);
	for (int i = 0; i < 20 && modbus_connect(mb) != 0; i++)
		usleep(50000);
}

static void do_read(modbus_t *mb, uint64_t r, struct result *res)
{
	int got = one_read(mb, r);
	res->reads++;
	if (got == 1)
		res->ok++;
	else if (got == 0 || errno != ETIMEDOUT)
		res->wrong++;
	else
		res->lost++;
	if (got != 1)
		reconnect(mb, res);
}

static void do_write(modbus_t *mb, const struct opts *o, uint64_t r, struct result *res)
{
	set_timeout(mb, o->refused_ms);
	int got = one_write(mb, r);
	int err = errno;
	set_timeout(mb, o->read_ms);
	res->writes++;
	if (got >= 0) {
		res->answered++;
	} else if (err == ETIMEDOUT) {
		res->silent++;
	} else if (err > MODBUS_ENOBASE) {
		res->answered++; /* an exception: the device saw it */
	} else {
		res->broken++;
		reconnect(mb, res);
	}
}

static volatile sig_atomic_t enough;

static void on_term(int sig)
{
	(void)sig;
	enough = 1;
}

static bool goes_on(const struct opts *o, const struct result *res, uint64_t start)
{
	return o->seconds ? !enough && now_ms() - start < o->seconds * 1000 : res->sent < o->n;
}

static void session(modbus_t *mb, const struct opts *o, struct result *res)
{
	uint64_t state = o->seed, start = now_ms(), good = start;
	set_timeout(mb, o->read_ms);
	while (goes_on(o, res, start)) {
		uint64_t r = next_random(&state), kind = next_random(&state) % 1000;
		unsigned long ok = res->ok;
		uint64_t before = now_ms();
		res->sent++;
		if (kind < o->refused_per_mille) {
			do_write(mb, o, r, res);
			good += now_ms() - before;
			continue;
		}
		do_read(mb, r, res);
		if (res->ok == ok)
			continue;
		uint64_t now = now_ms();
		if (now - good > res->gap_ms)
			res->gap_ms = (unsigned long)(now - good);
		good = now;
	}
}

static bool number(const char *s, unsigned long *out)
{
	char *end;
	errno = 0;
	*out = strtoul(s, &end, 10);
	return errno == 0 && end != s && *end == '\0' && *out < 100000000;
}

static bool options(int argc, char **argv, struct opts *o)
{
	static const char letters[] = "ndrtTsu";
	unsigned long *const values[] = { &o->n,	  &o->seconds, &o->refused_per_mille,
					  &o->refused_ms, &o->read_ms, &o->seed,
					  &o->unit };
	int c;
	while ((c = getopt(argc, argv, "n:d:r:t:T:s:u:")) != -1) {
		const char *at = strchr(letters, c);
		if (!at || !number(optarg, values[at - letters]))
			return false;
	}
	if (argc - optind != 2)
		return false;
	o->host = argv[optind];
	o->port = argv[optind + 1];
	return true;
}

int main(int argc, char **argv)
{
	struct opts o = { .n = 1000, .refused_ms = 20, .read_ms = 3000, .seed = 1, .unit = 1 };
	struct result r = { 0 };
	if (!options(argc, argv, &o)) {
		fputs("usage: mbclient [-n N | -d S] [-r PERMILLE] [-t MS] [-T MS] [-s SEED] [-u "
		      "UNIT] HOST PORT\n",
		      stderr);
		return 2;
	}
	modbus_t *mb = modbus_new_tcp_pi(o.host, o.port);
	if (mb)
		set_timeout(mb, o.read_ms > 3000 ? o.read_ms : 3000);
	if (!mb || modbus_set_slave(mb, (int)o.unit) != 0 || modbus_connect(mb) != 0) {
		fprintf(stderr, "mbclient: cannot connect to %s port %s: %s\n", o.host, o.port,
			modbus_strerror(errno));
		modbus_free(mb);
		return 1;
	}
	if (o.seconds)
		sigaction(SIGTERM,
			  &(struct sigaction){ .sa_handler = on_term, .sa_flags = SA_RESTART },
			  NULL);
	session(mb, &o, &r);
	modbus_close(mb);
	modbus_free(mb);
	printf("sent %lu reads %lu ok %lu lost %lu wrong %lu writes %lu silent %lu answered %lu "
	       "broken %lu reconnects %lu gap_ms %lu\n",
	       r.sent, r.reads, r.ok, r.lost, r.wrong, r.writes, r.silent, r.answered, r.broken,
	       r.reconnects, r.gap_ms);
	return r.ok == r.reads && r.silent == r.writes ? 0 : 1;
}
