"""The asynchronous official client behind the manners of the synchronous one, so that one text tests both."""

import asyncio
import inspect
import threading

import e2b_code_interpreter
from e2b import AsyncSandbox, Sandbox

# Modules whose objects have asynchronous methods.
ASYNCHRONOUS = ("e2b.sandbox_async", "e2b_code_interpreter.code_interpreter_async")


class Loop:
    """An event loop in a thread of its own; ends with `close`."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


class Blocking:
    """An object of the asynchronous client whose methods return when they are done."""

    def __init__(self, target, loop):
        self._target = target
        self._loop = loop

    def __getattr__(self, name):
        return self._wrap(getattr(self._target, name))

    def __iter__(self):
        iterator = self._target.__aiter__()
        while True:
            try:
                yield self._loop.run(iterator.__anext__())
            except StopAsyncIteration:
                return

    def close(self):
        self._loop.run(self._target.aclose())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _wrap(self, value):
        if inspect.isroutine(value):
            return lambda *arguments, **options: self._call(value, arguments, options)
        if type(value).__module__.startswith(ASYNCHRONOUS) or hasattr(value, "__aiter__"):
            return Blocking(value, self._loop)
        return value

    def _call(self, function, arguments, options):
        async def on_loop():
            value = function(*arguments, **options)
            return await value if inspect.isawaitable(value) else value

        return self._wrap(self._loop.run(on_loop()))


class Flavour:
    """One of the two clients: `create`, `connect`, `kill` and the rest of what stands on its class."""

    def __init__(self, name):
        self.name = name
        self._loop = Loop() if name == "async" else None

    @property
    def Sandbox(self):
        return self._class(Sandbox, AsyncSandbox)

    @property
    def Interpreter(self):
        """The sandbox class of the code interpreter's client."""
        return self._class(e2b_code_interpreter.Sandbox, e2b_code_interpreter.AsyncSandbox)

    def _class(self, blocking, asynchronous):
        return blocking if self._loop is None else Blocking(asynchronous, self._loop)

    def close(self):
        if self._loop:
            self._loop.close()
