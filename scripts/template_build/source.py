"""A template as it is written: a folder of Templates/."""

import hashlib
import json
import os
import pathlib
import re

from . import ROOT, TemplateFault

CHAIN_LIMIT = 8  # templates built on each other; the server takes 64 layers
NAME = re.compile(r"[a-z0-9-]{1,63}")
# Neither is the same in two places, and neither gets into a layer.
IGNORED = ("__pycache__", "*.pyc")
# What decides how every template is built.
MACHINERY = [ROOT / "scripts" / "build-template", ROOT / "scripts" / "template_build"]
KERNELS = ROOT / "Kernels"


class Source:
    """One folder: `template.json`, and any of `packages.txt`, `requirements.txt` and `customize`."""

    def __init__(self, folder):
        self.name = folder.name
        self.folder = folder
        try:
            self.fields = json.loads((folder / "template.json").read_text())
        except (OSError, ValueError) as error:
            raise TemplateFault(f"{folder / 'template.json'}: {error}") from error
        if not isinstance(self.fields, dict):
            raise TemplateFault(f"{folder / 'template.json'}: not an object")
        self.base = self.fields.pop("from", None)
        if self.base is not None and not (isinstance(self.base, str) and NAME.fullmatch(self.base)):
            raise TemplateFault(f"{folder / 'template.json'}: from: {self.base!r} is not a template's name")
        if "layers" in self.fields:
            raise TemplateFault(f"{folder / 'template.json'}: layers: is what the build adds")

    @property
    def packages(self):
        """Debian packages, in the order in which they are written."""
        return entries(self.folder / "packages.txt")

    @property
    def requirements(self):
        """The file of Python requirements, or None if nothing is in it."""
        path = self.folder / "requirements.txt"
        return path if entries(path) else None

    @property
    def customize(self):
        path = self.folder / "customize"
        return path if path.exists() else None

    @property
    def has_kernels(self):
        """Whether Kernels/ is part of it."""
        return "interpreter" in self.fields

    @property
    def commands(self):
        """The programs that the server will start in its sandboxes: [(field, path)]."""
        commands = {f"interpreter.languages.{name}.command": language["command"]
                    for name, language in self.fields.get("interpreter", {}).get("languages", {}).items()}
        if "zygote" in self.fields:
            commands["zygote.command"] = self.fields["zygote"]["command"]
        return [(field, command[0]) for field, command in commands.items()]

    def digest(self, base_layers):
        """SHA-256 over everything that decides what its layer holds, on top of `base_layers`."""
        digest = hashlib.sha256(json.dumps(base_layers).encode())
        for place in [*MACHINERY, self.folder, *([KERNELS] if self.has_kernels else [])]:
            for path in files(place):
                content = path.read_bytes()
                label = f"{path.relative_to(place.parent)} {os.access(path, os.X_OK)} {len(content)}\n"
                digest.update(label.encode() + content)
        return digest.hexdigest()


def chain(name, sources):
    """The template `name` of the folder `sources` and all that it is built on, lowest first."""
    found = []
    while name is not None:
        if name in [source.name for source in found]:
            raise TemplateFault(f"{found[-1].folder / 'template.json'}: from: '{name}' is built on itself")
        if len(found) == CHAIN_LIMIT:
            raise TemplateFault(f"{found[-1].folder / 'template.json'}: from: over {CHAIN_LIMIT} templates deep")
        found.append(Source(sources / name))
        name = found[-1].base
    return found[::-1]


def entries(path):
    """The lines of a list, without comments; none if there is no list."""
    if not path.exists():
        return []
    lines = (line.split("#")[0].strip() for line in path.read_text().splitlines())
    return [line for line in lines if line]


def files(place):
    """Every file at or below `place` that counts, in a fixed order."""
    if place.is_file():
        return [place]
    return sorted(path for path in place.rglob("*") if path.is_file() and not is_ignored(path.relative_to(place)))


def is_ignored(path):
    return any(pathlib.PurePath(part).match(pattern) for part in path.parts for pattern in IGNORED)
