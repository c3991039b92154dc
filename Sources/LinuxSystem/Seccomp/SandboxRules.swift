import Glibc

/// The default filter, call by call: every call that we know stands here once, under the reason for its rule. What is
/// not known is answered `ENOSYS`, so that libraries fall back as they would on an older kernel.
enum SandboxRules {
    struct Group: Sendable {
        let rule: SeccompRule
        let reason: String
        let names: String
    }

    static let groups: [Group] = allowed + conditional + refused + absent + lethal

    private static let allowed: [Group] = [
        Group(
            rule: .allow, reason: "files, by name and by descriptor",
            names: """
                access chdir chmod chown chroot close close_range copy_file_range creat dup dup2 dup3 faccessat
                faccessat2 fadvise64 fallocate fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl fdatasync
                fgetxattr flistxattr flock fremovexattr fsetxattr fstat fstatfs fsync ftruncate futimesat getcwd
                getdents getdents64 getxattr getxattrat inotify_add_watch inotify_init inotify_init1
                inotify_rm_watch lchown lgetxattr link linkat listxattr listxattrat llistxattr lremovexattr lseek
                lsetxattr lstat memfd_create mkdir mkdirat mknod mknodat name_to_handle_at newfstatat open openat
                openat2 pipe pipe2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readlink
                readlinkat readv removexattr removexattrat rename renameat renameat2 rmdir sendfile setxattr
                setxattrat splice stat statfs statx symlink symlinkat sync sync_file_range syncfs tee truncate
                umask unlink unlinkat ustat utime utimensat utimes vmsplice write writev cachestat
                """),
        Group(
            rule: .allow, reason: "waiting",
            names: """
                epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 poll
                ppoll pselect6 select signalfd signalfd4 timerfd_create timerfd_gettime timerfd_settime
                """),
        Group(
            rule: .allow, reason: "memory",
            names: """
                brk madvise map_shadow_stack membarrier mincore mlock mlock2 mlockall mmap mprotect mremap mseal
                msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect remap_file_pages
                """),
        Group(
            rule: .allow, reason: "processes, threads and signals",
            names: """
                alarm arch_prctl capget capset execve execveat exit exit_group fork futex futex_requeue futex_wait
                futex_waitv futex_wake get_robust_list get_thread_area getcpu getegid geteuid getgid getgroups
                getpgid getpgrp getpid getppid getpriority getresgid getresuid getrlimit getrusage getsid gettid
                getuid ioprio_get ioprio_set kill landlock_add_rule landlock_create_ruleset landlock_restrict_self
                pause pidfd_open pidfd_send_signal prctl prlimit64 process_mrelease restart_syscall rseq
                rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend
                rt_sigtimedwait rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min
                sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval
                sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield seccomp
                set_robust_list set_thread_area set_tid_address setfsgid setfsuid setgid setgroups setpgid
                setpriority setregid setresgid setresuid setreuid setrlimit setsid setuid sigaltstack tgkill tkill
                vfork wait4 waitid
                """),
        Group(
            rule: .allow, reason: "time, host name and what else a program asks its kernel",
            names: """
                adjtimex clock_adjtime clock_getres clock_gettime clock_nanosleep getitimer getrandom gettimeofday
                nanosleep setdomainname sethostname setitimer sysinfo time timer_create timer_delete
                timer_getoverrun timer_gettime timer_settime times uname
                """),
        Group(
            rule: .allow, reason: "sockets that exist, and the IPC namespace's own objects",
            names: """
                accept accept4 bind connect getpeername getsockname getsockopt listen mq_getsetattr mq_notify
                mq_open mq_timedreceive mq_timedsend mq_unlink msgctl msgget msgrcv msgsnd recvfrom recvmmsg
                recvmsg semctl semget semop semtimedop sendmmsg sendmsg sendto shmat shmctl shmdt shmget
                shutdown
                """),
        Group(
            // gdb and strace are an agent's daily tools. A tracer reaches only its own user's processes in its own
            // pid namespace; PID 1 is another user and not dumpable, CAP_SYS_PTRACE is not in the bounding set,
            // and since Linux 4.8 a traced call passes the filter again after the tracer has changed it.
            rule: .allow, reason: "debugging one's own children",
            names: "ptrace"),
    ]

    private static let conditional: [Group] = [
        Group(
            rule: .allowIf([.without(0, bits: namespaceFlags)]), reason: "no new namespaces",
            names: "clone unshare"),
        Group(
            // The answer of a kernel built without them: sudo's audit, for one, goes on without netlink only then.
            rule: .allowIf(
                [
                    .oneOf(0, [UInt32(AF_UNIX), UInt32(AF_INET), UInt32(AF_INET6)]),
                    .noneOf(1, mask: socketTypeMask, [rawSocket, packetSocket]),
                    .oneOf(2, [0, protocolICMP, protocolTCP, protocolUDP, protocolICMPv6]),
                ], otherwise: EAFNOSUPPORT),
            reason: "no netlink, vsock, packet or raw sockets, no rarely walked protocols", names: "socket"),
        Group(
            rule: .allowIf([.oneOf(0, [UInt32(AF_UNIX)])]), reason: "pairs exist for no other family",
            names: "socketpair"),
        Group(
            // A descriptor is cheap, and each could have a program: the kernel has half a gigabyte for all compiled
            // ones of the host, and without any left no sandbox can be given its own filter.
            rule: .refuseIf([.oneOf(1, [UInt32(SOL_SOCKET)]), .oneOf(2, socketPrograms)], ENOPROTOOPT),
            reason: "no programs for the kernel to run on a socket's packets", names: "setsockopt"),
        Group(
            rule: .allowIf([.noneOf(1, [pushTerminalInput, consoleControl, setLineDiscipline])]),
            reason: "a terminal that is shared with the host must not be typed into", names: "ioctl"),
        Group(
            rule: .allowIf([.oneOf(0, [0, noAddressRandomisation, .max])]),
            reason: "gdb and setarch -R; the other personalities are old doors", names: "personality"),
    ]

