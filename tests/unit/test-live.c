/* SPDX-License-Identifier: MIT
 * Capture from an interface: over the loopback of a network namespace of our own. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "packet/capture.h"
#include "packet/live.h"

enum { PORT = 20000, WAIT_MS = 2000, MANY = 4000, SMALL_RING = 64 << 10 };

static void write_map(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		print_message("%s cannot be written\n", path);
	if (fd >= 0)
		close(fd);
}

static bool set_loopback(bool up)
{
	struct ifreq r = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	r.ifr_flags = up ? IFF_UP | IFF_RUNNING : 0;
	bool ok = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &r) == 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

/* A namespace where this process may capture; false: this host does not let it. */
static bool enter_namespace(void)
{
	char map[32];
	uid_t uid = geteuid();
	if (unshare(CLONE_NEWNET) == 0)
		return set_loopback(true);
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return false;
	snprintf(map, sizeof(map), "0 %u 1", (unsigned)uid);
	write_map("/proc/self/uid_map", map);
	return set_loopback(true);
}

static bool may_capture;

static void need_rights(void)
{
	if (!may_capture)
		skip();
}

static void send_datagram(uint16_t port, const void *p, size_t n)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	sendto(fd, p, n, 0, (struct sockaddr *)&to, sizeof(to)); /* nobody listens */
	close(fd);
}

static struct capture *open_loopback(const struct live_conf *more)
{
	char err[CAPTURE_ERROR] = "";
	struct live_conf conf = more ? *more : (struct live_conf){ 0 };
	conf.interface = "lo";
	struct capture *c = capture_live(&conf, err, sizeof(err));
	if (!c)
		print_message("lo: %s\n", err);
	assert_non_null(c);
	return c;
}

/* The next frame with a datagram for this port; 0: none within the time. */
static int next_datagram(struct capture *c, uint16_t port, struct frame *f)
{
	struct pollfd fd = { .fd = live_fd(capture_live_source(c)), .events = POLLIN };
	for (;;) {
		int got = capture_next(c, f);
		if (got < 0)
			return got;
		if (got && f->why == CAPTURE_READ && f->len >= 28 && f->ip[9] == IPPROTO_UDP &&
		    f->ip[22] == port >> 8 && f->ip[23] == (port & 255))
			return 1;
		if (!got && poll(&fd, 1, WAIT_MS) <= 0)
			return 0;
	}
}

/* With a block of the kernel's ring for some time, and each frame at once. */
static void test_datagrams_arrive(void **state)
{
	(void)state;
	need_rights();
	for (unsigned delay = 0; delay <= 10; delay += 10) {
		struct frame f;
		struct capture *c = open_loopback(&(struct live_conf){ .delay_ms = delay });
		assert_int_equal(capture_next(c, &f), 0); /* it does not wait */
		send_datagram(PORT, "seen", 4);
		assert_int_equal(next_datagram(c, PORT, &f), 1);
		assert_int_equal(f.len, 32);
		assert_memory_equal(f.ip + 28, "seen", 4);
		assert_int_equal(f.link, 1);
		assert_true(f.time_ns > UINT64_C(1700000000000000000));
		capture_close(c);
	}
}

