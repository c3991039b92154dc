#pragma once

#include "nestbox_land.h"

#include <errno.h>
#include <string.h>

// Shared by the library's files, and by nobody else.

#define NB_HIDDEN __attribute__((visibility("hidden")))

static inline void nb_fill(struct nb_land_failure *failure, const char *step, int number) {
    size_t length = strlen(step);
    if (length > sizeof failure->step - 1) length = sizeof failure->step - 1;
    memset(failure, 0, sizeof *failure);
    failure->error_number = number;
    memcpy(failure->step, step, length);
}

/// Becomes what every other process of the sandbox's root is, and writes a failure without a number to `report`.
/// Returns only if that was heard; else ends, having written which step was refused.
NB_HIDDEN void nb_settle(int report);
/// Puts this process's memory into large pages where it can, so that a fork has few of them to copy.
NB_HIDDEN void nb_gather_pages(void);
