"""The one list of rows. To add one: a file here with `lines(context)`, which yields `Line`s, and its name below."""

ROWS = ["floor", "run", "create", "api", "churn", "idle", "files", "cells", "kernels", "zygote"]