/* The same unpacking as of files: a datagram in VXLAN, and one in fragments. */
static void test_frames_are_unpacked(void **state)
{
	static const uint8_t vxlan[] = "\x08\0\0\0\0\0\7\0"
				       "\2\0\0\0\0\1\2\0\0\0\0\2\x08\0"
				       "\x45\0\0\x1c\0\1\0\0\x40\x11\0\0\x0a\1\0\5\x0a\2\0\x09"
				       "\x4e\x20\x4e\x20\0\x08\0\0";
	static uint8_t large[40000];
	struct frame f;
	(void)state;
	need_rights();
	struct live_conf whole = { .filter = "udp and dst port 4789" };
	struct capture *c = open_loopback(&whole);
	send_datagram(4789, vxlan, sizeof(vxlan) - 1);
	assert_int_equal(next_datagram(c, 20000, &f), 1);
	assert_memory_equal(f.ip + 12, "\x0a\1\0\5\x0a\2\0\x09", 8);
	capture_close(c);
	c = open_loopback(NULL);
	struct ifreq r = { .ifr_name = "lo", .ifr_mtu = 1500 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(ioctl(fd, SIOCSIFMTU, &r), 0);
	send_datagram(PORT, large, sizeof(large));
	assert_int_equal(next_datagram(c, PORT, &f), 1);
	assert_int_equal(f.len, sizeof(large) + 28);
	assert_true(f.fragments > 20);
	r.ifr_mtu = 65536;
	assert_int_equal(ioctl(fd, SIOCSIFMTU, &r), 0);
	close(fd);
	capture_close(c);
}

static void test_filter_and_snap_length(void **state)
{
	struct frame f;
	struct capture_counts n;
	(void)state;
	need_rights();
	struct capture *c =
		open_loopback(&(struct live_conf){ .filter = "udp port 20001", .snap = 128 });
	uint8_t long_one[200] = { 0 };
	send_datagram(PORT, "no", 2);
	send_datagram(PORT + 1, "yes", 3);
	assert_int_equal(next_datagram(c, PORT + 1, &f), 1);
	capture_counts(c, &n);
	/* lo's ICMP error quotes it, and is no datagram of that port; the other was not read */
	assert_int_equal(n.frames, 1);
	send_datagram(PORT + 1, long_one, sizeof(long_one));
	while (capture_next(c, &f) != 1)
		poll(NULL, 0, 1);
	assert_int_equal(f.why, CAPTURE_CUT);
	assert_int_equal(f.raw_len, 128);
	assert_int_equal(f.raw_wire_len, 242);
	capture_close(c);
}

/* What a ring that nobody empties loses is counted, and what is read and lost is all. */
static void test_drops_are_counted(void **state)
{
	struct frame f;
	struct live_counts n;
	unsigned read = 0;
	(void)state;
	need_rights();
	struct capture *c = open_loopback(&(struct live_conf){
		.buffer = SMALL_RING, .snap = 256, .filter = "udp port 20002" });
	for (unsigned i = 0; i < MANY; i++)
		send_datagram(PORT + 2, "more than it can keep", 21);
	while (capture_next(c, &f) == 1)
		read++;
	live_counts(capture_live_source(c), &n);
	assert_true(n.dropped > 0);
	/* on lo the kernel has each twice, of which libpcap passes over the one that goes out */
	assert_int_equal(n.received, 2 * MANY);
	assert_true(read > 0 && read <= n.received - n.dropped);
	live_counts(capture_live_source(c), &n); /* totals */
	assert_int_equal(n.received, 2 * MANY);
	capture_close(c);
}

static void opening_fails(const struct live_conf *conf, const char *words)
{
	char err[CAPTURE_ERROR] = "";
	struct capture *c = capture_live(conf, err, sizeof(err));
	assert_null(c);
	if (!strstr(err, words))
		print_message("\"%s\" is not in \"%s\"\n", words, err);
	assert_non_null(strstr(err, words));
}

static void test_errors_are_plain(void **state)
{
	(void)state;
	need_rights();
	opening_fails(&(struct live_conf){ .interface = "eth99" }, "no such interface");
	opening_fails(&(struct live_conf){ .interface = "lo", .filter = "tcp port" }, "filter: ");
	assert_true(set_loopback(false));
	opening_fails(&(struct live_conf){ .interface = "lo" }, "the interface is down");
	assert_true(set_loopback(true));
	assert_true(live_interface_dropped("eth99") == 0);
}

static void test_no_right(void **state)
{
	int status;
	(void)state;
	need_rights();
	if (getuid())
		skip();
	pid_t pid = fork();
	if (pid == 0) {
		char err[CAPTURE_ERROR] = "";
		if (setuid(65534))
			_exit(2);
		struct live *l =
			live_open(&(struct live_conf){ .interface = "lo" }, err, sizeof(err));
		_exit(l || !strstr(err, "no right to capture") ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
		skip(); /* a namespace with one user */
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Down and up again: the same capture goes on. */
static void test_goes_on_after_down(void **state)
{
	struct frame f;
	(void)state;
	need_rights();
	struct capture *c = open_loopback(NULL);
	assert_true(set_loopback(false));
	while (capture_next(c, &f) == 1)
		;
	assert_true(set_loopback(true));
	send_datagram(PORT, "again", 5);
	int got = next_datagram(c, PORT, &f);
	if (got < 0)
		print_message("libpcap ends a capture here: %s\n", capture_error(c));
	assert_int_equal(got, 1);
	capture_close(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_datagrams_arrive),
		cmocka_unit_test(test_frames_are_unpacked),
		cmocka_unit_test(test_filter_and_snap_length),
		cmocka_unit_test(test_drops_are_counted),
		cmocka_unit_test(test_errors_are_plain),
		cmocka_unit_test(test_no_right),
		cmocka_unit_test(test_goes_on_after_down),
	};
	may_capture = enter_namespace();
	if (!may_capture)
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
