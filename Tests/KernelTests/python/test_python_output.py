"""stdout and stderr: order, completeness, and what user code does to them."""

import hashlib
import os

import pytest

from nestbox_support.python_kernel import END, STDERR, STDOUT, eventually


class TestOrder:
    def test_one_print_is_one_frame(self, kernel):
        assert kernel.run("print(1)").of(STDOUT) == [b"1\n"]

    def test_both_streams_keep_their_order(self, kernel):
        run = kernel.run("import sys\nfor i in range(50):\n    print(i)\n    print(-i, file=sys.stderr)")
        expected = [pair for i in range(50) for pair in ((STDOUT, b"%d\n" % i), (STDERR, b"%d\n" % -i))]
        assert run.streams == expected

    def test_programs_keep_their_place_between_prints(self, kernel):
        code = "import os\nfor i in range(20):\n    print('python', i)\n    os.system(f'echo program {i}')"
        assert kernel.run(code).stdout == "".join(f"python {i}\nprogram {i}\n" for i in range(20))

    def test_lines_of_c_keep_their_place(self, kernel):
        code = "import ctypes\nc = ctypes.CDLL(None)\nprint('a')\nc.puts(b'b')\nprint('c')\nc.printf(b'd')"
        assert kernel.run(code).stdout == "a\nb\nc\nd"

    def test_raw_writes_keep_their_place(self, kernel):
        code = "import os\nfor i in range(500):\n    print('p', i)\n    os.write(1, b'r %d\\n' % i)"
        assert kernel.run(code).stdout == "".join(f"p {i}\nr {i}\n" for i in range(500))

    def test_a_result_comes_after_what_was_printed_before_it(self, kernel):
        kinds = [kind for kind, _ in kernel.run("print('first')\n'second'").frames]
        assert kinds == [0x80, 0x81, STDOUT, 0x84, END]

    def test_output_comes_while_the_cell_runs(self, kernel):
        peer = kernel.peer()
        peer.execute("import os; print('now'); r, w = os.pipe(); os.read(r, 1)")
        assert peer.wait_for(STDOUT) == b"now\n"
        peer.close()


class TestCompleteness:
    @pytest.mark.parametrize(
        "code",
        [
            "print('x' * 100_000_000, end='')",
            "for _ in range(1000): print('x' * 100_000, end='')",
            "import sys\nsys.stdout.buffer.write(b'x' * 100_000_000)",
            "import os\nfor _ in range(1000):\n    rest = b'x' * 100_000\n"
            "    while rest: rest = rest[os.write(1, rest):]",
            "!head -c 100000000 /dev/zero | tr '\\0' x",
        ],
        ids=["one print", "a thousand prints", "bytes", "the descriptor", "a program"],
    )
    def test_a_hundred_megabytes_arrive_whole(self, kernel, code):
        digest = hashlib.sha256()
        for piece in (run := kernel.run(code)).of(STDOUT):
            assert len(piece) <= 64 << 10
            digest.update(piece)
        assert digest.hexdigest() == hashlib.sha256(b"x" * 100_000_000).hexdigest()
        assert run.has_ended and run.error is None

    def test_a_million_lines_arrive_in_order(self, kernel):
        run = kernel.run("for i in range(1_000_000): print(i)")
        assert b"".join(run.of(STDOUT)) == b"".join(b"%d\n" % i for i in range(1_000_000))

    def test_many_threads_lose_no_line(self, kernel):
        code = "import threading\ndef f(n):\n    for i in range(20_000): print(f'{n} {i}\\n', end='')\n" \
               "threads = [threading.Thread(target=f, args=(n,)) for n in range(4)]\n" \
               "for t in threads: t.start()\nfor t in threads: t.join()"  # fmt: skip
        lines = kernel.run(code).stdout.splitlines()
        assert sorted(lines) == sorted(f"{n} {i}" for n in range(4) for i in range(20_000))

    def test_a_slow_reader_slows_the_cell_and_loses_nothing(self, fresh_kernel):
        peer = fresh_kernel.peer()
        peer.execute("print('y' * 50_000_000, end='')")
        peer.wait_for(STDOUT)
        used = _memory(fresh_kernel.pid)
        assert used < 250 << 20  # the text itself, and not copies of it that wait
        frames = peer.frames()
        assert sum(len(payload) for kind, payload in frames if kind == STDOUT) == 50_000_000 - (64 << 10)

    def test_bytes_that_are_no_text_go_through(self, kernel):
        assert kernel.run("import sys; sys.stdout.buffer.write(bytes(range(256)))").of(STDOUT) == [bytes(range(256))]

    def test_a_lone_surrogate_is_spelt_out(self, kernel):
        assert kernel.run(r"print('\ud800')").of(STDOUT) == [b"\\ud800\n"]

    def test_colours_are_the_users_own(self, kernel):
        assert kernel.run(r"print('\x1b[31m' * 1000)").stdout == "\x1b[31m" * 1000 + "\n"


