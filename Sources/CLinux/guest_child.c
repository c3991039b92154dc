#include "clinux_guest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

pid_t guest_fork(void) { return fork(); }

enum {
    OOM_SCORE_MOST = 1000,
    OOM_SCORE_OF_WORKERS = 500,
};

void guest_raise_oom_score(int by) {
    char text[16] = {0};
    int file = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
    if (file < 0) return;
    if (read(file, text, sizeof text - 1) > 0) {
        int raised = atoi(text) + by;
        int length = snprintf(text, sizeof text, "%d", raised < OOM_SCORE_MOST ? raised : OOM_SCORE_MOST);
        ssize_t ignored = write(file, text, (size_t)length);  // more than before is never refused
        (void)ignored;
    }
    close(file);
}

int guest_become_worker(int connection, pid_t parent) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)) return -1;
    if (getppid() != parent) return -1;
    if (connection != 3 && dup2(connection, 3) < 0) return -1;
    if (syscall(SYS_close_range, 4, ~0U, 0)) return -1;
    sigset_t none;
    sigemptyset(&none);
    if (sigprocmask(SIG_SETMASK, &none, NULL)) return -1;
    umask(022);
    guest_raise_oom_score(OOM_SCORE_OF_WORKERS);
    return guest_set_blocking(3, 1) < 0 ? -1 : 3;
}

int guest_resize_terminal(int controller, uint16_t columns, uint16_t rows) {
    struct winsize size = {.ws_col = columns, .ws_row = rows};
    return ioctl(controller, TIOCSWINSZ, &size);
}

static int prepare_terminal(int terminal, uid_t user) {
    struct termios settings;
    if (tcgetattr(terminal, &settings)) return -1;
    settings.c_iflag |= IUTF8;
    if (tcsetattr(terminal, TCSANOW, &settings)) return -1;
    return user == (uid_t)-1 ? 0 : fchown(terminal, user, (gid_t)-1);
}

int guest_open_terminal(int *controller, int *terminal, uint16_t columns, uint16_t rows, uid_t user) {
    *terminal = -1;
    *controller = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (*controller < 0) return -1;
    int unlocked = 0;
    if (ioctl(*controller, TIOCSPTLCK, &unlocked)) goto fail;
    *terminal = ioctl(*controller, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (*terminal < 0 || guest_resize_terminal(*controller, columns, rows)) goto fail;
    if (prepare_terminal(*terminal, user) == 0) return 0;
fail:;
    int saved = errno;
    if (*terminal >= 0) close(*terminal);
    close(*controller);
    errno = saved;
    return -1;
}

const char *guest_next_name(DIR *directory, unsigned char *type) {
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(directory);
        if (!entry) return NULL;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        *type = entry->d_type;
        return entry->d_name;
    }
}
