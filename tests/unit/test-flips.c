/* SPDX-License-Identifier: MIT
 * Readers of files that somebody else may have written (archives, time zones, signatures, and what
 * is kept beside the generations), given each cut of a good one, each bit of it turned, and
 * several octets changed at once. Each copy is a block of its size, so that sanitizers see a read
 * behind it. What is taken holds to its bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <nettle/base64.h>
#include <nettle/eddsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/tar.h"
#include "base/tz.h"
#include "history/orders.h"
#include "history/proposals.h"
#include "history/uses.h"

#define STATE_FILE "kept.json"
#include "state-dir.h"

enum { MOST = 8192, SEVERAL = 2000, OCTETS_AT_ONCE = 4, NOW = 2000000000 };

typedef void reader(const uint8_t *p, size_t n);

static uint32_t turn = 1;

static uint32_t some(uint32_t below)
{
	turn = turn * 1664525 + 1013904223;
	return (turn >> 8) % below;
}

static void read_copy(reader *read, const uint8_t *p, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);
	assert_non_null(copy);
	memcpy(copy, p, n);
	read(copy, n);
	free(copy);
}

/* step: of the bits that are turned and the cuts, where all of them take too long */
static void read_changed(reader *read, const uint8_t *good, size_t n, size_t step)
{
	static uint8_t b[MOST];
	assert_true(n > 0 && n <= MOST);
	for (size_t i = 0; i < n; i += step)
		read_copy(read, good, i);
	memcpy(b, good, n);
	for (size_t i = 0; i < 8 * n; i += step) {
		b[i / 8] ^= (uint8_t)(1 << i % 8);
		read_copy(read, b, n);
		b[i / 8] = good[i / 8];
	}
	for (int i = 0; i < SEVERAL; i++) {
		for (int k = 0; k < OCTETS_AT_ONCE; k++)
			b[some((uint32_t)n)] = (uint8_t)some(256);
		read_copy(read, b, n);
		memcpy(b, good, n);
	}
}

/* ---- archives ---- */

static void read_archive(const uint8_t *p, size_t n)
{
	struct tar_file f;
	const char *why;
	size_t at = 0, files = 0;
	while (tar_next(p, n, &at, &f, &why)) {
		assert_true(f.data >= p && f.n <= n && f.data + f.n <= p + n && at <= n);
		assert_true(*f.name && memchr(f.name, '\0', sizeof(f.name)));
		assert_true(++files <= n / 512);
	}
}

static void test_archive(void **state)
{
	static const struct tar_file files[] = { { "MANIFEST", (const uint8_t *)"one\n", 4 },
						 { "config/0", (const uint8_t *)"", 0 } };
	uint8_t b[MOST];
	FILE *f = tmpfile();
	(void)state;
	assert_non_null(f);
	assert_int_equal(tar_put(fileno(f), &files[0], 1), 0);
	assert_int_equal(tar_put(fileno(f), &files[1], 1), 0);
	assert_int_equal(tar_end(fileno(f)), 0);
	rewind(f);
	read_changed(read_archive, b, fread(b, 1, sizeof(b), f), 1);
	fclose(f);
}

/* ---- time zones ---- */

static void read_zone(const uint8_t *p, size_t n)
{
	static const int64_t times[] = { 0, 1, INT32_MAX, NOW, 4102444800, 16000000000 };
	struct arena *a = arena_new();
	const char *why;
	assert_non_null(a);
	const struct tz *z = tz_parse(a, p, n, &why);
	for (size_t i = 0; z && i < sizeof(times) / sizeof(times[0]); i++) {
		int32_t ahead = tz_offset(z, times[i]);
		assert_true(ahead > -8 * 86400 && ahead < 8 * 86400);
		assert_true(tz_next(z, times[i]) > times[i]);
	}
	assert_true(z || why);
	arena_free(a);
}

