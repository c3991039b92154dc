"""Charts come as a picture and as their data. What is extracted is the same for both clients, so one asks."""

import math

import pytest
from e2b_code_interpreter.charts import (
    BarChart,
    BoxAndWhiskerChart,
    Chart,
    ChartType,
    LineChart,
    PieChart,
    ScaleType,
    ScatterChart,
    SuperChart,
)

PYPLOT = "import datetime\nimport numpy as np\nimport matplotlib.pyplot as plt\n"


@pytest.fixture
def chart(notebook):
    """`chart(code)`: the chart of the one figure that the code draws."""

    def draw(code):
        execution = notebook.run_code(f"{PYPLOT}{code}\nplt.show()")
        assert execution.error is None, execution.error.traceback
        (result,) = execution.results
        assert result.png
        return result.chart

    return draw


def points(chart):
    return [(element.label, element.points) for element in chart.elements]


class TestLines:
    def test_each_line_has_its_name_and_points(self, chart):
        drawn = chart("plt.plot([1, 2, 3], [10, 20, 15], label='first')\nplt.plot([1, 2], [0.5, 0.25])")
        assert isinstance(drawn, LineChart) and drawn.type == ChartType.LINE
        (name, first), (_, second) = points(drawn)
        assert (name, first, second) == ("first", [(1, 10), (2, 20), (3, 15)], [(1, 0.5), (2, 0.25)])

    def test_title_labels_and_units(self, chart):
        drawn = chart(
            "plt.plot([1])\nplt.title('Fall')\nplt.xlabel('Time (s)')\nplt.ylabel('Speed [m/s]')\nplt.grid(True)"
        )
        assert (drawn.title, drawn.x_label, drawn.y_label) == ("Fall", "Time (s)", "Speed [m/s]")
        assert (drawn.x_unit, drawn.y_unit) == ("s", "m/s")

    def test_without_a_title_there_is_none(self, chart):
        drawn = chart("plt.plot([1, 2])")
        assert (drawn.title, drawn.x_label, drawn.y_label, drawn.x_unit) == (None, None, None, None)

    def test_ticks_have_places_and_texts(self, chart):
        drawn = chart("plt.plot([0, 1], [0, 1])\nplt.xticks([0, 1], ['none', 'all'])")
        assert (drawn.x_ticks, drawn.x_tick_labels) == ([0, 1], ["none", "all"])
        assert len(drawn.y_ticks) == len(drawn.y_tick_labels) > 1

    def test_a_hundred_thousand_points_come_whole(self, chart):
        ((_, found),) = points(chart("plt.plot(np.arange(100_000), np.arange(100_000) % 7)"))
        assert (len(found), found[-1]) == (100_000, (99_999, 99_999 % 7))

    def test_a_gap_stays_a_gap(self, chart):
        ((_, found),) = points(chart("plt.plot([1, 2, 3], [1, float('nan'), 3])"))
        assert (found[0], found[2]) == ((1, 1), (3, 3))
        assert found[1][1] is None or math.isnan(float(found[1][1]))


class TestScales:
    @pytest.mark.parametrize("scale", ["linear", "log", "symlog", "logit", "asinh"])
    def test_a_scale_is_named(self, chart, scale):
        drawn = chart(f"plt.plot([1, 2, 3], [0.1, 0.5, 0.9])\nplt.yscale('{scale}')")
        assert (drawn.x_scale, drawn.y_scale) == (ScaleType.LINEAR, ScaleType(scale))

    def test_a_logarithmic_chart_keeps_its_values(self, chart):
        drawn = chart("plt.loglog([1, 10, 100], [1, 100, 10_000])")
        assert (drawn.x_scale, drawn.y_scale) == (ScaleType.LOG, ScaleType.LOG)
        assert points(drawn)[0][1] == [(1, 1), (10, 100), (100, 10_000)]

    def test_a_function_can_be_a_scale(self, chart):
        drawn = chart("plt.plot([1, 4], [1, 2])\nplt.xscale('function', functions=(np.sqrt, np.square))")
        assert drawn.x_scale == ScaleType.FUNCTION

    def test_dates_are_told_in_iso_form(self, chart):
        drawn = chart("plt.plot([datetime.date(2026, 1, 1), datetime.date(2026, 1, 3)], [1, 2])")
        assert drawn.x_scale == ScaleType.DATETIME
        assert [x[:10] for x, _ in points(drawn)[0][1]] == ["2026-01-01", "2026-01-03"]
        assert drawn.x_ticks[0].startswith("2026-01-01T")

    def test_names_are_a_categorical_scale(self, chart):
        drawn = chart("plt.plot(['low', 'mid', 'high'], [1, 2, 3])")
        assert drawn.x_scale == ScaleType.CATEGORICAL
        assert points(drawn)[0][1] == [("low", 1), ("mid", 2), ("high", 3)]


