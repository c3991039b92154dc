"""The forms of values that E2B's clients know beside Jupyter's: tables as data, figures as charts, JSON."""

import sys
import warnings

from IPython.core.formatters import BaseFormatter, DisplayFormatter, JSONFormatter
from traitlets import ObjectName, Unicode

from .plain_json import plain, plain_or_text
from .wire import MAXIMUM_RESULT_BYTES, encoded

# The shortest cell of a table in JSON is one digit and a comma.
MAXIMUM_CELLS = MAXIMUM_RESULT_BYTES // 2
# Values that do not show themselves: they have no method for any form.
PLAIN = frozenset({bool, bytes, complex, float, int, str, type(None)})
# Points of a figure whose chart is extracted, at some 20 microseconds each.
MAXIMUM_POINTS = 250_000


class DataForm(BaseFormatter):
    """`e2b/data`: a pandas table as its columns, each a list."""

    format_type = Unicode("e2b/data")
    print_method = ObjectName("_repr_e2b_data_")
    _return_type = (dict, str)

    def __call__(self, value):
        pandas = sys.modules.get("pandas")
        if pandas is None or not isinstance(value, getattr(pandas, "DataFrame", ())):
            return super().__call__(value)
        if value.size > MAXIMUM_CELLS:
            return _leave_out(self.format_type, f"{value.size} cells")
        return {str(name): column.tolist() for name, column in value.items()}


class ChartForm(BaseFormatter):
    """`e2b/chart`: what a matplotlib figure shows, as data."""

    format_type = Unicode("e2b/chart")
    print_method = ObjectName("_repr_e2b_chart_")
    _return_type = (dict, str)

    def __call__(self, value):
        module = sys.modules.get("matplotlib.figure")
        if module is None or not isinstance(value, getattr(module, "Figure", ())):
            return super().__call__(value)
        if (points := _count_points(value)) > MAXIMUM_POINTS:
            return _leave_out(self.format_type, f"{points} points")
        from e2b_charts import chart_figure_to_dict

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of the extractor's own, which say nothing to the user
                return plain_or_text(chart_figure_to_dict(value)) or None
        except Exception:
            # The extractor does not understand every figure. One without a chart is still a picture, as with E2B.
            return None


def _count_points(figure) -> int:
    lines = sum(len(line.get_xydata()) for axes in figure.axes for line in axes.lines)
    return lines + sum(len(collection.get_offsets()) for axes in figure.axes for collection in axes.collections)


def _leave_out(form: str, size: str):
    sys.stderr.write(f"[nestbox: {form} was left out of a result: {size}]\n")


class ContainerForm(JSONFormatter):
    """`application/json`: also for lists and dictionaries, if all that is in them has a form in JSON."""

    def __call__(self, value):
        if not isinstance(value, (list, dict)):
            return super().__call__(value)
        try:
            return _in_json(value), {"expanded": True}
        except (TypeError, RecursionError):
            return super().__call__(value)


def _in_json(value):
    """`value` if JSON takes it as it is, which is quick to try, else what it becomes there. May raise TypeError."""
    try:
        encoded(value)
        return value
    except (TypeError, ValueError):
        return plain(value)


class Forms(DisplayFormatter):
    """All forms of a value, IPython's and E2B's."""

    def __init__(self, **options):
        super().__init__(**options)
        for form in (DataForm, ChartForm, ContainerForm):
            made = form(parent=self)
            self.formatters[made.format_type] = made

    def format(self, obj, include=None, exclude=None):
        """As IPython's, which takes its time to ask each form for each value."""
        if include is None and type(obj) in PLAIN:
            include = [name for name, form in self.formatters.items() if _has_printers(form)]
        return super().format(obj, include, exclude)


def _has_printers(form: BaseFormatter) -> bool:
    """Whether somebody has told the form how to show values that do not show themselves."""
    return bool(form.type_printers or form.deferred_printers or form.singleton_printers)
