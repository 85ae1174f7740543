/* SPDX-License-Identifier: MIT
 *
 * Signed models: Ed25519 (RFC 8032) in the files of OpenBSD's signify(1). Both have a line of
 * comment, and a line in base64 of
 *
 *	public key	"Ed"  number of the key (8)  key (32)
 *	signature	"Ed"  number of the key (8)  signature (64)
 *
 * The comment is not signed, and the number only says which key to try.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <nettle/base64.h>
#include <nettle/eddsa.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "history/history.h"

enum {
	ALGORITHM = 2,
	NUMBER = 8,
	PUBLIC = ALGORITHM + NUMBER + ED25519_KEY_SIZE,
	SIGNATURE = ALGORITHM + NUMBER + ED25519_SIGNATURE_SIZE,
	TEXT_MOST = 4096,
	NAME_MOST = 4096,
	KEYS_MOST = 256, /* of a directory */
};

#define HEADER "zoned-model-1\n"

/* ---- what is signed ---- */

static bool has_control(const char *s)
{
	while ((unsigned char)*s >= 0x20 && *s != 0x7f)
		s++;
	return *s != '\0';
}

/* False: it cannot stand in a line. */
static bool manifest_name(const struct model *m, size_t i, char out[NAME_MOST])
{
	const char *path = m->files[i].path, *slash = strrchr(m->path, '/');
	size_t dir = slash ? (size_t)(slash - m->path) : 0, rules = strlen(m->rules_dir);
	int n;
	if (i == 0)
		n = snprintf(out, NAME_MOST, "model");
	else if (rules && strncmp(path, m->rules_dir, rules) == 0 && path[rules] == '/')
		n = snprintf(out, NAME_MOST, "rules%s", path + rules);
	else if (slash && strncmp(path, m->path, dir + 1) == 0)
		n = snprintf(out, NAME_MOST, ".%s", path + dir);
	else if (!slash && path[0] != '/')
		n = snprintf(out, NAME_MOST, "./%s", path);
	else
		n = snprintf(out, NAME_MOST, "%s", path);
	return n < NAME_MOST && !has_control(path);
}

static void put_line(FILE *f, const struct model_file *file, const char *name)
{
	char hash[HISTORY_HASH];
	hash_octets(file->text, file->len, hash);
	fprintf(f, "%s  %s\n", hash, name);
}

char *manifest_text(const struct model *m, size_t *n)
{
	char *text = NULL, name[NAME_MOST];
	FILE *f = open_memstream(&text, n);
	bool good = f != NULL;
	if (f)
		fputs(HEADER, f);
	for (size_t i = 0; good && i < m->n_files; i++) {
		good = manifest_name(m, i, name);
		if (good)
			put_line(f, &m->files[i], name);
	}
	if (f && fclose(f) != 0)
		good = false;
	if (good)
		return text;
	free(text);
	return NULL;
}

/* ---- keys and signatures ---- */

/* The second line of the text, of exactly n octets. */
static bool decode_signify(const char *text, uint8_t *out, size_t n)
{
	struct base64_decode_ctx c;
	uint8_t room[BASE64_DECODE_LENGTH(TEXT_MOST)];
	const char *line = strchr(text, '\n');
	size_t len = line ? strcspn(line + 1, "\r\n") : 0, got = sizeof(room);
	if (strncmp(text, "untrusted comment:", 18) != 0 || !line || len > TEXT_MOST)
		return false;
	const char *rest = line + 1 + len;
	if (rest[strspn(rest, "\r\n")] != '\0')
		return false;
	base64_decode_init(&c);
	if (!base64_decode_update(&c, &got, room, len, line + 1) || !base64_decode_final(&c) ||
	    got != n || memcmp(room, "Ed", ALGORITHM) != 0)
		return false;
	memcpy(out, room, n);
	return true;
}

