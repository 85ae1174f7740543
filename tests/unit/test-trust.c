/* SPDX-License-Identifier: MIT
 * Archives, signatures and proposals: what is whole is taken, and no octet of it may differ. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <nettle/base64.h>
#include <nettle/eddsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/tar.h"
#include "history/proposals.h"

enum { ARCHIVE_MOST = 8192, SIGNIFY_HEAD = 10 };

/* ---- archives ---- */

static size_t make_archive(uint8_t out[ARCHIVE_MOST])
{
	const struct tar_file files[] = { { "MANIFEST", (const uint8_t *)"one\n", 4 },
					  { "state/empty", (const uint8_t *)"", 0 },
					  { "config/0", out, 512 } };
	FILE *f = tmpfile();
	assert_non_null(f);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		assert_int_equal(tar_put(fileno(f), &files[i], 1), 0);
	assert_int_equal(tar_end(fileno(f)), 0);
	rewind(f);
	size_t n = fread(out, 1, ARCHIVE_MOST, f);
	fclose(f);
	return n;
}

/* How many files are read of it; *why: of the end. */
static size_t count_files(const uint8_t *p, size_t n, const char **why)
{
	struct tar_file f;
	size_t at = 0, files = 0;
	while (files < 10 && tar_next(p, n, &at, &f, why)) {
		assert_true(f.data >= p && f.data + f.n <= p + n);
		files++;
	}
	return files;
}

static void test_archive(void **state)
{
	static uint8_t b[ARCHIVE_MOST], cut[ARCHIVE_MOST];
	const char *why;
	size_t n = make_archive(b);
	(void)state;
	assert_int_equal(count_files(b, n, &why), 3);
	assert_null(why);
	for (size_t i = 0; i < n; i++) { /* each truncation */
		memcpy(cut, b, i);
		size_t files = count_files(cut, i, &why);
		assert_true(files < 3 || why || i >= n - 512);
	}
	for (size_t i = 0; i < n; i++) { /* each octet: seen, or one of a file */
		bool of_file = (i >= 512 && i < 516) || (i >= 2048 && i < 2560);
		b[i] ^= 0x40;
		size_t files = count_files(b, n, &why);
		if (!of_file && (files == 3 && !why))
			fail_msg("octet %zu makes no difference", i);
		b[i] ^= 0x40;
	}
}

/* ---- signatures ---- */

static void write_text(const char *dir, const char *name, const char *text)
{
	char path[300];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0644), 0);
}

/* "Ed", a number of a key, and what follows, as signify writes it */
static void signify_text(const uint8_t *p, size_t n, char out[300])
{
	uint8_t all[100] = "Ed12345678";
	memcpy(all + SIGNIFY_HEAD, p, n);
	int at = snprintf(out, 300, "untrusted comment: a test\n");
	base64_encode_raw(out + at, SIGNIFY_HEAD + n, all);
	at += (int)BASE64_ENCODE_RAW_LENGTH(SIGNIFY_HEAD + n);
	out[at] = '\n';
	out[at + 1] = '\0';
}

static struct model *load_plant(const char *text)
{
	struct errs errs;
	errs_init(&errs);
	struct model *m = model_load_text("/plant/model.conf", text, strlen(text), &errs);
	errs_print(&errs, stderr);
	assert_non_null(m);
	errs_free(&errs);
	return m;
}

static bool is_signed(const struct model *m, const char *keys)
{
	struct errs errs;
	errs_init(&errs);
	bool good = signature_by(m, keys, &errs);
	assert_true(good == (errs.total == 0));
	errs_free(&errs);
	return good;
}