class TestBetweenRuns:
    def test_what_a_thread_prints_after_its_cell_comes_with_the_next(self, fresh_kernel):
        code = "import threading, time\ndef late():\n    time.sleep(0.05); print('late'); open('said', 'w').close()\n" \
               "threading.Thread(target=late).start()"  # fmt: skip
        fresh_kernel.run(code)
        said = f"{fresh_kernel.hello()['cwd']}/said"
        eventually(lambda: os.path.exists(said))
        assert fresh_kernel.run("print('next')").stdout == "late\nnext\n"

    def test_only_the_newest_of_it_is_kept_and_the_rest_counted(self, fresh_kernel):
        script = "sleep 0.05; head -c 1000000 /dev/zero | tr '\\\\0' o; echo end; touch over"
        code = f"import subprocess\np = subprocess.Popen(['sh', '-c', {script!r}])"
        cwd = fresh_kernel.hello()["cwd"]
        fresh_kernel.run(code)
        eventually(lambda: os.path.exists(f"{cwd}/over"))
        run = fresh_kernel.run("_ = p.wait()")
        assert "bytes that were printed between two runs are not shown" in run.stderr
        assert run.stdout.endswith("end\n") and len(run.stdout) <= 256 << 10


class TestTampering:
    @pytest.mark.parametrize(
        "code",
        [
            "import os; os.close(1)",
            "import os; os.close(0); os.close(1); os.close(2)",
            "import os; os.dup2(os.open('taken', os.O_CREAT | os.O_WRONLY), 1)",
            "import sys; sys.stdout.close(); sys.stderr.close()",
            "import sys, io; sys.stdout = io.StringIO()",
            "import sys; sys.stdout = None",
            "import sys; del sys.stdout",
        ],
    )
    def test_the_next_cell_has_its_output_again(self, kernel, code):
        assert kernel.run(code).has_ended
        run = kernel.run("import os, sys\nprint('a'); os.system('echo b'); print('c', file=sys.stderr)")
        assert (run.stdout, run.stderr) == ("a\nb\n", "c\n")

    def test_small_descriptors_are_none_of_the_kernels(self, fresh_kernel):
        """Only asyncio's own are small; the kernel lives high up and survives everything else."""
        kinds = fresh_kernel.value(
            "sorted({__import__('os').readlink(f'/proc/self/fd/{n}').partition(':')[0] "
            "for n in __import__('os').listdir('/proc/self/fd') if 2 < int(n) < 800 "
            "and __import__('os').path.lexists(f'/proc/self/fd/{n}')})"
        )
        assert set(kinds) <= {"anon_inode", "socket", "/dev/null"}

    def test_nothing_of_the_kernel_is_inherited(self, kernel):
        """`ls` itself has its directory open."""
        assert kernel.run("!ls /proc/self/fd").stdout.split() == ["0", "1", "2", "3"]

    def test_a_kernel_whose_descriptors_are_closed_ends(self, fresh_kernel):
        peer = fresh_kernel.peer()
        peer.execute("import os; os.closerange(3, 100_000)\nimport time; time.sleep(60)")
        peer.frames()
        assert fresh_kernel.process.wait(60) != 0

    def test_a_kernel_whose_loop_can_not_be_woken_ends(self, fresh_kernel):
        """It would take the next cell and never begin it."""
        fresh_kernel.run("import asyncio; asyncio.get_running_loop()._csock.shutdown(2)")
        peer = fresh_kernel.peer()
        peer.execute("1")
        assert fresh_kernel.process.wait(20) != 0

    def test_a_dead_kernel_is_the_end_of_the_connection(self, fresh_kernel):
        run = fresh_kernel.run("import os; os._exit(3)")
        assert not run.has_ended
        assert fresh_kernel.process.wait(60) == 3


class TestChildren:
    def test_a_forked_child_prints_and_ends_with_the_cell(self, kernel):
        code = "import os\npid = os.fork()\nif pid == 0: print('child')\n" \
               "else: print('parent', os.waitpid(pid, 0)[1])"  # fmt: skip
        run = kernel.run(code)
        assert run.stdout == "child\nparent 0\n"
        assert len(run.of(END)) == 1

    def test_processes_of_a_pool_print(self, kernel):
        code = "import multiprocessing\ndef f(n): print(f'worker {n}\\n', end=''); return n * n\n" \
               "with multiprocessing.Pool(2) as pool: squares = pool.map(f, range(4))\nsquares"  # fmt: skip
        run = kernel.run(code)
        assert run.main["text/plain"] == "[0, 1, 4, 9]"
        assert sorted(run.stdout.splitlines()) == [f"worker {n}" for n in range(4)]

    def test_a_child_holds_no_connection(self, kernel):
        code = "import os\nif os.fork() == 0:\n    import time; time.sleep(600)"
        assert kernel.run(code).has_ended
        assert kernel.value("1 + 1") == 2


def _memory(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmRSS"))