    private static let refused: [Group] = [
        Group(
            rule: .refuse(EPERM), reason: "the mount table and the root are the spawner's",
            names: """
                fsconfig fsmount fsopen fspick listmount mount mount_setattr move_mount open_tree pivot_root setns
                statmount umount2
                """),
        Group(
            rule: .refuse(EPERM), reason: "kernel machinery with a long record of holes",
            names: """
                add_key bpf fanotify_init fanotify_mark io_uring_enter io_uring_register io_uring_setup keyctl
                lookup_dcookie memfd_secret modify_ldt open_by_handle_at perf_event_open request_key userfaultfd
                """),
        Group(
            rule: .refuse(EPERM), reason: "other processes' memory and descriptors",
            names: "kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev"),
        Group(
            rule: .refuse(EPERM), reason: "NUMA placement is the host's",
            names: "get_mempolicy mbind migrate_pages move_pages set_mempolicy set_mempolicy_home_node"),
        Group(
            // Told, not killed: a shutdown script that cannot is no attack.
            rule: .refuse(EPERM), reason: "the machine itself",
            names: """
                acct clock_settime ioperm iopl quotactl quotactl_fd reboot settimeofday swapoff swapon syslog
                vhangup
                """),
    ]

    private static let absent: [Group] = [
        Group(
            // Its flags lie in memory, where a filter cannot see them; libc falls back to clone.
            rule: .refuse(ENOSYS), reason: "not to be judged", names: "clone3"),
        Group(
            // Libraries fall back to threads.
            rule: .refuse(ENOSYS), reason: "the kernel has so much of it for all of the host together",
            names: "io_cancel io_destroy io_getevents io_pgetevents io_setup io_submit"),
        Group(
            rule: .refuse(ENOSYS), reason: "gone from the kernel, or of no use in a sandbox",
            names: """
                _sysctl afs_syscall epoll_ctl_old epoll_wait_old get_kernel_syms getpmsg lsm_get_self_attr
                lsm_list_modules lsm_set_self_attr nfsservctl putpmsg query_module security sysfs tuxcall uselib
                vserver
                """),
    ]

    private static let lethal: [Group] = [
        Group(
            rule: .kill, reason: "another kernel, or code in this one",
            names: "create_module delete_module finit_module init_module kexec_file_load kexec_load")
    ]

    /// In place of the rules above, where files of the host are lent.
    static let withoutSetuidFiles: [Group] = [
        Group(
            rule: .allowIf([.without(1, bits: setuidBits)]), reason: "no setuid files on the host",
            names: "chmod creat fchmod mkdir mknod"),
        Group(
            rule: .allowIf([.without(2, bits: setuidBits)]), reason: "no setuid files on the host",
            names: "fchmodat fchmodat2 mkdirat mknodat open"),
        Group(
            rule: .allowIf([.without(3, bits: setuidBits)]), reason: "no setuid files on the host", names: "openat"),
        Group(
            // The mode lies in memory; libraries fall back to openat.
            rule: .refuse(ENOSYS), reason: "not to be judged", names: "openat2"),
    ]

    /// In place of the rules above, for a zygote.
    static let landing: [Group] = [
        Group(rule: .allow, reason: "into the sandboxes whose namespaces it was given", names: "setns"),
        Group(
            rule: .allowIf([.oneOf(0, [joinSessionKeyring])]), reason: "what lands leaves the zygote's keyring",
            names: "keyctl"),
        Group(
            rule: .allowIf([
                .noneOf(1, [pushTerminalInput, consoleControl, setLineDiscipline]),
                .noneOf(1, mask: ioctlTypeMask, [namespaceFileType]),
            ]), reason: "one namespace must not lead to others of its kind", names: "ioctl"),
    ]

    private static let joinSessionKeyring: UInt32 = 1  // linux/keyctl.h
    // linux/nsfs.h: NSIO, the type of all calls on a namespace's file.
    private static let namespaceFileType: UInt32 = 0xb700
    private static let ioctlTypeMask: UInt32 = 0xff00
    private static let setuidBits: UInt32 = 0o6000
    // linux/sched.h: CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET and, for unshare, NEWTIME. In
    // clone the last bit belongs to the exit signal, where no signal has it.
    private static let namespaceFlags: UInt32 = 0x7e02_0080
    private static let socketTypeMask: UInt32 = 0xf
    private static let rawSocket: UInt32 = 3
    private static let packetSocket: UInt32 = 10
    private static let protocolICMP: UInt32 = 1
    private static let protocolTCP: UInt32 = 6
    private static let protocolUDP: UInt32 = 17
    private static let protocolICMPv6: UInt32 = 58
    // asm-generic/ioctls.h: TIOCSTI, TIOCLINUX, TIOCSETD.
    private static let pushTerminalInput: UInt32 = 0x5412
    private static let consoleControl: UInt32 = 0x541c
    private static let setLineDiscipline: UInt32 = 0x5423
    private static let noAddressRandomisation: UInt32 = 0x0004_0000
    // asm-generic/socket.h: SO_ATTACH_FILTER, ATTACH_BPF, ATTACH_REUSEPORT_CBPF, ATTACH_REUSEPORT_EBPF.
    private static let socketPrograms: [UInt32] = [26, 50, 51, 52]
}
