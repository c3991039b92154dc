"""Finished templates: `layers/<sha256>.erofs`, `<name>/template.json`, and the inputs of each build."""

import hashlib
import json

from . import TemplateFault


class Store:
    def __init__(self, directory):
        self.directory = directory

    def image(self, layer):
        return self.directory / "layers" / f"{layer}.erofs"

    def layers(self, name):
        """The layers of a finished template, lowest first; none of no template."""
        if name is None:
            return []
        try:
            return json.loads((self.directory / name / "template.json").read_text())["layers"]
        except FileNotFoundError as error:
            raise TemplateFault(f"{error.filename} is not there: {name} is not built") from error

    def is_current(self, source):
        """Whether the last build of `source` had these inputs and what it left is all there."""
        stamp, description = self._stamp(source), self.directory / source.name / "template.json"
        if not description.exists() or not stamp.exists() or stamp.read_text() != self._key(source):
            return False
        return all(self.image(layer).exists() for layer in self.layers(source.name))

    def add(self, source, image):
        """Takes the finished image in and tells the world of the template. Returns the digest of its layer."""
        with open(image, "rb") as file:
            layer = hashlib.file_digest(file, "sha256").hexdigest()
        self.image(layer).parent.mkdir(exist_ok=True)
        image.replace(self.image(layer))
        description = source.fields | {"layers": [*self.layers(source.base), layer]}
        write_whole(self.directory / source.name / "template.json", json.dumps(description, indent=2) + "\n")
        write_whole(self._stamp(source), self._key(source))
        return layer

    def _key(self, source):
        return source.digest(self.layers(source.base))

    def _stamp(self, source):
        return self.directory / source.name / ".inputs"


def write_whole(path, text):
    """Writes `path` so that a reader sees the old text or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(text)
    temporary.replace(path)