/* Two times and two types, in 32 bits and in 64, and a rule. */
static size_t put_zone(uint8_t out[MOST])
{
	static const uint8_t counts[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
					  0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 8 };
	static const uint8_t types[] = { 0, 0, 0x0e, 0x10, 0,	0, 0,	0,   0x1c, 0x20,
					 1, 4, 'C',  'E',  'T', 0, 'C', 'S', 'T',  0 };
	static const char rule[] = "\nCET-1CEST,M3.5.0,M10.5.0/3\n";
	size_t n = 0;
	for (size_t octets = 4; octets <= 8; octets += 4) {
		memset(out + n, 0, 44 + 2 * octets + 2);
		memcpy(out + n, "TZif2", 5);
		memcpy(out + n + 20, counts, sizeof(counts));
		n += 44;
		out[n + octets - 4] = 0x10;
		out[n + 2 * octets - 4] = 0x20;
		out[n + 2 * octets] = 1;
		n += 2 * octets + 2;
		memcpy(out + n, types, sizeof(types));
		n += sizeof(types);
	}
	memcpy(out + n, rule, sizeof(rule) - 1);
	return n + sizeof(rule) - 1;
}

static void test_zone(void **state)
{
	uint8_t b[MOST];
	const char *why;
	struct arena *a = arena_new();
	(void)state;
	size_t n = put_zone(b);
	const struct tz *z = tz_parse(a, b, n, &why);
	assert_non_null(z);
	assert_int_equal(tz_offset(z, 1784000000), 7200); /* in July, by the rule */
	arena_free(a);
	read_changed(read_zone, b, n, 1);
}

/* ---- signatures ---- */

static struct model *plant;
static char keys[64], signed_line[200];

static bool is_signed(const char *text)
{
	struct errs errs;
	errs_init(&errs);
	model_set_signature(plant, text);
	bool good = signature_by(plant, keys, &errs);
	errs_free(&errs);
	return good;
}

static void read_signature(const uint8_t *p, size_t n)
{
	char *text = calloc(n + 1, 1);
	assert_non_null(text);
	memcpy(text, p, n);
	if (is_signed(text) && !strstr(text, signed_line))
		fail_msg("signed by %s", text);
	free(text);
}

static void put_key(const uint8_t *p, size_t n, char out[300])
{
	uint8_t all[100] = "Ed12345678";
	memcpy(all + 10, p, n);
	int at = snprintf(out, 300, "untrusted comment: of a test\n");
	base64_encode_raw(out + at, 10 + n, all);
	snprintf(out + at + BASE64_ENCODE_RAW_LENGTH(10 + n), 2, "\n");
}

static void read_key(const uint8_t *p, size_t n)
{
	char good[200];
	memcpy(good, signed_line, sizeof(good));
	unlinkat(dir, STATE_FILE, 0);
	write_text((const char *)p, n); /* it is read, whatever it is */
	is_signed(good);
}

static void test_signature(void **state)
{
	static const char text[] =
		"zones = ( { name = \"a\"; type = \"dmz\"; networks = [ \"10.1.0.0/24\" ]; } );\n";
	uint8_t secret[ED25519_KEY_SIZE] = { 7 }, public[ED25519_KEY_SIZE];
	uint8_t sum[ED25519_SIGNATURE_SIZE];
	char key[300], signature[300];
	struct errs errs;
	size_t n;
	(void)state;
	errs_init(&errs);
	plant = model_load_text("/plant/model.conf", text, strlen(text), &errs);
	assert_non_null(plant);
	errs_free(&errs);
	char *manifest = manifest_text(plant, &n);
	ed25519_sha512_public_key(public, secret);
	ed25519_sha512_sign(public, secret, n, (const uint8_t *)manifest, sum);
	free(manifest);
	put_key(public, sizeof(public), key);
	put_key(sum, sizeof(sum), signature);
	snprintf(keys, sizeof(keys), "%s", path);
	/* without its last digits, of which some bits are of no octet */
	snprintf(signed_line, sizeof(signed_line), "%.98s", strchr(signature, '\n') + 1);
	write_text(key, strlen(key));
	assert_int_equal(renameat(dir, STATE_FILE, dir, "plant.pub"), 0);
	assert_true(is_signed(signature));
	read_changed(read_signature, (const uint8_t *)signature, strlen(signature), 1);
	assert_int_equal(unlinkat(dir, "plant.pub", 0), 0);
	assert_int_equal(symlinkat(STATE_FILE, dir, "plant.pub"), 0);
	read_changed(read_key, (const uint8_t *)key, strlen(key), 1);
	assert_int_equal(unlinkat(dir, "plant.pub", 0), 0);
	model_free(plant);
}

