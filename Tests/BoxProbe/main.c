#include "probe.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// What the spawner's tests put in the place of the guest: it serves each connection to descriptor 3. With arguments it
// is another of the tests' programs:
//
//   report            writes all that the kernel says of it, and ends
//   zygote KIND       a warm process

int main(int count, char **arguments) {
    signal(SIGPIPE, SIG_IGN);
    if (count == 2 && strcmp(arguments[1], "report") == 0) {
        probe_report(1);
        return 0;
    }
    if (count == 3 && strcmp(arguments[1], "zygote") == 0) return probe_zygote(arguments[2]);
    for (;;) {
        int connection = accept(3, NULL, NULL);
        if (connection < 0) return 1;
        probe_serve(connection);
        close(connection);
    }
}
