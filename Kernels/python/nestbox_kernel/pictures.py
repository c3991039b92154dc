"""Pillow in a kernel: pictures that are shown or saved are displayed, as E2B's users expect."""

from IPython.display import display


def display_saved_images(module):
    """For `PIL.Image`: saving a picture under a name displays it too."""
    save = module.Image.save

    def save_and_display(self, fp, format=None, **parameters):
        if isinstance(fp, str):
            display(self)
        save(self, fp, format, **parameters)

    save_and_display.__doc__ = save.__doc__
    module.Image.save = save_and_display


def display_shown_images(module):
    """For `PIL.ImageShow`: `show` displays, whatever programs for pictures there are."""
    module._viewers[:] = [module.IPythonViewer()]


ACTIONS = {"PIL.Image": display_saved_images, "PIL.ImageShow": display_shown_images}
