/* SPDX-License-Identifier: MIT
 *
 * The device of the lab: a libmodbus server that counts every request that
 * really reached it. `mbserver PORT FILE` listens on [::]:PORT (IPv4 too) and
 * writes its counters and its whole memory to FILE when it is ready, on every
 * SIGUSR1 and at its end (SIGTERM):
 *
 *	dump N			how many times the file was written
 *	fc CODE COUNT		requests delivered, by function code
 *	reads COUNT		... that only read
 *	writes COUNT		... all others
 *	coil N V, holding N V	what differs from the start pattern
 */
#include <errno.h>
#include <modbus.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mbpattern.h"

enum { CONNECTIONS_MAX = 64 };

static volatile sig_atomic_t want_dump, want_end;

struct server {
	modbus_t *mb;
	modbus_mapping_t *map;
	const char *path;
	unsigned long fc[256];
	unsigned long dumps;
	struct pollfd fds[CONNECTIONS_MAX + 1]; /* the listener first */
	nfds_t n;
};

static void on_signal(int sig)
{
	if (sig == SIGUSR1)
		want_dump = 1;
	else
		want_end = 1;
}

static bool only_reads(int fc)
{
	return (fc >= 1 && fc <= 4) || fc == 7 || fc == 11 || fc == 12 || fc == 17 || fc == 20 ||
	       fc == 24;
}

static void dump_memory(const struct server *s, FILE *f)
{
	for (int i = 0; i < PATTERN_SIZE; i++)
		if (s->map->tab_bits[i] != pattern_coil(i))
			fprintf(f, "coil %d %d\n", i, s->map->tab_bits[i]);
	for (int i = 0; i < PATTERN_SIZE; i++)
		if (s->map->tab_registers[i] != pattern_holding(i))
			fprintf(f, "holding %d %d\n", i, s->map->tab_registers[i]);
}

/* A reader never sees half a file: written beside, then renamed. */
static int dump(struct server *s)
{
	char tmp[512];
	unsigned long reads = 0, writes = 0;
	snprintf(tmp, sizeof(tmp), "%s.new", s->path);
	FILE *f = fopen(tmp, "w");
	if (!f)
		return -errno;
	fprintf(f, "dump %lu\n", ++s->dumps);
	for (int i = 0; i < 256; i++) {
		if (s->fc[i])
			fprintf(f, "fc %d %lu\n", i, s->fc[i]);
		*(only_reads(i) ? &reads : &writes) += s->fc[i];
	}
	fprintf(f, "reads %lu\nwrites %lu\n", reads, writes);
	dump_memory(s, f);
	if (fclose(f) != 0 || rename(tmp, s->path) != 0)
		return -errno;
	return 0;
}

static void fill(modbus_mapping_t *m)
{
	for (int i = 0; i < PATTERN_SIZE; i++) {
		m->tab_bits[i] = pattern_coil(i);
		m->tab_input_bits[i] = pattern_discrete(i);
		m->tab_registers[i] = pattern_holding(i);
		m->tab_input_registers[i] = pattern_input(i);
	}
}

static void accept_one(struct server *s)
{
	int fd = accept(s->fds[0].fd, NULL, NULL);
	if (fd < 0)
		return;
	if (s->n > CONNECTIONS_MAX) {
		close(fd);
		return;
	}
	/* as devices do; how often is a sysctl */
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &(int){ 1 }, sizeof(int));
	s->fds[s->n++] = (struct pollfd){ .fd = fd, .events = POLLIN };
}

/* One request of one connection; false when the connection is over. */
static bool serve_one(struct server *s, int fd)
{
	uint8_t q[MODBUS_TCP_MAX_ADU_LENGTH];
	modbus_set_socket(s->mb, fd);
	int n = modbus_receive(s->mb, q);
	if (n < 0)
		return false;
	if (n < 8)
		return true;
	s->fc[q[7]]++;
	return modbus_reply(s->mb, q, n, s->map) >= 0 || errno == ENOPROTOOPT;
}

static void serve_ready(struct server *s)
{
	if (s->fds[0].revents)
		accept_one(s);
	for (nfds_t i = s->n - 1; i >= 1; i--) {
		if (!s->fds[i].revents || serve_one(s, s->fds[i].fd))
			continue;
		close(s->fds[i].fd);
		s->fds[i] = s->fds[--s->n];
	}
}

/* Signals are only let in while ppoll() sleeps, so none is missed. */
static int run(struct server *s, const sigset_t *open_mask)
{
	while (!want_end) {
		int n = ppoll(s->fds, s->n, NULL, open_mask);
		if (want_dump) {
			want_dump = 0;
			dump(s);
		}
		if (n > 0)
			serve_ready(s);
		else if (n < 0 && errno != EINTR)
			return 1;
	}
	return dump(s) == 0 ? 0 : 1;
}

static void signals(sigset_t *open_mask)
{
	static const int sigs[] = { SIGUSR1, SIGTERM, SIGINT };
	sigset_t block;
	struct sigaction sa = { .sa_handler = on_signal };
	sigemptyset(&block);
	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++) {
		sigaddset(&block, sigs[i]);
		sigaction(sigs[i], &sa, NULL);
	}
	sigprocmask(SIG_BLOCK, &block, open_mask);
	signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char **argv)
{
	static struct server s;
	sigset_t open_mask;
	if (argc != 3) {
		fputs("usage: mbserver PORT FILE\n", stderr);
		return 2;
	}
	s.path = argv[2];
	signals(&open_mask);
	s.mb = modbus_new_tcp_pi("::", argv[1]);
	s.map = modbus_mapping_new(PATTERN_SIZE, PATTERN_SIZE, PATTERN_SIZE, PATTERN_SIZE);
	int fd = s.mb && s.map ? modbus_tcp_pi_listen(s.mb, CONNECTIONS_MAX) : -1;
	if (fd < 0) {
		fprintf(stderr, "mbserver: cannot listen on port %s: %s\n", argv[1],
			modbus_strerror(errno));
		return 1;
	}
	fill(s.map);
	s.fds[s.n++] = (struct pollfd){ .fd = fd, .events = POLLIN };
	int r = dump(&s);
	r = r < 0 ? 1 : run(&s, &open_mask);
	modbus_mapping_free(s.map);
	modbus_free(s.mb);
	return r;
}
