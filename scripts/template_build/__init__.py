"""The insides of scripts/build-template."""

import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TIMESTAMP = 1767225600  # 2026-01-01, of every file in a layer


class TemplateFault(Exception):
    """What is wrong with a template or with this machine, in a sentence for whoever builds."""


def say(text):
    print(text, flush=True)
