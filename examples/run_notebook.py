"""Runs a notebook cell by cell in a sandbox and compares what comes out with what the notebook has stored.

    run_notebook.py [--record] [NOTEBOOK]      the notebook is analysis.ipynb beside this file

Needs the official client (`pip install e2b-code-interpreter`) and the lines that `nestbox env` prints in the
environment. A cell is right if it prints, shows and raises what is stored: texts letter by letter, and of a picture the
kind and the title of its chart. `--record` stores what came out instead. The exit code is 1 if a cell differs.
"""

import argparse
import difflib
import json
import pathlib
import sys
import time

from e2b_code_interpreter import Sandbox

NOTEBOOK = pathlib.Path(__file__).parent / "analysis.ipynb"


def lines(text):
    """A text as notebooks keep it."""
    return text.splitlines(keepends=True)


def output_of(result, count):
    """A result as notebooks keep it. Pictures are left out, or the file would be mostly pictures."""
    kind = {"output_type": "execute_result", "execution_count": count} if result.is_main_result else None
    chart = {"chart": {"type": result.chart.type.value, "title": result.chart.title}} if result.chart else {}
    shown = {"metadata": chart, "data": {"text/plain": lines(result.text or "")}}
    return (kind or {"output_type": "display_data"}) | shown


def outputs_of(execution):
    """What a cell gave, as notebooks keep it. Warnings are left out: they name paths and change with versions."""
    outputs = []
    if printed := "".join(execution.logs.stdout):
        outputs.append({"output_type": "stream", "name": "stdout", "text": lines(printed)})
    outputs += [output_of(result, execution.execution_count) for result in execution.results]
    if error := execution.error:
        outputs.append({"output_type": "error", "ename": error.name, "evalue": error.value, "traceback": []})
    return outputs


def difference(stored, found):
    """What differs, in the manner of `diff`; nothing if they are the same."""
    old, new = (json.dumps(outputs, indent=1, ensure_ascii=False).splitlines() for outputs in (stored, found))
    return "\n".join(difflib.unified_diff(old, new, "stored", "found", lineterm=""))


def first_line(cell):
    return next((line.strip() for line in cell["source"] if line.strip()), "")


def run(cells):
    """Runs the cells in one sandbox; yields for each what came out and how long it took."""
    with Sandbox.create(timeout=600) as sandbox:
        for cell in cells:
            start = time.perf_counter()
            execution = sandbox.run_code("".join(cell["source"]), timeout=120)
            yield cell, outputs_of(execution), time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("notebook", nargs="?", type=pathlib.Path, default=NOTEBOOK)
    parser.add_argument("--record", action="store_true", help="store what comes out")
    options = parser.parse_args()
    notebook = json.loads(options.notebook.read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    wrong = 0
    for number, (cell, outputs, seconds) in enumerate(run(cells), start=1):
        differs = "" if options.record else difference(cell["outputs"], outputs)
        wrong += bool(differs)
        print(
            f"[{number:2d}] {'differs' if differs else 'ok':7s} {seconds * 1000:6.0f} ms  {first_line(cell)}",
            flush=True,
        )
        if differs:
            print(differs)
        cell |= {"outputs": outputs, "execution_count": number} if options.record else {}
    if options.record:
        options.notebook.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{len(cells) - wrong} of {len(cells)} cells as stored")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
