/* SPDX-License-Identifier: MIT
 * Bytes of a file: one window that moves over them, filled by read(2) or through an unpacker. */
#include "packet/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/pages.h"
#include "packet/unpack.h"

enum { PACKED = 1 << 17, STREAM = 1 << 18, ERROR_TEXT = 128 };

struct input {
	int fd;
	const struct unpacker *unpacker; /* NULL: plain */
	void *state;
	size_t packed_at, packed_n; /* of packed, not unpacked yet */
	size_t at, n;		    /* of window, not read yet */
	bool end;
	char error[ERROR_TEXT];
	uint8_t *packed; /* PACKED; also the plain bytes that were read for the magic */
	uint8_t *window; /* INPUT_WINDOW */
};

static void input_fail(struct input *in, const char *what, const char *why)
{
	in->end = true;
	if (!in->error[0])
		snprintf(in->error, sizeof(in->error), "%s%s%s", what, *what && *why ? ": " : "",
			 why);
}

/* As read(2), but the end of the file is only where nothing comes. */
static size_t read_octets(struct input *in, uint8_t *to, size_t room)
{
	for (;;) {
		ssize_t got = read(in->fd, to, room);
		if (got >= 0)
			return (size_t)got;
		if (errno != EINTR) {
			input_fail(in, "", strerror(errno));
			return 0;
		}
	}
}

static size_t read_plain(struct input *in, uint8_t *to, size_t room)
{
	size_t n = in->packed_n < room ? in->packed_n : room;
	if (n == 0)
		return read_octets(in, to, room);
	memcpy(to, in->packed + in->packed_at, n);
	in->packed_at += n;
	in->packed_n -= n;
	return n;
}

static size_t read_unpacked(struct input *in, uint8_t *to, size_t room)
{
	for (;;) {
		if (in->packed_n == 0) {
			in->packed_at = 0;
			in->packed_n = read_octets(in, in->packed, PACKED);
		}
		if (in->packed_n == 0) {
			if (!in->unpacker->whole(in->state))
				input_fail(in, in->unpacker->name,
					   "the file ends in the middle of its compressed data");
			return 0;
		}
		struct unpack_step s = { .src = in->packed + in->packed_at,
					 .src_n = in->packed_n,
					 .dst = to,
					 .dst_n = room };
		const char *wrong = in->unpacker->step(in->state, &s);
		if (!wrong && s.src_n == 0 && s.dst_n == 0)
			wrong = "damaged data";
		if (wrong) {
			input_fail(in, in->unpacker->name, wrong);
			return 0;
		}
		in->packed_at += s.src_n;
		in->packed_n -= s.src_n;
		if (s.dst_n)
			return s.dst_n;
	}
}

/* Up to room octets; 0: the end, or an error. */
static size_t read_more(struct input *in, uint8_t *to, size_t room)
{
	if (in->end)
		return 0;
	size_t n = in->unpacker ? read_unpacked(in, to, room) : read_plain(in, to, room);
	in->end = n == 0;
	return n;
}

static bool choose_unpacker(struct input *in)
{
	while (in->packed_n < MAGIC_MAX) {
		size_t n = read_octets(in, in->packed + in->packed_n, PACKED - in->packed_n);
		if (n == 0)
			break;
		in->packed_n += n;
	}
	if (in->error[0])
		return false;
	in->unpacker = unpacker_of(in->packed, in->packed_n);
	if (!in->unpacker)
		return true;
	if (in->unpacker->program) {
		snprintf(in->error, sizeof(in->error),
			 "compressed with %s; write: %s FILE | zonectl ... -", in->unpacker->name,
			 in->unpacker->program);
		return false;
	}
	in->state = in->unpacker->open();
	if (!in->state)
		input_fail(in, "", "out of memory");
	return in->state != NULL;
}

struct input *input_open(const char *path, char *err, size_t err_len)
{
	struct input *in = calloc(1, sizeof(*in));
	if (!in) {
		snprintf(err, err_len, "out of memory");
		return NULL;
	}
	in->packed = pages_map(PACKED);
	in->window = pages_map(INPUT_WINDOW);
	in->fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (!in->packed || !in->window)
		input_fail(in, "", "out of memory");
	else if (in->fd < 0)
		input_fail(in, "", strerror(errno));
	else if (choose_unpacker(in))
		return in;
	snprintf(err, err_len, "%s", in->error);
	input_close(in);
	return NULL;
}

void input_close(struct input *in)
{
	if (!in)
		return;
	if (in->state)
		in->unpacker->close(in->state);
	if (in->fd > STDIN_FILENO)
		close(in->fd);
	pages_unmap(in->packed, PACKED);
	pages_unmap(in->window, INPUT_WINDOW);
	free(in);
}

size_t input_left(struct input *in, size_t n)
{
	if (n > INPUT_WINDOW)
		n = INPUT_WINDOW;
	if (in->n < n && in->at) {
		memmove(in->window, in->window + in->at, in->n);
		in->at = 0;
	}
	while (in->n < n) {
		size_t got = read_more(in, in->window + in->n, INPUT_WINDOW - in->n);
		if (got == 0)
			break;
		in->n += got;
	}
	return in->n < n ? in->n : n;
}

const uint8_t *input_peek(struct input *in, size_t n)
{
	return input_left(in, n) == n ? in->window + in->at : NULL;
}

int input_pass(struct input *in, uint64_t n)
{
	while (n > 0) {
		size_t part = n < INPUT_WINDOW ? (size_t)n : INPUT_WINDOW;
		size_t have = input_left(in, part);
		in->at += have;
		in->n -= have;
		n -= have;
		if (have < part)
			return false;
	}
	return true;
}

static ssize_t stream_read(void *cookie, char *to, size_t room)
{
	struct input *in = cookie;
	size_t n = in->n < room ? in->n : room;
	if (n == 0)
		n = read_more(in, (uint8_t *)to, room);
	else {
		memcpy(to, in->window + in->at, n);
		in->at += n;
		in->n -= n;
	}
	if (n == 0 && in->error[0]) {
		errno = EIO;
		return -1;
	}
	return (ssize_t)n;
}

FILE *input_stream(struct input *in)
{
	FILE *f = fopencookie(in, "r", (cookie_io_functions_t){ .read = stream_read });
	if (f)
		setvbuf(f, NULL, _IOFBF, STREAM);
	return f;
}

const char *input_error(const struct input *in)
{
	return in->error[0] ? in->error : NULL;
}
