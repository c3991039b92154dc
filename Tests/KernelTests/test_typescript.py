"""The kernel of typescript, which is that of javascript with the types taken away first."""

import pytest
from kernelwire import KERNELS, Kernel


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    with Kernel([KERNELS / "javascript" / "kernel"], tmp_path_factory.mktemp("ts"), "typescript") as kernel:
        yield kernel


@pytest.mark.parametrize(
    "code, text",
    [
        ("const message: string = 'hi'; message", "'hi'"),
        ("interface Point { x: number }\nconst point = { x: 1 } as Point\npoint.x", "1"),
        ("enum Color { Red = 3, Green }\nColor.Green", "4"),
        ("namespace Shapes { export const sides = 3 }\nShapes.sides", "3"),
        ("class Box<T> { constructor(private v: T) {} get(): T { return this.v } }\nnew Box<number>(5).get()", "5"),
        ("const later = async <T,>(value: T): Promise<T> => value\nawait later(6)", "6"),
        ("abstract class A { abstract f(): void }\ntypeof A", "'function'"),
        ("let x: any = '7'; (x as string).length", "1"),
        ("function mark(target: any) { target.marked = 8 }\n@mark class M { static marked: number }\nM.marked", "8"),
        ("const wrong: number = 'not checked'; wrong", "'not checked'"),
    ],
)
def test_types_are_taken_away_and_the_rest_runs(node, code, text):
    assert node.run(code).text == text


def test_what_a_cell_declares_the_next_sees(node):
    node.run("enum Size { Small, Large }\nconst size: Size = Size.Large")
    node.run("export function f(x: number): number { return x }")
    assert node.run("f(size) + Size.Large").text == "2"


def test_an_import_is_there_for_the_next_cell_though_its_own_does_not_use_it(node):
    imports = "import { readFileSync } from 'fs'\nimport * as os1 from 'os'\nimport type { Stats } from 'fs'"
    assert node.run(imports).error is None
    assert node.run("typeof readFileSync + typeof os1.cpus").text == "'functionfunction'"


def test_a_syntax_error_tells_its_place(node):
    error = node.run("const fine = 1\nlet x: = 5").error
    assert error["name"] == "SyntaxError" and error["value"] == "Type expected."
    assert ":2:8" in error["traceback"] and "let x: = 5\n       ^" in error["traceback"]


def test_a_run_time_error_is_an_error(node):
    assert node.run("(null as any).field").error["name"] == "TypeError"
