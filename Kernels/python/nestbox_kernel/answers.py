"""What the kernel says of an execution beside its output."""

from .output import Output
from .results import ResultTooLarge, payload
from .wire import COUNT, END, ERROR, MAXIMUM_ERROR_TEXT_BYTES, RESULT, STDERR, encoded

CUT = "\n[nestbox: cut here]"


class Answers:
    """The documents of one execution after another, put into the output in their place."""

    def __init__(self, output: Output):
        self._output = output
        self.has_failed = False

    def begin(self, execution_count: int):
        self.has_failed = False
        self._output.write(COUNT, encoded({"execution_count": execution_count}))

    def result(self, is_main: bool, forms: dict):
        """One value in its forms; the main one is the cell's own. Too large, it is an error instead."""
        if not forms:
            return
        try:
            document, left_out = payload(is_main, forms)
        except ResultTooLarge as error:
            self.error("ResultTooLarge", str(error), f"ResultTooLarge: {error}")
            return
        self._output.write(RESULT, document)
        for sentence in left_out:
            self._output.write(STDERR, f"[nestbox: {sentence}]\n")

    def error(self, name: str, value: str, traceback: str):
        """Why the cell failed. A cell fails once: what goes wrong after that is told on stderr."""
        if self.has_failed:
            self._output.write(STDERR, traceback.rstrip("\n") + "\n")
            return
        self.has_failed = True
        texts = {"name": name, "value": value, "traceback": traceback}
        self._output.write(ERROR, encoded({field: shortened(text) for field, text in texts.items()}))

    def end(self):
        self._output.write(END, b"")


def shortened(text: str) -> str:
    """`text` within the bounds of an error frame, with a notice where it was cut."""
    if len(text.encode("utf-8", "replace")) <= MAXIMUM_ERROR_TEXT_BYTES:
        return text
    kept = text.encode("utf-8", "replace")[: MAXIMUM_ERROR_TEXT_BYTES - len(CUT)]
    return kept.decode("utf-8", "ignore") + CUT
