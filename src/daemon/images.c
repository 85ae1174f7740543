/* SPDX-License-Identifier: MIT
 * Memory for policies that only the parent writes (images.h). */
#include "daemon/images.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

static const size_t all = (size_t)IMAGES * IMAGE_MAX;

static int map_images(struct images *m, int fd)
{
	if (ftruncate(fd, (off_t)all))
		return -errno;
	void *v = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (v == MAP_FAILED)
		return -errno;
	m->writer = v;
	/* what is mapped from here on cannot be written, nor become writable */
	if (madvise(v, all, MADV_DONTFORK) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		return -errno;
	v = mmap(NULL, all, PROT_READ, MAP_SHARED, fd, 0);
	if (v == MAP_FAILED)
		return -errno;
	m->reader = v;
	return 0;
}

int images_open(struct images *m)
{
	*m = (struct images){ NULL, NULL };
	int fd = memfd_create("zoned-images", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	int err = map_images(m, fd);
	close(fd);
	if (err)
		images_close(m);
	return err;
}

void images_close(struct images *m)
{
	if (m->writer)
		munmap(m->writer, all);
	images_forget(m);
	*m = (struct images){ NULL, NULL };
}

void images_forget(const struct images *m)
{
	if (m->reader)
		munmap((void *)m->reader, all);
}
