"""The kernel of javascript."""

import json
import time

import pytest
from kernelwire import COUNT, END, ERROR, KERNELS, RESULT, STDERR, STDOUT, Kernel


@pytest.fixture
def node(tmp_path):
    with Kernel([KERNELS / "javascript" / "kernel"], tmp_path, "javascript") as kernel:
        yield kernel


# What stays


@pytest.mark.parametrize(
    "declaration",
    [
        "var x = 5",
        "let x = 5",
        "const x = 5",
        "const { x } = { x: 5 }",
        "const [, x = 5] = []",
        "const x = await 5",
        "let y, { x, ...rest } = await { x: 5 }",
        "if (true) { var x = await 5 }",
        "for (var x = await 0; x < 5; x++) ;",
        "for (var x of [await 1, 5]) ;",
        "export const x = 5",
        "class x { static valueOf() { return 5 } }",
        "await 0; class x { static valueOf() { return 5 } }",
    ],
)
def test_what_a_cell_declares_the_next_sees_and_it_can_be_run_again(node, declaration):
    for _ in range(2):
        assert node.run(declaration).error is None
        assert node.run("x + 0").text == "5"


@pytest.mark.parametrize("first", ["", "await 0; "])
def test_functions_are_there_before_their_line_and_can_be_replaced(node, first):
    assert node.run(first + "outer(); function outer() { return inner() }\nfunction inner() { return 1 }").error is None
    node.run("function inner() { return 2 }")
    assert node.run("outer()").text == "2"


def test_let_without_a_value_forgets_the_one_before(node):
    node.run("let x = 5")
    assert node.run("let x; typeof x").text == "'undefined'"
    node.run("x = 5")
    assert node.run("await 0; let x; typeof x").text == "'undefined'"


def test_the_working_directory_stays_and_is_told(node, tmp_path):
    node.run("process.chdir('/')")
    assert node.run("process.cwd()").text == "'/'" and node.hello()["cwd"] == "/"


def test_timers_run_on_between_cells(node):
    node.run("let ticks = 0; const timer = setInterval(() => ticks++, 1); undefined")
    before = int(node.run("await new Promise(done => setTimeout(done, 50)); ticks").text)
    assert int(node.run("ticks").text) >= before > 0


# Modules


def test_modules_come_by_require_import_and_by_themselves(node, tmp_path):
    (tmp_path / "node_modules" / "both").mkdir(parents=True)
    package = {"exports": {"import": "./module.mjs", "require": "./common.cjs"}}
    (tmp_path / "node_modules/both/package.json").write_text(json.dumps(package))
    (tmp_path / "node_modules/both/module.mjs").write_text("export default 'module'; export const named = 1")
    (tmp_path / "node_modules/both/common.cjs").write_text("module.exports = 'common'")
    (tmp_path / "own.mjs").write_text("export const own = import.meta.url")
    assert node.run("require('both')").text == "'common'"
    assert node.run("import d, { named as n } from 'both'\nd + n").text == "'module1'"
    assert node.run("import * as all from './own.mjs'; all.own.endsWith('own.mjs')").text == "true"
    assert node.run("(await import('both')).default").text == "'module'"
    assert node.run("const later = () => import('fs'); typeof (await later()).readFileSync").text == "'function'"
    assert node.run("path.basename('/a/b')").text == "'b'"
    assert node.run("import './missing.mjs'").error["value"].startswith("Cannot find module")


# Results


@pytest.mark.parametrize(
    "code, text",
    [
        ("1 + 1", "2"),
        ("'text'", "'text'"),
        ("x = 3", "3"),
        ("null", "null"),
        ("[1, { a: new Map([[1, 2]]) }]", "[ 1, { a: Map(1) { 1 => 2 } } ]"),
        ("Promise.resolve('hi')", "'hi'"),
        ("await Promise.resolve('hi')", "'hi'"),
        ("if (true) 4", "4"),
        ("'a'.repeat(20000).length", "20000"),
        ("({ then: 1 })", "{ then: 1 }"),
    ],
)
def test_the_last_value_is_the_result(node, code, text):
    assert node.run(code).text == text


@pytest.mark.parametrize(
    "code", ["undefined", "const x = 1", "function f() {}", "", "// nothing", "await 0; let y = 2"]
)
def test_no_value_is_no_result(node, code):
    assert node.run(code).results == []


def test_a_long_text_is_whole(node):
    assert node.run("'a'.repeat(1e6)").text == "'" + "a" * 1_000_000 + "'"


def test_values_show_themselves_in_other_forms(node):
    code = """({
      _toHtml() { return '<b>' }, _toSvg() { return '<svg/>' }, _toPng() { return Buffer.from('png') },
      _toJpeg() { throw new Error('not this one') }, _toMime() { return { 'text/markdown': '*x*' } },
    })"""
    data = node.run(code).results[0]["data"]
    del data["text/plain"]
    assert data == {"text/html": "<b>", "image/svg+xml": "<svg/>", "image/png": "cG5n", "text/markdown": "*x*"}