static void test_signature(void **state)
{
	static const char plant[] =
		"zones = ( { name = \"a\"; type = \"dmz\"; networks = [ \"10.1.0.0/24\" ]; } );\n";
	uint8_t secret[ED25519_KEY_SIZE] = { 7 }, public[ED25519_KEY_SIZE];
	uint8_t signature[ED25519_SIGNATURE_SIZE];
	char dir[] = "/tmp/test-trust-XXXXXX", text[300], path[300];
	size_t n;
	(void)state;
	assert_non_null(mkdtemp(dir));
	struct model *m = load_plant(plant);
	char *manifest = manifest_text(m, &n);
	assert_non_null(manifest);
	assert_memory_equal(manifest, "zoned-model-1\n", 14);
	assert_string_equal(manifest + n - 8, "  model\n");
	ed25519_sha512_public_key(public, secret);
	ed25519_sha512_sign(public, secret, n, (const uint8_t *)manifest, signature);
	signify_text(public, sizeof(public), text);
	write_text(dir, "plant.pub", text);
	assert_false(is_signed(m, dir)); /* there is none */
	signify_text(signature, sizeof(signature), text);
	model_set_signature(m, text);
	assert_true(is_signed(m, dir));
	size_t begin = (size_t)(strchr(text, '\n') - text) + 1, len = strlen(text);
	for (size_t i = begin; i + 1 < len; i++) { /* no other octet is as good */
		char was = text[i];
		text[i] = was == 'A' ? 'B' : 'A';
		model_set_signature(m, text);
		assert_false(is_signed(m, dir));
		text[i] = '\0';
		model_set_signature(m, text);
		assert_false(is_signed(m, dir));
		text[i] = was;
	}
	struct model *other = load_plant("zones = ( { name = \"b\"; type = \"dmz\"; "
					 "networks = [ \"10.1.0.0/24\" ]; } );\n");
	model_set_signature(other, text);
	assert_false(is_signed(other, dir));
	snprintf(path, sizeof(path), "%s/plant.pub", dir);
	model_set_signature(m, text);
	assert_int_equal(chmod(path, 0666), 0); /* anybody's key */
	assert_false(is_signed(m, dir));
	unlink(path);
	assert_false(is_signed(m, dir));
	rmdir(dir);
	free(manifest);
	model_free(m);
	model_free(other);
}

/* ---- proposals ---- */

static struct proposal proposal_of(const char *hash, uint32_t uid, const char *login)
{
	struct proposal one = { .time_s = 1000, .n_people = 1 };
	snprintf(one.hash, sizeof(one.hash), "%s", hash);
	snprintf(one.verb, sizeof(one.verb), "apply");
	one.person[0].uid = uid;
	snprintf(one.person[0].login, sizeof(one.person[0].login), "%s", login);
	one.files = json_object();
	return one;
}

static void test_proposals(void **state)
{
	static struct proposals all, again;
	char hash[HISTORY_HASH], dir[] = "/tmp/test-trust-XXXXXX", path[300];
	bool unreadable;
	(void)state;
	memset(hash, 'a', sizeof(hash) - 1);
	hash[sizeof(hash) - 1] = '\0';
	struct proposal one = proposal_of(hash, 1001, "anna");
	assert_true(proposals_add(&all, &one));
	hash[10] = 'b';
	one = proposal_of(hash, 0, "");
	assert_true(proposals_add(&all, &one));
	assert_null(proposals_find(&all, "aaaaaaa"));	 /* too short */
	assert_null(proposals_find(&all, "aaaaaaaaaa")); /* both */
	assert_ptr_equal(proposals_find(&all, "aaaaaaaaaab"), &all.v[1]);
	assert_ptr_equal(proposals_find(&all, "aaaaaaaaaaa"), &all.v[0]);
	/* by uid or by login, but no two are the same who both have none */
	assert_true(proposal_has_person(&all.v[0], &(struct proposal_person){ .uid = 1001 }));
	assert_true(proposal_has_person(&all.v[0], &(struct proposal_person){ 5, "anna", "" }));
	assert_false(proposal_has_person(&all.v[0], &(struct proposal_person){ 5, "bob", "" }));
	assert_false(proposal_has_person(&all.v[1], &(struct proposal_person){ .uid = 5 }));
	assert_int_equal(proposal_left(&all.v[0], 1000), PROPOSAL_SECONDS);
	assert_int_equal(proposal_left(&all.v[0], 1000 + PROPOSAL_SECONDS), 0);
	assert_int_equal(proposal_left(&all.v[0], 999), 0); /* the clock went back */
	assert_non_null(mkdtemp(dir));
	int fd = open(dir, O_RDONLY | O_DIRECTORY);
	assert_int_equal(proposals_keep(fd, &all), 0);
	assert_int_equal(proposals_read(fd, &again, &unreadable), 0);
	assert_false(unreadable);
	assert_int_equal(again.n, 2);
	assert_string_equal(again.v[1].hash, hash);
	assert_string_equal(again.v[0].person[0].login, "anna");
	proposals_free(&again);
	write_text(dir, "proposals.json", "{ \"schema\": 1, \"proposals\": [ {} ] }");
	assert_int_equal(proposals_read(fd, &again, &unreadable), 0);
	assert_true(unreadable && again.n == 0);
	while (all.n < PROPOSALS_MOST) {
		one = proposal_of(hash, 1, "");
		assert_true(proposals_add(&all, &one));
	}
	assert_false(proposals_add(&all, &one));
	proposals_free(&all);
	close(fd);
	snprintf(path, sizeof(path), "%s/proposals.json.unreadable", dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_archive),
		cmocka_unit_test(test_signature),
		cmocka_unit_test(test_proposals),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
