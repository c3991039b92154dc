"""IPython's two ways to show a value, as result frames."""

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher


class ResultHook(DisplayHook):
    """Takes the value of a cell's last expression: the main result."""

    def write_output_prompt(self):
        """Nothing: a result has no prompt."""

    def write_format_data(self, format_dict, md_dict=None):
        self.shell.answers.result(True, format_dict)

    def log_output(self, format_dict):
        """Nothing: the results are kept in `Out`, their texts nowhere."""

    def finish_displayhook(self):
        self._is_active = False


class ResultPublisher(DisplayPublisher):
    """Takes what `display` shows. An update of something shown before is one more result, as E2B's clients see it."""

    def publish(self, data, metadata=None, source=None, *, transient=None, update=False, **kwargs):
        self._validate_data(data, metadata)
        for mime, render in getattr(self.shell, "mime_renderers", {}).items():
            if mime in data:
                render(data[mime], (metadata or {}).get(mime))
                return
        self.shell.answers.result(False, data)

    def clear_output(self, wait=False):
        """Nothing: what has been sent can not be taken back."""
