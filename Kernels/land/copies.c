#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "land.h"

#include <sys/mman.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

void nb_copy_pages(const struct nb_stretch *stretches, size_t count) {
    // Refused where nothing lies any more, where memory is short, and before Linux 5.14: a fault copies it then.
    for (size_t index = 0; index < count; index++)
        madvise((void *)stretches[index].start, stretches[index].bytes, MADV_POPULATE_WRITE);
}
