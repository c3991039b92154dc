"""CPython as a WebAssembly component, for comparison: built once by componentize-py, run by wasmtime.

    wasmpython.py FILE      builds the component into FILE; takes some 20 seconds

There is no pandas for it, so its program computes the same figures by hand.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

_WORLD = "package bench:bench;\nworld bench { export run: func() -> string; }\n"
_PROGRAM = """
import statistics

def described(name, values):
    ordered = sorted(values)
    at = lambda share: ordered[round(share * (len(ordered) - 1))]
    figures = [len(values), statistics.mean(values), statistics.stdev(values), *map(at, (0, 0.25, 0.5, 0.75, 1))]
    return name + " " + " ".join(f"{figure:.6f}" for figure in figures)

class WitWorld:
    def run(self) -> str:
        table = {"x": [float(n) for n in range(1000)], "y": [float(n) for n in range(0, 2000, 2)]}
        return "\\n".join(described(*column) for column in table.items())
"""


class Component:
    """A component that is compiled already; every `run` makes an instance of its own."""

    def __init__(self, path):
        import wasmtime
        from wasmtime import component

        self._wasmtime, self._engine = wasmtime, wasmtime.Engine()
        self._component = component.Component.deserialize_file(self._engine, str(path))
        self._linker = component.Linker(self._engine)
        self._linker.add_wasip2()

    def run(self):
        store = self._wasmtime.Store(self._engine)
        store.set_wasi(self._wasmtime.WasiConfig())
        said = self._linker.instantiate(store, self._component).get_func(store, "run")(store)
        if "1000.0" not in said:
            raise SystemExit(f"the component said {said!r}")


def build(path):
    """Leaves the compiled component in `path`, whole or not at all."""
    import wasmtime
    from wasmtime import component

    with tempfile.TemporaryDirectory() as place:
        pathlib.Path(place, "world.wit").write_text(_WORLD, encoding="utf-8")
        pathlib.Path(place, "app.py").write_text(_PROGRAM, encoding="utf-8")
        componentize = pathlib.Path(sys.executable).with_name("componentize-py")
        argv = [componentize, "-d", "world.wit", "-w", "bench", "componentize", "app", "-o", "app.wasm"]
        subprocess.run(argv, cwd=place, check=True, stdout=subprocess.DEVNULL)
        compiled = component.Component.from_file(wasmtime.Engine(), os.path.join(place, "app.wasm")).serialize()
    new = path.with_name(path.name + ".new")
    new.write_bytes(compiled)
    new.replace(path)


if __name__ == "__main__":
    build(pathlib.Path(sys.argv[1]))
