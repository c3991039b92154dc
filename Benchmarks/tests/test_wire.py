"""Claims about the benchmark's codec. The bytes were derived by hand from Sources/SpawnerProtocol and GuestProtocol."""

import socket
import unittest

import wire


class SpawnerWire(unittest.TestCase):
    def test_hello_is_number_tag_version(self):
        self.assertEqual(wire.hello(1), bytes.fromhex("0100000000000000 01 02000000"))

    def test_destroy_is_number_tag_text(self):
        self.assertEqual(wire.destroy(0x0203, "ab"), bytes.fromhex("0302000000000000 04 02000000 6162"))

    def test_create_has_the_fields_in_the_order_of_the_swift_value(self):
        limits = wire.Limits(memory_bytes=1 << 29, cpu_milli=1500, processes=64, open_files=1024,
                             disk_bytes=1 << 30, disk_inodes=0x10000)
        sandbox = wire.CreateSandbox("s1", "base", "f", "h", ["ab"], limits, True, -2)
        self.assertEqual(wire.create(7, sandbox), bytes.fromhex(
            "0700000000000000 02"
            "02000000 7331  04000000 62617365  01000000 66  01000000 68"
            "01000000 02000000 6162"
            "0000002000000000 dc050000 40000000 00040000 0000004000000000 0000010000000000"
            "01 feffffffffffffff"))

    def test_start_zygote_has_the_fields_in_the_order_of_the_swift_value(self):
        limits = wire.Limits(memory_bytes=1 << 29, cpu_milli=1500, processes=64, open_files=1024,
                             disk_bytes=1 << 30, disk_inodes=0x10000)
        zygote = wire.StartZygote("f", "t", ["ab"], ["/z", "-q"], {"A": "b"}, limits, False)
        self.assertEqual(wire.start_zygote(8, zygote), bytes.fromhex(
            "0800000000000000 07"
            "01000000 66  01000000 74  01000000 02000000 6162"
            "02000000 02000000 2f7a 02000000 2d71  01000000 01000000 41 01000000 62"
            "0000002000000000 dc050000 40000000 00040000 0000004000000000 0000010000000000 00"))

    def test_land_is_number_tag_id_and_payload(self):
        self.assertEqual(wire.land(9, "s1", b"{}"), bytes.fromhex("0900000000000000 09 02000000 7331 02000000 7b7d"))

    def test_landed_carries_the_pid(self):
        self.assertEqual(wire.answer(bytes.fromhex("0900000000000000 08 07000000")), wire.Answer(9, "landed", (7,)))

    def test_welcome_carries_version_and_boot(self):
        answer = wire.answer(bytes.fromhex("0100000000000000 01 01000000 02000000 6262"))
        self.assertEqual(answer, wire.Answer(1, "welcome", (1, "bb")))

    def test_failed_carries_code_step_errno_message(self):
        answer = wire.answer(bytes.fromhex("0500000000000000 04 05 01000000 73 0d000000 01000000 6d"))
        self.assertEqual(answer, wire.Answer(5, "failed", (5, "s", 13, "m")))

    def test_ended_comes_with_number_zero(self):
        answer = wire.answer(bytes.fromhex("0000000000000000 07 02000000 7331 01"))
        self.assertEqual(answer, wire.Answer(0, "ended", ("s1", 1)))

    def test_bad_datagrams_are_refused(self):
        for bad in ["", "0100000000000000", "0100000000000000 63", "0100000000000000 02 00",
                    "0100000000000000 01 01000000 05000000 6262"]:
            with self.subTest(bad), self.assertRaises(wire.WireError):
                wire.answer(bytes.fromhex(bad))


class GuestWire(unittest.TestCase):
    def test_ping_is_an_empty_frame_of_kind_0x22(self):
        self.assertEqual(wire.PING, bytes.fromhex("00000000 22"))

    def test_a_frame_is_read_back_from_a_stream_in_pieces(self):
        here, there = socket.socketpair()
        with here, there:
            for byte in wire.frame(wire.FAILURE, b"why"):
                here.send(bytes([byte]))
            self.assertEqual(wire.read_frame(there), (wire.FAILURE, b"why"))

    def test_a_frame_over_the_limit_is_refused(self):
        here, there = socket.socketpair()
        with here, there:
            here.send(bytes.fromhex("01001000 80"))
            with self.assertRaises(wire.WireError):
                wire.read_frame(there)


if __name__ == "__main__":
    unittest.main()
