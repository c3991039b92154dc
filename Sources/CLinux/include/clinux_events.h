#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// What Swift cannot import of epoll, signalfd, memfd, pidfd and descriptor passing. Each answers -1 and sets errno.

int nb_epoll_create(void);
/// Reports `descriptor` as readable (or hung up) under `token`.
int nb_epoll_add(int epoll, int descriptor, uint64_t token);
int nb_epoll_remove(int epoll, int descriptor);
/// Writes at most `capacity` tokens; answers how many.
int nb_epoll_wait(int epoll, uint64_t *tokens, int capacity, int timeout_milliseconds);

/// Blocks every signal in this thread and answers a descriptor that reads SIGTERM and SIGINT.
int nb_signal_descriptor(void);

/// An anonymous file that nobody can change any more, opened anew for reading only, with `source`'s bytes.
int nb_sealed_copy(int source, const char *name);

int nb_pidfd_open(pid_t pid);
int nb_pidfd_kill(int pidfd, int signal);
/// 1 and `status` as wait(2) has it if the process ended, 0 if it runs, -1 with errno; reaps it if it is our child.
int nb_pidfd_status(int pidfd, int *status);

/// A SOCK_SEQPACKET socket that listens at `path`, relative to `directory`.
int nb_listen_at(int directory, const char *path, int type, int backlog);
/// Gives the socket file `name` to another user. EPERM if it is not a socket of ours with this one name.
int nb_give_socket(int directory, const char *name, uid_t uid, gid_t gid);
int nb_accept(int socket);
/// Who connected, or who listened.
int nb_peer(int socket, uid_t *uid, pid_t *pid);
/// Sends one datagram and, unless it is -1, one descriptor with it; never blocks, never raises SIGPIPE.
ssize_t nb_send(int socket, const void *bytes, size_t count, int descriptor);
/// Sends one datagram with `descriptor_count` (at most NB_SENT_MAX) descriptors; never blocks, never raises SIGPIPE.
#define NB_SENT_MAX 16
ssize_t nb_send_all(int socket, const void *bytes, size_t count, const int *descriptors, size_t descriptor_count);
/// Receives one datagram; `descriptor` is -1 if none came. EMSGSIZE if it was longer than `capacity`.
ssize_t nb_receive(int socket, void *bytes, size_t capacity, int *descriptor, int flags);
/// Two connected SOCK_SEQPACKET sockets.
int nb_socket_pair(int pair[2]);
