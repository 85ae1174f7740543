/* SPDX-License-Identifier: MIT
 * Files of evidence, and those that make room for others. */
#include "evidence/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ENDING ".pcapng"
#define UNFINISHED ".pcapng.part"

enum { START_DIGITS = 12, NUMBER_DIGITS = 20, FILE_MODE = 0640 };

bool evidence_directory_open(struct evidence_directory *d)
{
	d->file = calloc(EVIDENCE_FILES, sizeof(*d->file));
	d->n = 0;
	d->bytes = d->removed = 0;
	return d->file != NULL;
}

void evidence_directory_close(struct evidence_directory *d)
{
	free(d->file);
	d->file = NULL;
	d->n = 0;
}

/* How many characters of s are of an id. */
static size_t id_length(const char *s)
{
	size_t n = strspn(s, "0123456789abcdef");
	if (n != START_DIGITS || s[n] != '-')
		return 0;
	size_t digits = strspn(s + n + 1, "0123456789");
	return digits >= 1 && digits <= NUMBER_DIGITS ? n + 1 + digits : 0;
}

bool evidence_name_ok(const char *id)
{
	size_t n = id_length(id);
	return n > 0 && id[n] == '\0';
}

static bool has_ending(const char *name, const char *ending)
{
	size_t n = id_length(name);
	return n > 0 && strcmp(name + n, ending) == 0;
}

static int open_directory(const struct evidence_directory *d)
{
	int fd = open(d->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static void forget_file(struct evidence_directory *d, size_t i)
{
	d->bytes -= d->file[i].bytes;
	d->n--;
	memmove(&d->file[i], &d->file[i + 1], (d->n - i) * sizeof(d->file[0]));
}

static int remove_file(struct evidence_directory *d, int dir, size_t i)
{
	if (unlinkat(dir, d->file[i].name, 0) && errno != ENOENT)
		return -errno;
	d->removed++;
	forget_file(d, i);
	return 0;
}

/* The place of a file of this time: behind all that are not younger. */
static size_t place_of(const struct evidence_directory *d, int64_t time_s)
{
	size_t i = d->n;
	while (i > 0 && d->file[i - 1].time_s > time_s)
		i--;
	return i;
}

/* There is a free place. */
static void remember_file(struct evidence_directory *d, const struct evidence_file *f)
{
	size_t i = place_of(d, f->time_s);
	memmove(&d->file[i + 1], &d->file[i], (d->n - i) * sizeof(d->file[0]));
	d->file[i] = *f;
	d->n++;
	d->bytes += f->bytes;
}

/* Until so many bytes more are within the bounds. */
static int make_room(struct evidence_directory *d, int dir, uint64_t more)
{
	int err = 0;
	while (!err && d->n > 0 && (d->n >= EVIDENCE_FILES || d->bytes + more > d->bytes_max))
		err = remove_file(d, dir, 0);
	return err;
}

static int look_at(struct evidence_directory *d, int dir, const char *name)
{
	struct stat st;
	if (has_ending(name, UNFINISHED)) /* of one that ended while it wrote */
		return unlinkat(dir, name, 0) && errno != ENOENT ? -errno : 0;
	if (!has_ending(name, ENDING) || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) ||
	    !S_ISREG(st.st_mode))
		return 0;
	struct evidence_file f = { .bytes = (uint64_t)st.st_size, .time_s = st.st_mtime };
	memcpy(f.name, name, strlen(name) + 1);
	if (d->n == EVIDENCE_FILES && place_of(d, f.time_s) == 0) { /* older than all of these */
		if (unlinkat(dir, name, 0) && errno != ENOENT)
			return -errno;
		d->removed++;
		return 0;
	}
	int err = d->n == EVIDENCE_FILES ? remove_file(d, dir, 0) : 0;
	if (!err)
		remember_file(d, &f);
	return err;
}

static int look_at_all(struct evidence_directory *d, int dir)
{
	int fd = dup(dir), err = 0;
	DIR *s = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;
	if (!s) {
		err = -errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	d->n = 0;
	d->bytes = 0;
	while (!err && (e = readdir(s)))
		err = look_at(d, dir, e->d_name);
	closedir(s);
	return err;
}

int evidence_directory_look(struct evidence_directory *d, int64_t now_s)
{
	int dir = open_directory(d);
	if (dir < 0)
		return dir;
	int err = look_at_all(d, dir);
	while (!err && d->n > 0 && now_s > d->file[0].time_s &&
	       (uint64_t)(now_s - d->file[0].time_s) > d->seconds_max)
		err = remove_file(d, dir, 0);
	if (!err)
		err = make_room(d, dir, 0);
	close(dir);
	return err;
}

static int write_all(int fd, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t put = write(fd, p, n);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return put < 0 ? -errno : -ENOSPC;
		p += put;
		n -= (size_t)put;
	}
	return 0;
}

static int create_unfinished(int dir, const char *name)
{
	const int how = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dir, name, how, FILE_MODE);
	if (fd < 0 && errno == EEXIST && unlinkat(dir, name, 0) == 0)
		fd = openat(dir, name, how, FILE_MODE);
	return fd < 0 ? -errno : fd;
}

/* Not every file system can refuse to replace; no two events have one id. */
static int give_name(int dir, const char *part, const char *name)
{
	int err = renameat2(dir, part, dir, name, RENAME_NOREPLACE) ? -errno : 0;
	if (err == -EINVAL || err == -ENOSYS)
		err = renameat(dir, part, dir, name) ? -errno : 0;
	return err;
}

static int write_file(int dir, const struct evidence_file *f, const char *part, const void *p)
{
	int fd = create_unfinished(dir, part);
	if (fd < 0)
		return fd;
	int err = fchmod(fd, FILE_MODE) ? -errno : 0; /* whatever the umask is */
	if (!err)
		err = write_all(fd, p, f->bytes);
	if (!err && fdatasync(fd))
		err = -errno;
	if (close(fd) && !err)
		err = -errno;
	if (!err)
		err = give_name(dir, part, f->name);
	if (err)
		unlinkat(dir, part, 0);
	return err;
}

int evidence_directory_put(struct evidence_directory *d, const char *id, const void *p, size_t n)
{
	char part[EVIDENCE_NAME];
	struct evidence_file f = { .bytes = n, .time_s = time(NULL) };
	if (!evidence_name_ok(id))
		return -EINVAL;
	if (n > d->bytes_max)
		return -EFBIG;
	snprintf(f.name, sizeof(f.name), "%s" ENDING, id);
	snprintf(part, sizeof(part), "%s" UNFINISHED, id);
	int dir = open_directory(d);
	if (dir < 0)
		return dir;
	int err = make_room(d, dir, n);
	if (!err)
		err = write_file(dir, &f, part, p);
	if (!err)
		remember_file(d, &f);
	close(dir);
	return err;
}
