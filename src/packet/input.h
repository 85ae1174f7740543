/* SPDX-License-Identifier: MIT
 *
 * Bytes of a file, unpacked on the way where they are compressed: by what the file begins with,
 * not by its name. gzip (RFC 1952, zlib) and Zstandard (RFC 8878, libzstd) are what capture
 * appliances and tcpdump's -z make. The libraries and not the programs: no process, no search
 * path, no exit status that may come after the last byte was used. Memory is constant whatever
 * the ratio (zstd: the window of the file, 128 MB at most, commonly 8).
 */
#ifndef ZONED_PACKET_INPUT_H
#define ZONED_PACKET_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { INPUT_WINDOW = 1 << 20 }; /* most that can be asked for at once */

struct input;

/* "-" is standard input. NULL: err says why. */
struct input *input_open(const char *path, char *err, size_t err_len);
void input_close(struct input *in); /* NULL is fine */
/* The next n octets, which stay unread; NULL: there are fewer. n <= INPUT_WINDOW. Valid until the
 * next call of any of these. */
const uint8_t *input_peek(struct input *in, size_t n);
/* How many octets there are up to n, without reading them. */
size_t input_left(struct input *in, size_t n);
/* Pass over n octets; false: there are fewer. */
int input_pass(struct input *in, uint64_t n);
/* The same bytes for libpcap. fclose() it before input_close(). */
FILE *input_stream(struct input *in);
/* Why there are no more bytes; NULL: it is the end of the file. */
const char *input_error(const struct input *in);

#endif