def test_plain_values_are_json_too_if_json_tells_all(node):
    assert node.run("({ a: [1, 'x', null] })").results[0]["data"]["application/json"] == {"a": [1, "x", None]}
    for code in ("({ a: undefined })", "[new Date()]", "[() => 1]", "1", "new Map()", "const a = []; a.push(a); a"):
        assert "application/json" not in json.dumps(node.run(code).results)


def test_the_dollars_show_and_replace_results(node):
    execution = node.run("$$.display().html('<i>'); $$.png('cG5n', true); $$.mime({ 'text/latex': 'x' }); 5")
    assert execution.results == [
        {"main": False, "data": {"text/html": "<i>"}},
        {"main": False, "data": {"image/png": "cG5n"}},
        {"main": True, "data": {"text/latex": "x"}},
    ]
    assert node.run("$$.async(); setTimeout(() => $$.done(7), 10); 5").text == "7"
    assert node.run("$$.sendError(new RangeError('far')); 5").error["name"] == "RangeError"


def test_what_is_shown_in_a_cell_is_in_order_with_its_output(node):
    execution = node.run("console.log(1); $$.display().text('shown'); console.log(2); 3")
    assert [kind for kind, _ in execution.frames] == [COUNT, STDOUT, RESULT, STDOUT, RESULT, END]


def test_a_result_over_the_limit_is_an_error(node):
    execution = node.run("'a'.repeat(33 << 20)")
    assert execution.results == [] and execution.error["name"] == "ResultTooLarge"
    assert len(node.run("'a'.repeat(31 << 20)").text) == (31 << 20) + 2


def test_a_value_that_cannot_be_shown_is_said_to_be_so(node):
    assert "cannot be shown: no" in node.run("({ [util.inspect.custom]() { throw new Error('no') } })").text
    assert node.run("new Proxy({}, { get() { throw 1 } })").ended


def test_half_a_character_does_not_spoil_the_wire(node):
    execution = node.run("console.log('\\ud83d'); '\\ud83d' + 'x'")
    assert execution.stdout == "\ufffd\n".encode()
    assert node.run("({ 'a': '\\ud83d' })").ended


# Output


def test_stdout_and_stderr_keep_their_order(node):
    execution = node.run("for (let n = 0; n < 200; n++) (n % 2 ? console.error : console.log)(n)")
    said = [(kind, payload) for kind, payload in execution.frames if kind in (STDOUT, STDERR)]
    assert said == [(STDERR if n % 2 else STDOUT, b"%d\n" % n) for n in range(200)]


def test_the_output_of_children_is_in_order_with_ones_own(node):
    code = """console.log(1); child_process.execSync('echo 2; echo err >&2', { stdio: 'inherit' }); console.log(3);
    console.table([[4]])"""
    execution = node.run(code)
    assert execution.stdout.startswith(b"1\n2\n3\n") and b"4" in execution.stdout
    assert execution.stderr == b"err\n"


@pytest.mark.parametrize(
    "closing",
    [
        "fs.closeSync(1); fs.closeSync(2)",
        "process.stdout.end(); process.stderr.destroy()",
        "fs.closeSync(1); fs.openSync('/etc/hosts')",
    ],
)
def test_closed_outputs_are_open_again_in_the_next_cell(node, closing):
    node.run(closing)
    child = "child_process.execSync('echo child >&2', { stdio: 'inherit' })"
    execution = node.run(f"console.log('out'); console.error('err'); {child}; 0")
    assert (execution.stdout, execution.stderr) == (b"out\n", b"err\nchild\n")


def test_a_child_that_makes_the_pipe_non_blocking_costs_nothing(node):
    code = """child_process.execSync("python3 -c 'import os; os.set_blocking(1, False)'", { stdio: 'inherit' });
    process.stdout.write('x'.repeat(5e6)); 0"""
    assert len(node.run(code).stdout) == 5_000_000


# Errors


def test_an_error_has_name_value_and_the_cells_own_trace(node):
    error = node.run("function inner() { throw new TypeError('wrong') }\n\ninner()").error
    assert (error["name"], error["value"]) == ("TypeError", "wrong")
    assert "cell-1.js:1:26" in error["traceback"] and "cell-1.js:3:1" in error["traceback"]
    assert "runner" not in error["traceback"] and "node:vm" not in error["traceback"]


def test_lines_are_right_in_cells_that_wait(node):
    error = node.run("import fs1 from 'fs'\nfunction f() {\n}\nconst x = await 1\nthrow new Error('here')").error
    assert "cell-1.js:5:7" in error["traceback"]