/* NULL: it cannot be read, or others than its owner may write it (why). */
static const char *read_key(int dir, const char *name, uint8_t out[PUBLIC])
{
	char text[TEXT_MOST];
	struct stat st;
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return strerror(errno);
	ssize_t n = fstat(fd, &st) == 0 ? read(fd, text, sizeof(text) - 1) : -1;
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	if (n < 0)
		return "it cannot be read";
	if (!S_ISREG(st.st_mode) || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return "others than its owner may write it, so it is not used";
	return decode_signify(text, out, PUBLIC) ? NULL : "it is no public key of signify";
}

struct verifying {
	const struct model *m;
	const char *keys;
	struct errs *errs;
	uint8_t signature[SIGNATURE];
	char *manifest;
	size_t n;
	bool known; /* there is a key of this number */
};

static bool try_key(struct verifying *v, int dir, const char *name)
{
	uint8_t key[PUBLIC];
	const char *why = read_key(dir, name, key);
	if (why) {
		errs_add(v->errs, v->keys, 0, "%s: %s", name, why);
		return false;
	}
	if (memcmp(key + ALGORITHM, v->signature + ALGORITHM, NUMBER) != 0)
		return false;
	v->known = true;
	return ed25519_sha512_verify(key + ALGORITHM + NUMBER, v->n, (const uint8_t *)v->manifest,
				     v->signature + ALGORITHM + NUMBER) == 1;
}

static bool try_keys(struct verifying *v)
{
	struct stat st;
	int fd = open(v->keys, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool closed = fd >= 0 && fstat(fd, &st) == 0 && !(st.st_mode & (S_IWGRP | S_IWOTH));
	if (fd < 0 || !closed) {
		errs_add(v->errs, v->keys, 0, "trusted keys: %s",
			 fd < 0 ? strerror(errno)
				: "others than its owner may write the directory, so none is used");
		if (fd >= 0)
			close(fd);
		return false;
	}
	DIR *d = fdopendir(fd);
	bool good = false;
	size_t n = 0;
	for (const struct dirent *e = d ? readdir(d) : NULL; e && !good && n < KEYS_MOST;
	     e = readdir(d)) {
		size_t len = strlen(e->d_name);
		if (len > 4 && strcmp(e->d_name + len - 4, ".pub") == 0) {
			n++;
			good = try_key(v, dirfd(d), e->d_name);
		}
	}
	if (d)
		closedir(d);
	return good;
}

bool signature_by(const struct model *m, const char *keys, struct errs *errs)
{
	struct verifying v = { .m = m, .keys = keys };
	struct errs of_keys; /* of keys that are not used; told where none is right */
	if (!m->signature) {
		errs_add(errs, m->path, 0,
			 "it is not signed, and %s asks for it; there is no %s.sig",
			 "require_signature", m->path);
		return false;
	}
	errs_init(&of_keys);
	v.errs = &of_keys;
	bool form = decode_signify(m->signature, v.signature, SIGNATURE);
	v.manifest = form ? manifest_text(m, &v.n) : NULL;
	bool good = v.manifest && try_keys(&v);
	for (size_t i = 0; !good && i < of_keys.n; i++)
		errs_add(errs, of_keys.v[i].file, 0, "%s", of_keys.v[i].text);
	if (!form)
		errs_add(errs, m->path, 0, "%s.sig is no signature of signify", m->path);
	else if (!good)
		errs_add(errs, m->path, 0, "%s",
			 v.known ? "its signature is wrong: it, or a file that it includes, is not "
				   "as it was signed"
				 : "it is signed with a key that is not among the trusted keys");
	errs_free(&of_keys);
	free(v.manifest);
	return good;
}

bool signature_check(const struct model *m, const struct model *before, struct errs *errs)
{
	const struct daemon_conf *own = &m->daemon, *was = before ? &before->daemon : NULL;
	if (was && was->require_signature && !signature_by(m, was->trusted_keys, errs))
		return false;
	bool same = was && was->require_signature && own->trusted_keys &&
		    strcmp(was->trusted_keys, own->trusted_keys) == 0;
	return !own->require_signature || same || signature_by(m, own->trusted_keys, errs);
}
