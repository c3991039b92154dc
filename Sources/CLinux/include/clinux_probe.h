#pragma once

#include <stddef.h>
#include <stdint.h>

// Tries of single kernel features, each in a process of its own, so that nothing is left. Each answers 0 if the feature
// works and else the errno of the call that was refused.

/// A process in these new namespaces (CLONE_NEW*). With `as_nobody` it first becomes uid and gid 65534.
int nb_probe_namespaces(uint64_t flags, int as_nobody);
/// A filter that refuses one call, and that call refused. `filter` may be any valid program.
int nb_probe_seccomp(const void *filter, size_t bytes);
/// An overlay with a tmpfs upper layer, mounted from a new user namespace, written to.
int nb_probe_overlay(void);
/// Mounts `image`, an open file with an erofs in it, without a loop device.
int nb_probe_straight_mount(int image);
/// Mounts `image` as a layer is mounted; with `as_others` shows it under the ids of another user namespace, too.
int nb_probe_layer(int image, int as_others);
/// The Landlock version, or minus errno.
int nb_probe_landlock(void);
/// Adds an nftables table in a fresh network namespace, over netlink.
int nb_probe_nftables(void);
/// Takes a free loop device's number; none is bound.
int nb_probe_loop(void);

struct nb_kvm_probe {
    /// What was refused: "open", "create vm" ...; empty if the guest ran to its end.
    char step[32];
    int error_number;
    /// Nanoseconds that the guest took for one instruction of a short loop.
    double nanoseconds_per_instruction;
};

/// Runs a few thousand instructions in a virtual machine; answers 0 if they came to their end within the deadline.
int nb_probe_kvm(int deadline_milliseconds, struct nb_kvm_probe *result);
