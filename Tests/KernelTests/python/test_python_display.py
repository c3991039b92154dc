"""Results in their forms: text, pictures, tables, charts, JSON."""

import base64

import pytest

PICTURE = "from PIL import Image\nimage = Image.new('RGB', (4, 4), 'red')\n"
PLOT = "import matplotlib.pyplot as plt\n"
PNG = b"\x89PNG"


def png(forms):
    return base64.b64decode(forms["image/png"])


class TestForms:
    def test_the_last_expression_is_the_main_result(self, kernel):
        run = kernel.run("display('shown')\n'last'")
        results = [(one["main"], one["data"]["text/plain"]) for one in run.results]
        assert results == [(False, "'shown'"), (True, "'last'")]

    def test_a_semicolon_silences_it(self, kernel):
        assert kernel.run("5;").results == []

    def test_none_is_no_result(self, kernel):
        assert kernel.run("None").results == []

    def test_every_form_of_an_object_is_sent(self, kernel):
        code = "class Rich:\n" + "".join(
            f"    def _repr_{form}_(self): return {value!r}\n"
            for form, value in [("html", "<b>"), ("markdown", "*m*"), ("latex", "$x$"), ("svg", "<svg/>"),
                                ("javascript", "1"), ("png", PNG), ("jpeg", b"\xff\xd8"), ("pdf", b"%PDF")]
        )  # fmt: skip
        forms = kernel.run(code + "Rich()").main
        assert forms.keys() == {"text/plain", "text/html", "text/markdown", "text/latex", "image/svg+xml", "image/png",
                                "application/javascript", "image/jpeg", "application/pdf"}  # fmt: skip
        assert png(forms) == PNG and forms["text/html"] == "<b>"

    @pytest.mark.parametrize("whom", ["int, ", "'builtins', 'int', ", "object, "], ids=["type", "name", "base"])
    def test_a_form_that_code_adds_is_sent_of_plain_values_too(self, fresh_kernel, whom):
        method = "for_type_by_name" if whom.startswith("'") else "for_type"
        forms = "get_ipython().display_formatter.formatters['text/html']"
        run = fresh_kernel.run(f"_ = {forms}.{method}({whom}lambda value: f'<b>{{value}}</b>')\n7")
        assert run.main == {"text/plain": "7", "text/html": "<b>7</b>"}

    def test_raw_forms_are_sent_as_they_are(self, kernel):
        run = kernel.run("display({'text/latex': 'x', 'application/vnd.own+json': {'a': [1]}}, raw=True)")
        assert run.results == [{"main": False, "data": {"text/latex": "x", "application/vnd.own+json": {"a": [1]}}}]

    def test_an_update_is_one_more_result(self, kernel):
        run = kernel.run("handle = display(1, display_id=True)\nhandle.update(2)")
        assert [one["data"]["text/plain"] for one in run.results] == ["1", "2"]

    @pytest.mark.parametrize(
        "expression, json",
        [
            ("[1, 'two', None]", [1, "two", None]),
            ("{'a': {'b': [1.5, float('nan')]}, 2: True}", {"a": {"b": [1.5, None]}, "2": True}),
            ("{'n': __import__('numpy').int64(3), 'a': __import__('numpy').arange(3)}", {"n": 3, "a": [0, 1, 2]}),
            ("[__import__('datetime').date(2020, 1, 2)]", ["2020-01-02"]),
        ],
    )
    def test_lists_and_dictionaries_have_json(self, kernel, expression, json):
        assert kernel.run(expression).main["application/json"] == json

    @pytest.mark.parametrize("expression", ["[object()]", "{(1, 2): {3}}", "loop = []; loop.append(loop); loop"])
    def test_but_not_if_something_in_them_has_none(self, kernel, expression):
        assert set(kernel.run(expression).main) == {"text/plain"}

    def test_long_lists_are_shown_whole(self, kernel):
        assert kernel.run("list(range(5000))").main["text/plain"].endswith(" 4999]")

    def test_a_repr_that_fails_is_an_error(self, kernel):
        run = kernel.run("class Bad:\n    def __repr__(self): raise ValueError('no text')\nBad()")
        assert (run.error["name"], run.error["value"]) == ("ValueError", "no text") and run.has_ended

    def test_a_repr_without_bottom_is_an_error(self, kernel):
        run = kernel.run("class Deep:\n    def __repr__(self): return repr(self)\nDeep()")
        assert run.error["name"] == "RecursionError"

    def test_a_result_too_large_is_an_error(self, kernel):
        run = kernel.run("'x' * 40_000_000")
        assert run.error["name"] == "ResultTooLarge" and run.results == []
        assert kernel.value("1 + 1") == 2

    def test_only_its_too_large_forms_are_left_out(self, kernel):
        run = kernel.run("import pandas, numpy\npandas.DataFrame({'a': numpy.random.rand(2_000_000)})")
        assert "e2b/data" not in run.main and "text/html" in run.main
        assert "e2b/data was left out" in run.stderr and run.error is None


