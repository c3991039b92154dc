#include "include/clinux_probe.h"

#include <errno.h>
#include <string.h>

#if defined(__x86_64__)

#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GUEST_BYTES 4096
#define GUEST_ADDRESS 0x1000
#define LOOP_COUNT 20000
#define INSTRUCTIONS (2.0 * LOOP_COUNT)

// mov cx, 20000; again: dec cx; jnz again; hlt
static const unsigned char guest[] = {0xb9, LOOP_COUNT & 0xff, LOOP_COUNT >> 8, 0x49, 0x75, 0xfd, 0xf4};

static int refuse(struct nb_kvm_probe *result, const char *step) {
    result->error_number = errno;
    strncpy(result->step, step, sizeof result->step - 1);
    return -1;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/// A virtual machine with one page and one processor in real mode, run until it halts.
static int run_guest(struct nb_kvm_probe *result) {
    int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (kvm < 0) return refuse(result, "open /dev/kvm");
    int machine = ioctl(kvm, KVM_CREATE_VM, 0);
    if (machine < 0) return refuse(result, "create a machine");
    void *memory = mmap(NULL, GUEST_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return refuse(result, "guest memory");
    memcpy(memory, guest, sizeof guest);
    struct kvm_userspace_memory_region region = {
        .guest_phys_addr = GUEST_ADDRESS, .memory_size = GUEST_BYTES, .userspace_addr = (uint64_t)(uintptr_t)memory};
    if (ioctl(machine, KVM_SET_USER_MEMORY_REGION, &region) != 0) return refuse(result, "guest memory");
    int processor = ioctl(machine, KVM_CREATE_VCPU, 0);
    if (processor < 0) return refuse(result, "create a processor");
    int size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    struct kvm_run *run = size > 0 ? mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, processor, 0) : NULL;
    if (run == NULL || run == MAP_FAILED) return refuse(result, "map a processor");
    struct kvm_sregs segments;
    if (ioctl(processor, KVM_GET_SREGS, &segments) != 0) return refuse(result, "read registers");
    segments.cs.base = segments.cs.selector = 0;
    struct kvm_regs registers = {.rip = GUEST_ADDRESS, .rflags = 2};
    if (ioctl(processor, KVM_SET_SREGS, &segments) != 0 || ioctl(processor, KVM_SET_REGS, &registers) != 0)
        return refuse(result, "set registers");
    double start = now();
    while (ioctl(processor, KVM_RUN, 0) == 0 && run->exit_reason != KVM_EXIT_HLT) {
        errno = EIO;
        if (run->exit_reason != KVM_EXIT_INTR) return refuse(result, "run a guest");
    }
    if (run->exit_reason != KVM_EXIT_HLT) return refuse(result, "run a guest");
    result->nanoseconds_per_instruction = (now() - start) / INSTRUCTIONS;
    return 0;
}

int nb_probe_kvm(int deadline_milliseconds, struct nb_kvm_probe *result) {
    struct nb_kvm_probe *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return refuse(result, "memory");
    memset(shared, 0, sizeof *shared);
    strcpy(shared->step, "deadline");
    shared->error_number = ETIMEDOUT;
    pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) {
        struct itimerspec limit = {.it_value = {deadline_milliseconds / 1000, deadline_milliseconds % 1000 * 1000000L}};
        timer_t timer;  // SIGALRM ends it
        if (timer_create(CLOCK_MONOTONIC, NULL, &timer) != 0 || timer_settime(timer, 0, &limit, NULL) != 0) _exit(1);
        struct nb_kvm_probe found = {0};
        int answer = run_guest(&found);
        *shared = found;
        _exit(answer != 0);
    }
    int status = -1;
    if (pid > 0)
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    *result = *shared;
    munmap(shared, sizeof *shared);
    return pid > 0 && status == 0 ? 0 : -1;
}

#else

int nb_probe_kvm(int deadline_milliseconds, struct nb_kvm_probe *result) {
    (void)deadline_milliseconds;
    *result = (struct nb_kvm_probe){.step = "probe of this architecture", .error_number = ENOSYS};
    return -1;
}

#endif
