#pragma once

#include <poll.h>
#include <stddef.h>

// Bytes between the caller's terminal and the box's, both ways, without ever blocking on either.

#define NB_RELAY_POLLS 3
#define NB_RELAY_BYTES 4096

struct nb_relay_buffer {
    char bytes[NB_RELAY_BYTES];
    size_t start;
    size_t end;
};

struct nb_relay {
    /// -1: there is nothing to relay.
    int master;
    /// The caller's terminal has come to its end.
    int input_ended;
    struct nb_relay_buffer input;
    struct nb_relay_buffer output;
};

/// Makes the caller's terminal raw, and back. Nothing happens without a `master`.
void nb_relay_start(int master);
void nb_relay_stop(int master);
/// Gives the box's terminal the size of the caller's.
void nb_relay_resize(int master);
/// What to wait for, and to do then.
void nb_relay_polls(const struct nb_relay *relay, struct pollfd polls[NB_RELAY_POLLS]);
void nb_relay_move(struct nb_relay *relay, const struct pollfd polls[NB_RELAY_POLLS]);
/// Brings out what the box wrote before it ended.
void nb_relay_drain(struct nb_relay *relay);
