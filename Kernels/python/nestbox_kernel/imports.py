"""Things to do when a module has been imported, so that nobody pays for a module that no cell imports."""

import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.util import find_spec


class WhenImported(MetaPathFinder):
    """Stands first among the finders and calls `actions[name]` with the module `name` when that has been run."""

    def __init__(self, actions: dict):
        """Calls the action at once for modules that are there already."""
        self._actions = {}
        for name, action in actions.items():
            if name in sys.modules:
                action(sys.modules[name])
            else:
                self._actions[name] = action
        sys.meta_path.insert(0, self)

    def find_spec(self, fullname, path, target=None):
        action = self._actions.pop(fullname, None)
        if action is None:
            return None
        spec = find_spec(fullname)
        if spec is None or spec.loader is None:
            self._actions[fullname] = action
            return None
        spec.loader = _Following(spec.loader, action)
        return spec


class _Following(Loader):
    """A loader that acts after another one, and is then forgotten."""

    def __init__(self, loader, action):
        self._loader = loader
        self._action = action

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._action(module)
