#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "include/clinux_run.h"

// One run has one terminal: what it was like before is kept here.
static struct termios before;
static int is_raw;
/// The caller's terminal, opened once more so that a write to it never blocks: a stopped one must not stop the clock.
static int out = -1;

#define DRAIN_MILLISECONDS 1000

void nb_relay_start(int master) {
    if (master < 0 || is_raw || tcgetattr(0, &before) != 0) return;
    struct termios raw = before;
    cfmakeraw(&raw);
    is_raw = tcsetattr(0, TCSADRAIN, &raw) == 0;
    nb_relay_resize(master);
}

void nb_relay_stop(int master) {
    if (master < 0 || !is_raw) return;
    tcsetattr(0, TCSADRAIN, &before);
    is_raw = 0;
}

void nb_relay_resize(int master) {
    struct winsize size;
    if (ioctl(0, TIOCGWINSZ, &size) == 0) ioctl(master, TIOCSWINSZ, &size);
}

static int is_empty(const struct nb_relay_buffer *buffer) {
    return buffer->start == buffer->end;
}

void nb_relay_polls(const struct nb_relay *relay, struct pollfd polls[NB_RELAY_POLLS]) {
    int has_input = !is_empty(&relay->input), has_output = !is_empty(&relay->output);
    int wants_input = relay->master >= 0 && !has_input && !relay->input_ended;
    polls[0] = (struct pollfd){.fd = wants_input ? 0 : -1, .events = POLLIN};
    polls[1] = (struct pollfd){
        .fd = relay->master, .events = (short)((has_input ? POLLOUT : 0) | (has_output ? 0 : POLLIN))};
    polls[2] = (struct pollfd){.fd = has_output ? out : -1, .events = POLLOUT};
}

/// False at the end of `from`.
static int fill(struct nb_relay_buffer *buffer, int from) {
    ssize_t count = read(from, buffer->bytes, sizeof buffer->bytes);
    if (count <= 0) return count < 0 && (errno == EINTR || errno == EAGAIN);
    buffer->start = 0;
    buffer->end = (size_t)count;
    return 1;
}

static void empty(struct nb_relay_buffer *buffer, int to) {
    ssize_t count = write(to, buffer->bytes + buffer->start, buffer->end - buffer->start);
    if (count > 0) buffer->start += (size_t)count;
    if (count < 0 && errno != EINTR && errno != EAGAIN) buffer->start = buffer->end;  // nobody is there to read it
}

void nb_relay_move(struct nb_relay *relay, const struct pollfd polls[NB_RELAY_POLLS]) {
    if (relay->master < 0) return;
    if (polls[0].revents != 0 && !fill(&relay->input, 0)) relay->input_ended = 1;
    if (polls[1].revents & POLLOUT) empty(&relay->input, relay->master);
    // The box's side is held open by nobody but the box: an error here is its end, which its process tells better.
    if (polls[1].revents & (POLLIN | POLLHUP) && is_empty(&relay->output) && !fill(&relay->output, relay->master))
        relay->master = -1;
    if (polls[2].revents != 0) empty(&relay->output, out);
}

/// False if the terminal takes no more.
static int empty_patiently(struct nb_relay_buffer *buffer) {
    while (!is_empty(buffer)) {
        struct pollfd wait = {.fd = out, .events = POLLOUT};
        if (poll(&wait, 1, DRAIN_MILLISECONDS) <= 0) return 0;
        empty(buffer, out);
    }
    return 1;
}

void nb_relay_drain(struct nb_relay *relay) {
    if (relay->master < 0 && is_empty(&relay->output)) return;
    while (empty_patiently(&relay->output))
        if (relay->master < 0 || !fill(&relay->output, relay->master) || is_empty(&relay->output)) return;
}

static int open_slave(int master) {
    char name[64];
    if (grantpt(master) != 0 || unlockpt(master) != 0 || ptsname_r(master, name, sizeof name) != 0) return -1;
    return open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

int nb_run_terminal_open(struct nb_run_terminal *terminal) {
    *terminal = (struct nb_run_terminal){.master = -1, .kept = {-1, -1, -1}};
    if (!isatty(0) || !isatty(1) || tcgetpgrp(0) != getpgrp()) return 0;
    terminal->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    int slave = terminal->master < 0 ? -1 : open_slave(terminal->master);
    if (slave < 0) return -1;
    out = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (out < 0) return -1;
    struct termios now;
    if (tcgetattr(0, &now) == 0) tcsetattr(slave, TCSANOW, &now);
    nb_relay_resize(terminal->master);
    for (int stream = 0; stream < 3; stream++) {
        if (!isatty(stream)) continue;
        terminal->kept[stream] = fcntl(stream, F_DUPFD_CLOEXEC, 3);
        if (terminal->kept[stream] < 0 || dup2(slave, stream) < 0) return -1;
    }
    close(slave);
    return 1;
}

void nb_run_terminal_restore(struct nb_run_terminal *terminal) {
    for (int stream = 0; stream < 3; stream++) {
        if (terminal->kept[stream] < 0) continue;
        dup2(terminal->kept[stream], stream);
        close(terminal->kept[stream]);
        terminal->kept[stream] = -1;
    }
}
