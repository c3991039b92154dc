"""Lines of the benchmark: what was measured, beside what, and whether a target of the budget in ARCHITECTURE.md is
reached."""

import json
import sys
from dataclasses import asdict, dataclass

REACHED, MISSED, NO_VERDICT = "reached", "missed", ""
_COLUMNS = [("row", 7), ("what", 47), ("n", 6), ("ours", 12), ("beside", 31), ("ratio", 7), ("target", 16), ("", 0)]
_COLOURS = {REACHED: "\033[32m", MISSED: "\033[31m"}
_TIMES = [(1, "s", 1), (1e-3, "ms", 1e3), (0, "us", 1e6)]
_SIZES = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "B")]


@dataclass
class Quantity:
    """A number with its unit: `s`, `B`, `B/s`, `/s` or nothing."""

    value: float
    unit: str = ""

    def __str__(self):
        if self.unit == "s":
            unit, factor = next((unit, factor) for least, unit, factor in _TIMES if abs(self.value) >= least)
            return f"{_three(self.value * factor)} {unit}"
        if self.unit.startswith("B"):
            size, unit = next((s for s in _SIZES if abs(self.value) >= s[0]), _SIZES[-1])
            return f"{_three(self.value / size)} {unit}{self.unit[1:]}"
        return f"{_three(self.value)}{self.unit}"


def _three(value):
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


@dataclass
class Target:
    """A budget: a bound on our figure (`of="ours"`) or on the ratio of ours to the other (`of="ratio"`)."""

    sign: str  # "<=" or ">="
    bound: Quantity
    of: str = "ours"

    def __str__(self):
        return f"{self.sign} {self.bound}" + ("x" if self.of == "ratio" else "")

    def verdict(self, ours, ratio):
        value = ours.value if self.of == "ours" else ratio
        if value is None:
            return NO_VERDICT
        return REACHED if (value <= self.bound.value if self.sign == "<=" else value >= self.bound.value) else MISSED


def ratio_at_most(bound):
    return Target("<=", Quantity(bound), of="ratio")


def ratio_at_least(bound):
    return Target(">=", Quantity(bound), of="ratio")


def at_most(value, unit=""):
    return Target("<=", Quantity(value, unit))


def at_least(value, unit=""):
    return Target(">=", Quantity(value, unit))


@dataclass
class Line:
    """One line of the table. `note` stands below it; a line that could not be measured has only a note."""

    row: str
    what: str
    n: int = 0
    ours: Quantity | None = None
    peer_name: str = ""
    peer: Quantity | None = None
    target: Target | None = None
    note: str = ""

    @property
    def ratio(self):
        return self.ours.value / self.peer.value if self.ours and self.peer and self.peer.value else None

    @property
    def verdict(self):
        return self.target.verdict(self.ours, self.ratio) if self.target and self.ours else NO_VERDICT

    def cells(self):
        beside = f"{self.peer_name} {self.peer}" if self.peer else self.peer_name
        ratio = f"{self.ratio:.2f}x" if self.ratio is not None else ""
        return [self.row, self.what, str(self.n or ""), str(self.ours or ""), beside, ratio, str(self.target or ""),
                self.verdict]

    def as_json(self):
        return asdict(self) | {"target": str(self.target or ""), "ratio": self.ratio, "verdict": self.verdict}


class Report:
    """Prints each line as it comes, and keeps it for `write_json`."""

    def __init__(self, stream=sys.stdout):
        self._stream = stream
        self._lines = []

    def header(self):
        self._print(" ".join(name.ljust(width) for name, width in _COLUMNS).rstrip())

    def add(self, line):
        self._lines.append(line)
        text = " ".join(cell.ljust(width) for cell, (_, width) in zip(line.cells(), _COLUMNS)).rstrip()
        if self._stream.isatty() and line.verdict:
            text = text[:-len(line.verdict)] + _COLOURS[line.verdict] + line.verdict + "\033[0m"
        self._print(text)
        for part in line.note.splitlines():
            self._print(f"        {part}")

    def write_json(self, path, about):
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"about": about, "lines": [line.as_json() for line in self._lines]}, file, indent=2)
            file.write("\n")

    def _print(self, text):
        print(text, file=self._stream, flush=True)