/* ---- what is kept beside the generations ---- */

/* Nothing is replaced: file systems write what replaces to the disk at once. */
static void put_as(const char *name, const uint8_t *p, size_t n)
{
	char aside[64];
	snprintf(aside, sizeof(aside), "%s.unreadable", name);
	unlinkat(dir, aside, 0);
	unlinkat(dir, name, 0);
	write_text((const char *)p, n);
	assert_int_equal(renameat(dir, STATE_FILE, dir, name), 0);
}

static void read_uses(const uint8_t *p, size_t n)
{
	struct uses u;
	bool unreadable;
	put_as("uses.json", p, n);
	assert_int_equal(uses_read(dir, NOW, &u, &unreadable), 0);
	for (size_t i = 0; i < u.n; i++) {
		size_t len = strnlen(u.v[i].name, sizeof(u.v[i].name));
		assert_true(len > 0 && len < sizeof(u.v[i].name));
		assert_true(u.v[i].since_s <= NOW && u.v[i].last_s <= NOW);
		assert_true(u.v[i].messages <= INT64_MAX && u.v[i].packets <= INT64_MAX);
	}
	uses_free(&u);
}

static void read_proposals(const uint8_t *p, size_t n)
{
	static struct proposals all;
	bool unreadable;
	put_as("proposals.json", p, n);
	assert_int_equal(proposals_read(dir, &all, &unreadable), 0);
	assert_true(all.n <= PROPOSALS_MOST && (!unreadable || !all.n));
	for (size_t i = 0; i < all.n; i++) {
		assert_int_equal(strlen(all.v[i].hash), HISTORY_HASH - 1);
		assert_true(all.v[i].n_people > 0 && all.v[i].n_people <= PROPOSAL_PEOPLE);
		assert_true(proposal_left(&all.v[i], NOW) <= PROPOSAL_SECONDS);
	}
	proposals_free(&all);
}

static void read_history(const uint8_t *p, size_t n)
{
	static struct history h;
	json_t *o = json_loadb((const char *)p, n, JSON_REJECT_DUPLICATES, NULL);
	memset(&h, 0, sizeof(h));
	if (o && history_unpack(&h, o))
		for (size_t i = 0; i < h.n; i++) {
			assert_true(h.n <= HISTORY_KEPT && h.v[i].number <= HISTORY_NUMBER);
			assert_int_equal(strlen(h.v[i].files), HISTORY_HASH - 1);
		}
	json_decref(o);
}

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_kept(void **state)
{
	static const char uses[] = "{\"schema\":1,\"conduits\":[{\"conduit\":\"hmi-to-cell\","
				   "\"since\":1000,\"last\":1999999999,\"messages\":"
				   "9223372036854775807,\"packets\":1}]}";
	static const char proposals[] =
		"{\"schema\":1,\"proposals\":[{\"hash\":\"" HASH "\",\"verb\":\"apply\","
		"\"origin\":\"apply\",\"why\":\"\",\"time\":1999999000,\"confirm\":60,\"people\":[{"
		"\"uid\":4294967295,\"login\":\"anna\",\"who\":\"anna\"}],\"files\":{}}]}";
	static const char history[] =
		"{\"schema\":1,\"refused\":\"\",\"confirm\":{\"number\":2,\"back\":1,\"by\":9},"
		"\"generations\":[{\"number\":2147483647,\"time\":9,\"origin\":\"file\",\"who\":"
		"\"\",\"why\":\"\",\"model\":\"" HASH "\",\"files\":\"" HASH "\",\"configured\":"
		"\"\"}]}";
	static const char *const left[] = { "uses.json", "uses.json.unreadable", "proposals.json",
					    "proposals.json.unreadable" };
	(void)state;
	read_changed(read_uses, (const uint8_t *)uses, strlen(uses), 3);
	read_changed(read_proposals, (const uint8_t *)proposals, strlen(proposals), 3);
	read_changed(read_history, (const uint8_t *)history, strlen(history), 1);
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++)
		unlinkat(dir, left[i], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_archive),
		cmocka_unit_test(test_zone),
		cmocka_unit_test(test_signature),
		cmocka_unit_test(test_kept),
	};
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