class TestTables:
    def test_a_table_has_text_html_and_data(self, kernel):
        forms = kernel.run("import pandas as pd\npd.DataFrame({'a': [1, 2], 'b': ['x', None]})").main
        assert forms["e2b/data"] == {"a": [1, 2], "b": ["x", None]}
        assert "<table" in forms["text/html"] and "a" in forms["text/plain"]

    def test_times_are_iso_and_what_is_missing_is_null(self, kernel):
        kernel.run("import pandas as pd, numpy as np")
        table = "{'t': pd.to_datetime(['2020-01-02', None]), 'f': [1.5, np.nan], 3: [np.inf, 1]}"
        run = kernel.run(f"pd.DataFrame({table})")
        assert run.main["e2b/data"] == {"t": ["2020-01-02T00:00:00", None], "f": [1.5, None], "3": [None, 1.0]}

    def test_what_json_does_not_know_is_text(self, kernel):
        code = "import pandas as pd, decimal\npd.DataFrame({('x', 1): [decimal.Decimal('1.10'), {1, 2}]})"
        assert kernel.run(code).main["e2b/data"] == {"('x', 1)": ["1.10", "{1, 2}"]}


class TestFigures:
    def test_a_figure_that_is_open_at_the_end_is_shown_and_closed(self, kernel):
        run = kernel.run(PLOT + "_ = plt.plot([1, 2, 3])")
        [result] = run.results
        assert result["main"] is False and png(result["data"]).startswith(PNG)
        assert kernel.value("plt.get_fignums()") == []

    def test_show_shows_it_where_it_stands(self, kernel):
        run = kernel.run(PLOT + "plt.plot([1]); plt.show()\nprint('after')\n5")
        assert [kind for kind, _ in run.frames[2:]] == [0x84, 0x82, 0x84, 0x8F]

    @pytest.mark.parametrize(
        "drawing, kind",
        [
            ("plt.plot([1, 2], [3, 4], label='l')", "line"),
            ("plt.scatter([1, 2], [3, 4])", "scatter"),
            ("plt.bar(['a', 'b'], [3, 4])", "bar"),
            ("plt.pie([1, 2], labels=['a', 'b'])", "pie"),
            ("plt.boxplot([[85, 90, 78, 92, 88], [95, 89, 76, 91, 84, 87]], patch_artist=True)", "box_and_whisker"),
            ("plt.subplots(1, 2)[1][0].plot([1]); plt.gcf().axes[1].scatter([1], [2])", "superchart"),
        ],
    )
    def test_what_it_shows_is_data_too(self, kernel, drawing, kind):
        [result] = kernel.run(f"{PLOT}{drawing}; plt.show()").results
        assert result["data"]["e2b/chart"]["type"] == kind

    def test_a_chart_tells_points_title_and_labels(self, kernel):
        code = PLOT + "plt.plot([1, 2], [3, 4], label='l'); plt.title('T'); plt.xlabel('X (s)'); plt.show()"
        chart = kernel.run(code).results[0]["data"]["e2b/chart"]
        assert (chart["title"], chart["x_label"], chart["x_unit"]) == ("T", "X (s)", "s")
        assert chart["elements"] == [{"label": "l", "points": [[1.0, 3.0], [2.0, 4.0]]}]

    def test_an_empty_figure_has_no_chart(self, kernel):
        [result] = kernel.run(PLOT + "_ = plt.figure()").results
        assert "e2b/chart" not in result["data"]

    def test_the_backend_can_be_chosen(self, kernel):
        assert kernel.run("%matplotlib inline").error is None
        [result] = kernel.run(PLOT + "_ = plt.plot([1])").results
        assert png(result["data"]).startswith(PNG)

    def test_the_environment_of_programs_names_no_backend(self, kernel):
        assert kernel.run("!echo [$MPLBACKEND]").stdout == "[]\n"

    def test_a_million_points_are_a_picture(self, kernel):
        run = kernel.run(PLOT + "import numpy\n_ = plt.scatter(*numpy.random.rand(2, 1_000_000), s=1)")
        assert run.has_ended and png(run.results[0]["data"]).startswith(PNG)
        assert "e2b/chart was left out of a result: 1000000 points" in run.stderr


class TestPictures:
    def test_a_picture_is_a_result(self, kernel):
        assert png(kernel.run(PICTURE + "image").main).startswith(PNG)

    def test_show_shows_it(self, kernel):
        [result] = kernel.run(PICTURE + "image.show()").results
        assert png(result["data"]).startswith(PNG) and result["main"] is False

    def test_saving_under_a_name_shows_it_too(self, kernel):
        [result] = kernel.run(PICTURE + "image.save('saved.png')").results
        assert png(result["data"]).startswith(PNG)
        assert kernel.value("open('saved.png', 'rb').read(4)") == PNG

    def test_saving_into_a_file_does_not(self, kernel):
        assert kernel.run(PICTURE + "import io; image.save(io.BytesIO(), 'PNG')").results == []


class TestLaziness:
    def test_a_cold_kernel_imports_nothing_heavy(self, fresh_kernel):
        names = "('numpy', 'pandas', 'matplotlib', 'PIL', 'pydantic')"
        assert fresh_kernel.value(f"[n for n in {names} if n in __import__('sys').modules]") == []

    def test_sympy_has_latex(self, kernel):
        run = kernel.run("import importlib.util\nhas = importlib.util.find_spec('sympy') is not None")
        if kernel.value("has"):
            run = kernel.run("import sympy; sympy.init_printing(); sympy.Symbol('x') ** 2")
            assert "x^{2}" in run.main["text/latex"]
