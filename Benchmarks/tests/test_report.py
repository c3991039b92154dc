"""Claims about the arithmetic of the table."""

import unittest

from measure import Sample, interleave
from report import Line, Quantity, at_most, ratio_at_least, ratio_at_most


class Quantiles(unittest.TestCase):
    def test_a_quantile_is_a_reading(self):
        sample = Sample([float(value) for value in range(100, 0, -1)])
        self.assertEqual((sample.p50, sample.p99), (51.0, 100.0))

    def test_rivals_alternate_and_the_warm_up_is_left_out(self):
        calls = []
        rivals = {"a": lambda: calls.append("a") or 1.0, "b": lambda: calls.append("b") or 2.0}
        samples = interleave(rivals, 2, warm_up=1)
        self.assertEqual("".join(calls), "ababab")
        self.assertEqual((samples["a"].seconds, samples["b"].seconds), ([1.0, 1.0], [2.0, 2.0]))


class Verdicts(unittest.TestCase):
    def line(self, ours, peer, target):
        return Line("r", "w", 1, Quantity(ours), "p", Quantity(peer), target)

    def test_a_ratio_is_ours_over_the_peers(self):
        self.assertEqual(self.line(8, 10, None).ratio, 0.8)

    def test_a_bound_itself_is_reached(self):
        for ours, target, verdict in [(8, ratio_at_most(0.8), "reached"), (9, ratio_at_most(0.8), "missed"),
                                      (6, ratio_at_least(0.6), "reached"), (5, ratio_at_least(0.6), "missed"),
                                      (5, at_most(5), "reached"), (6, at_most(5), "missed")]:
            with self.subTest(ours=ours, target=str(target)):
                self.assertEqual(self.line(ours, 10, target).verdict, verdict)

    def test_what_was_not_measured_has_no_verdict(self):
        self.assertEqual(Line("r", "w", target=at_most(1)).verdict, "")
        self.assertEqual(Line("r", "w", ours=Quantity(1), target=ratio_at_most(1)).verdict, "")

    def test_units_are_chosen_for_the_eye(self):
        for quantity, text in [(Quantity(0.00083, "s"), "830 us"), (Quantity(0.0147, "s"), "14.7 ms"),
                               (Quantity(2 << 20, "B"), "2 MiB"), (Quantity(1.5 * (1 << 30), "B/s"), "1.5 GiB/s"),
                               (Quantity(212.3, "/s"), "212/s"), (Quantity(0, "B"), "0 B")]:
            self.assertEqual(str(quantity), text)


if __name__ == "__main__":
    unittest.main()
