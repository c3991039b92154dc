"""What a cell shows: each MIME form that the client knows, data frames, images, in the order of the cell."""

import base64
import io
import math
import struct
import zlib

import pytest

from nestbox_support.interpreter import of_type, printed, stderr


def png(width=1, height=1):
    """The smallest honest picture."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header, rows = (
        struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0),
        b"".join(b"\0" * (width + 1) for _ in range(height)),
    )
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def size_of(picture):
    """Width and height of a PNG in base64, as the client gives it."""
    data = base64.b64decode(picture, validate=True)
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", data[16:24])


JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xd9"
# method of the shown object, what it returns, field of the client's result, value there
FORMS = {
    "html": ("_repr_html_", "<b>bold</b>", "html", "<b>bold</b>"),
    "markdown": ("_repr_markdown_", "**bold**", "markdown", "**bold**"),
    "svg": (
        "_repr_svg_",
        "<svg xmlns='http://www.w3.org/2000/svg'/>",
        "svg",
        "<svg xmlns='http://www.w3.org/2000/svg'/>",
    ),
    "png": ("_repr_png_", png(), "png", base64.b64encode(png()).decode()),
    "jpeg": ("_repr_jpeg_", JPEG, "jpeg", base64.b64encode(JPEG).decode()),
    "pdf": ("_repr_pdf_", b"%PDF-1.4\n%%EOF", "pdf", base64.b64encode(b"%PDF-1.4\n%%EOF").decode()),
    "latex": ("_repr_latex_", "$e = mc^2$", "latex", "$e = mc^2$"),
    "json": ("_repr_json_", {"a": [1, None, "ü"]}, "json", {"a": [1, None, "ü"]}),
    "javascript": ("_repr_javascript_", "alert(1)", "javascript", "alert(1)"),
    "data": ("_repr_e2b_data_", {"a": [1, 2]}, "data", {"a": [1, 2]}),
}


class TestForms:
    @pytest.mark.parametrize("method,returned,field,value", FORMS.values(), ids=FORMS)
    def test_an_objects_own_form_comes_beside_its_text(self, interpreter, method, returned, field, value):
        code = f"class Shown:\n    def {method}(self): return {returned!r}\n    def __repr__(self): return 'as text'\n"
        (result,) = interpreter.run_code(code + "Shown()").results
        assert (result[field], result.text) == (value, "as text")
        assert set(result.formats()) == {"text", field}

    def test_several_forms_come_together(self, interpreter):
        code = "class Both:\n    def _repr_html_(self): return '<i>'\n    def _repr_latex_(self): return '$x$'\nBoth()"
        (result,) = interpreter.run_code(code).results
        assert (result.html, result.latex) == ("<i>", "$x$")

    def test_a_bundle_with_a_form_that_nobody_knows_is_kept(self, interpreter):
        code = "class Own:\n    def _repr_mimebundle_(self, **_):\n"
        code += "        return {'text/plain': 'own', 'application/vnd.own+json': {'x': 1}}\nOwn()"
        (result,) = interpreter.run_code(code).results
        assert (result.text, result.extra) == ("own", {"application/vnd.own+json": {"x": 1}})

    @pytest.mark.parametrize(
        "maker,field,value",
        [
            ("HTML('<p>')", "html", "<p>"),
            ("Markdown('# x')", "markdown", "# x"),
            ("Latex('$x$')", "latex", "$x$"),
            ("SVG('<svg xmlns=\"http://www.w3.org/2000/svg\"/>')", "svg", '<svg xmlns="http://www.w3.org/2000/svg"/>'),
            ("Javascript('f()')", "javascript", "f()"),
            ("JSON({'a': 1})", "json", {"a": 1}),
            ("Math('x')", "latex", r"$\displaystyle x$"),
        ],
    )
    def test_the_shells_own_display_objects(self, notebook, maker, field, value):
        (result,) = notebook.run_code(f"from IPython.display import *\ndisplay({maker})").results
        assert (result[field], result.is_main_result) == (value, False)

    @pytest.mark.parametrize("value", [{"a": [1, 2], "b": {"c": None}}, [1, "two", [3.5, True]]])
    def test_plain_containers_come_as_json_too(self, interpreter, value):
        (result,) = interpreter.run_code(repr(value)).results
        assert (result.json, result.text) == (value, repr(value))

    def test_containers_that_are_no_json_come_as_text(self, interpreter):
        (result,) = interpreter.run_code("{'a': {1, 2}, 3: object}").results
        assert (result.text, result.json) == ("{'a': {1, 2}, 3: object}", None)

    def test_a_formula_is_set(self, interpreter):
        (result,) = interpreter.run_code("import sympy\nsympy.Integral(sympy.Symbol('x'), sympy.Symbol('x'))").results
        assert r"\int x\, dx" in result.latex


class TestOrder:
    def test_displays_come_before_the_main_result(self, interpreter):
        results = interpreter.run_code("display('one'); display(2); 'three'").results
        assert [(result.text, result.is_main_result) for result in results] == [
            ("one", False),
            ("2", False),
            ("three", True),
        ]

    def test_prints_and_displays_keep_the_order_of_the_cell(self, notebook, kernels):
        code = "import sys\nprint('a')\ndisplay('b')\nprint('c')\nprint('d', file=sys.stderr)\ndisplay('e')\n'f'"
        said = of_type(kernels(notebook).run(code), "stdout", "stderr", "result")
        assert [event["text"].strip() for event in said] == list("abcdef")

    def test_what_was_shown_before_an_error_is_kept(self, interpreter):
        execution = interpreter.run_code("display('shown')\n1 / 0")
        assert ([result.text for result in execution.results], execution.error.name) == (["shown"], "ZeroDivisionError")


class TestBrokenObjects:
    def test_a_text_form_that_raises_is_told(self, interpreter):
        execution = interpreter.run_code(
            "class Broken:\n    def __repr__(self): raise ValueError('broken repr')\nBroken()"
        )
        assert "broken repr" in stderr(execution) + str(execution.error)

    def test_another_form_that_raises_does_not_take_the_text(self, interpreter):
        code = "class Half:\n    def _repr_html_(self): raise ValueError('no')\n    def __repr__(self): return 'text'\n"
        assert [result.text for result in interpreter.run_code(code + "Half()").results] == ["text"]

    @pytest.mark.parametrize("returned", ["b'bytes'", "object()", "10 ** 400", "float('nan')", "'\\ud800'"])
    def test_a_form_of_the_wrong_kind_does_not_hang_or_kill(self, interpreter, returned):
        interpreter.run_code("survivor = 5")
        code = "class Odd:\n    def _repr_mimebundle_(self, **_):\n"
        code += f"        return {{'text/plain': 'odd', 'application/json': {returned}}}\nOdd()"
        interpreter.run_code(code, timeout=20)
        assert interpreter.run_code("survivor").text == "5"


class TestDataFrames:
    def frame(self, sandbox, code):
        (result,) = sandbox.run_code(f"import pandas as pd\n{code}").results
        return result

    def test_a_frame_comes_as_columns_as_a_table_and_as_text(self, interpreter):
        result = self.frame(interpreter, "pd.DataFrame({'a': [1, 2], 'b': ['x', 'y'], 'c': [0.5, 1.5]})")
        assert result.data == {"a": [1, 2], "b": ["x", "y"], "c": [0.5, 1.5]}
        assert "<table" in result.html
        assert result.text.splitlines()[0].split() == ["a", "b", "c"]

    def test_all_rows_come_where_the_table_is_cut(self, interpreter):
        result = self.frame(interpreter, "pd.DataFrame({'n': range(10_000)})")
        assert result.data["n"] == list(range(10_000))
        assert "10000 rows" in result.text

    def test_moments_are_told_in_iso_form(self, interpreter):
        result = self.frame(
            interpreter, "pd.DataFrame({'t': pd.to_datetime(['2026-01-02T00:00:00', '2026-03-04T05:06:07'])})"
        )
        assert [moment[:19] for moment in result.data["t"]] == ["2026-01-02T00:00:00", "2026-03-04T05:06:07"]

    def test_gaps_do_not_break_it(self, interpreter):
        data = self.frame(interpreter, "pd.DataFrame({'a': [1.0, None], 't': [pd.Timestamp(0), pd.NaT]})").data
        one, gap = data["a"]
        assert one == 1.0 and (gap is None or math.isnan(gap))

    @pytest.mark.parametrize(
        "code",
        [
            "pd.DataFrame({1: [2], 3.5: [4]})",
            "pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([('a', 'b'), ('a', 'c')]))",
            "pd.DataFrame([[1, 2]], columns=['same', 'same'])",
            "pd.DataFrame({'o': [object(), {1, 2}, b'x', 1j]})",
            "pd.DataFrame({'d': pd.to_timedelta([1], unit='h'), 'p': pd.period_range('2026', periods=1)})",
            "pd.DataFrame({'c': pd.Categorical(['a'])})",
            "pd.DataFrame()",
        ],
        ids=["numbers", "levels", "twice", "objects", "durations", "categories", "empty"],
    )
    def test_any_frame_is_shown(self, notebook, code):
        execution = notebook.run_code(f"import pandas as pd\n{code}")
        assert execution.error is None
        assert execution.results[0].text and "<table" in execution.results[0].html

    def test_a_series_comes_as_text(self, interpreter):
        assert "dtype: int64" in self.frame(interpreter, "pd.Series([1, 2])").text


PICTURE = "from PIL import Image\npicture = Image.new('RGB', (16, 9), 'red')\n"


class TestImages:
    @pytest.mark.parametrize(
        "code", ["picture", "picture.show()", "picture.save('/tmp/p.png')"], ids=["last", "show", "save"]
    )
    def test_a_picture_is_shown(self, interpreter, code):
        execution = interpreter.run_code(PICTURE + code)
        assert execution.error is None
        assert size_of(execution.results[0].png) == (16, 9)

    def test_saving_writes_the_file_too(self, interpreter):
        interpreter.run_code(PICTURE + "picture.save('/tmp/saved.png')")
        assert size_of(base64.b64encode(interpreter.files.read("/tmp/saved.png", format="bytes"))) == (16, 9)

    def test_saving_into_memory_shows_nothing(self, interpreter):
        assert interpreter.run_code(PICTURE + "import io; picture.save(io.BytesIO(), 'png')").results == []

    def test_bytes_of_a_picture_can_be_shown(self, interpreter):
        (result,) = interpreter.run_code(f"from IPython.display import Image as I; I(data={png(3, 2)!r})").results
        assert size_of(result.png) == (3, 2)

    def test_a_plot_is_shown(self, interpreter):
        execution = interpreter.run_code("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()")
        width, height = size_of(execution.results[0].png)
        assert width > 100 and height > 100

    def test_a_plot_is_shown_at_the_end_of_the_cell_without_being_asked(self, interpreter):
        execution = interpreter.run_code("import matplotlib.pyplot as plt\nplt.plot([1, 2]);")
        assert [bool(result.png) for result in execution.results] == [True]
        assert interpreter.run_code("plt.get_fignums()").text == "[]"

    def test_two_plots_are_two_results(self, interpreter):
        code = "import matplotlib.pyplot as plt\nfor n in range(2):\n    plt.figure(); plt.plot([n, 2]); plt.show()\n"
        results = interpreter.run_code(code + "'done'").results
        assert [bool(result.png) for result in results] == [True, True, False]
        assert results[-1].text == "done"

    def test_a_plot_can_be_saved_instead(self, interpreter):
        code = "import matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.savefig('/tmp/plot.svg'); plt.close()"
        assert interpreter.run_code(code).results == []
        assert "<svg" in interpreter.files.read("/tmp/plot.svg")

    def test_what_seaborn_draws_is_shown(self, interpreter):
        execution = interpreter.run_code("import seaborn\nseaborn.scatterplot(x=[1, 2], y=[3, 4]);")
        assert execution.results[0].png

    def test_plotting_says_nothing_besides(self, interpreter):
        execution = interpreter.run_code(
            "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\nprint('only this')"
        )
        assert (printed(execution), stderr(execution)) == ("only this\n", "")


def test_a_workbook_makes_the_round_trip(interpreter):
    code = "import pandas as pd\npd.DataFrame({'a': [1, 2]}).to_excel('/tmp/book.xlsx', index=False)\n"
    assert interpreter.run_code(code + "pd.read_excel('/tmp/book.xlsx')").results[0].data == {"a": [1, 2]}
    assert io.BytesIO(interpreter.files.read("/tmp/book.xlsx", format="bytes")).read(2) == b"PK"