class TestOthers:
    def test_scatter(self, chart):
        drawn = chart("plt.scatter([1, 2, 3], [4, 5, 6], label='dots')\nplt.title('Dots')\nplt.grid(True)")
        assert isinstance(drawn, ScatterChart) and (drawn.type, drawn.title) == (ChartType.SCATTER, "Dots")
        assert points(drawn) == [("dots", [(1, 4), (2, 5), (3, 6)])]

    @pytest.mark.parametrize("call", ["bar", "barh"])
    def test_bars(self, chart, call):
        drawn = chart(f"plt.{call}(['a', 'b', 'c'], [30, 10, 20])\nplt.title('Sold')")
        assert isinstance(drawn, BarChart) and (drawn.type, drawn.title) == (ChartType.BAR, "Sold")
        assert [(bar.label, bar.value) for bar in drawn.elements] == [("a", 30), ("b", 10), ("c", 20)]

    def test_groups_of_bars(self, chart):
        code = (
            "x = np.arange(2)\nplt.bar(x - 0.2, [1, 2], 0.4, label='one')\nplt.bar(x + 0.2, [3, 4], 0.4, label='two')\n"
        )
        drawn = chart(code + "plt.xticks(x, ['p', 'q'])\nplt.legend()")
        assert [(bar.group, bar.label, bar.value) for bar in drawn.elements] == [
            ("one", "p", 1),
            ("one", "q", 2),
            ("two", "p", 3),
            ("two", "q", 4),
        ]

    def test_pie(self, chart):
        drawn = chart("plt.pie([25, 75], labels=['a', 'b'])\nplt.title('Shares')")
        assert isinstance(drawn, PieChart) and (drawn.type, drawn.title) == (ChartType.PIE, "Shares")
        assert [(slice.label, slice.angle, slice.radius) for slice in drawn.elements] == [("a", 90, 1), ("b", 270, 1)]

    def test_boxes_and_whiskers(self, chart):
        values = "[[1, 2, 3, 4, 5, 6, 7, 8, 9, 40], [10, 20, 30, 40, 50]]"
        drawn = chart(f"plt.boxplot({values}, tick_labels=['a', 'b'], patch_artist=True)\nplt.ylabel('Score')")
        assert isinstance(drawn, BoxAndWhiskerChart) and drawn.type == ChartType.BOX_AND_WHISKER
        first, second = drawn.elements
        assert (first.label, first.min, first.max, first.median, first.outliers) == ("a", 1, 9, 5.5, [40])
        assert (second.label, second.first_quartile, second.third_quartile, second.outliers) == ("b", 20, 40, [])
        assert drawn.y_label == "Score"

    def test_several_in_one_figure(self, chart):
        code = "figure, axes = plt.subplots(1, 2)\nfigure.suptitle('Both')\naxes[0].plot([1, 2], [3, 4])\n"
        drawn = chart(code + "axes[0].set_title('Left')\naxes[1].bar(['a', 'b'], [1, 2])")
        assert isinstance(drawn, SuperChart) and (drawn.type, drawn.title) == (ChartType.SUPERCHART, "Both")
        left, right = drawn.elements
        assert isinstance(left, LineChart) and left.title == "Left"
        assert isinstance(right, BarChart) and right.elements[0].value == 1

    def test_what_nobody_knows_has_a_title_at_least(self, chart):
        drawn = chart("plt.imshow([[1, 2], [3, 4]])\nplt.title('Matrix')")
        assert type(drawn) is Chart and (drawn.type, drawn.title) == (ChartType.UNKNOWN, "Matrix")
        assert drawn.elements == []

    def test_an_empty_figure_is_a_picture_only(self, notebook):
        execution = notebook.run_code(f"{PYPLOT}plt.figure()\nplt.axes()\nplt.show()")
        assert execution.error is None
        assert not execution.results or not execution.results[0].chart


def test_a_figure_as_the_last_expression_has_its_chart(notebook):
    execution = notebook.run_code(
        f"{PYPLOT}figure, axes = plt.subplots()\naxes.plot([1, 2], [3, 4])\nplt.close(figure)\nfigure"
    )
    (result,) = execution.results
    assert result.is_main_result and isinstance(result.chart, LineChart)


def test_what_pandas_draws_has_its_chart(notebook):
    execution = notebook.run_code("import pandas as pd\npd.DataFrame({'a': [3, 1]}, index=['x', 'y']).plot.bar();")
    charts = [result.chart for result in execution.results if result.png]
    assert [(bar.label, bar.group, bar.value) for bar in charts[0].elements] == [("x", "a", 3), ("y", "a", 1)]