@pytest.mark.parametrize(
    "code, name, value",
    [
        ("throw 5", "number", "5"),
        ("throw null", "object", "null"),
        ("throw { a: 1 }", "object", "{ a: 1 }"),
        ("nothing", "ReferenceError", "nothing is not defined"),
        ("let 5", "SyntaxError", "Unexpected number"),
        ("await (", "SyntaxError", None),
        ("return 1", "SyntaxError", "Illegal return statement"),
        ("Promise.reject(new RangeError('far'))", "RangeError", "far"),
        ("await Promise.reject(new RangeError('far'))", "RangeError", "far"),
        ("Promise.reject(new RangeError('lost')); 5", "RangeError", "lost"),
        ("process.nextTick(() => { throw new RangeError('tick') }); 5", "RangeError", "tick"),
        ("setTimeout(() => { throw new RangeError('late') }); await new Promise(() => {})", "RangeError", "late"),
        ("(function deep() { deep() })()", "RangeError", "Maximum call stack size exceeded"),
        ("throw Object.defineProperty(new Error(), 'name', { get() { throw 1 } })", "object", None),
    ],
)
def test_whatever_is_thrown_is_the_cells_error(node, code, name, value):
    execution = node.run(code)
    assert len(execution.errors) == 1 and execution.results == []
    assert execution.error["name"] == name and value in (None, execution.error["value"])
    assert node.run("1").text == "1"


def test_an_error_longer_than_the_wire_allows_is_cut_with_a_notice(node):
    error = node.run("throw new Error('é'.repeat(2e6))").error
    assert len(error["value"].encode()) <= 1 << 20 and error["value"].endswith("the rest is left out")


def test_an_exception_between_cells_harms_nobody(node):
    node.run("setTimeout(() => { throw new Error('between') }, 10); 0")
    assert node.run("await new Promise(done => setTimeout(done, 100)); 1").ended
    assert node.run("2").text == "2"


# Ends


@pytest.mark.parametrize(
    "code",
    [
        "ready(); for (;;) ;",
        "await 1; ready(); for (;;) ;",
        "setTimeout(() => { ready(); for (;;) ; }); await new Promise(() => {})",
        "setImmediate(() => { ready(); for (;;) ; }); await new Promise(() => {})",
        "process.nextTick(() => { ready(); for (;;) ; }); await new Promise(() => {})",
        "fs.readFile('/etc/hosts', () => { ready(); for (;;) ; }); await new Promise(() => {})",
        "(async () => { await 0; ready(); for (;;) await 0 })()",
        "({ [util.inspect.custom]() { ready(); for (;;) ; } })",
        "ready(); child_process.execSync('sleep 100')",
        "ready(); /(a+)+$/.test('a'.repeat(40) + 'b')",
        "ready(); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60000)",
    ],
)
def test_whatever_a_cell_hangs_in_is_interrupted(node, code):
    node.run("function ready() { console.log('ready') }")
    with node.begin(code) as cell:
        cell.until(STDOUT)
        node.interrupt()
        kinds = [kind for kind, _ in cell.rest()]
    assert kinds == [ERROR, END]
    assert node.run("typeof ready").text == "'function'"


def test_a_loop_that_an_earlier_cell_left_in_a_timer_is_broken_off(node, tmp_path):
    node.run("setTimeout(() => { fs.writeFileSync('looping', ''); for (;;) ; }, 200); 0")
    deadline = time.monotonic() + 10
    while not (tmp_path / "looping").exists():
        assert time.monotonic() < deadline
    with node.begin("'never'") as cell:
        node.interrupt()
        assert [kind for kind, _ in cell.rest()] == [ERROR, END]
    assert node.run("2").text == "2"


@pytest.mark.parametrize("round", range(20))
def test_an_interrupt_ends_its_own_cell_only(node, round):
    with node.begin("await new Promise(() => {})") as cell:
        node.interrupt()
        assert [kind for kind, _ in cell.rest()] == [ERROR, END]
    assert node.run("1").text == "1"


def test_exit_ends_the_kernel_after_the_last_output(node):
    execution = node.run_to_death("console.log('last'); process.exit(3)")
    assert execution.stdout == b"last\n" and not execution.ended
    assert node.process.wait(timeout=10) == 3


def test_a_lack_of_memory_ends_the_kernel(tmp_path):
    little = {"NODE_OPTIONS": "--max-old-space-size=60"}
    with Kernel([KERNELS / "javascript" / "kernel"], tmp_path, "javascript", little) as node:
        execution = node.run_to_death("const all = []; for (;;) all.push(new Array(1e5).fill(all.length))")
        assert not execution.ended and b"heap out of memory" in execution.stderr
        assert node.process.wait(timeout=10) != 0
