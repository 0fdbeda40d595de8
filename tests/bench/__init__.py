"""Benchmarks of `make bench`: each figure beside its goal and its baseline of the same run.

A benchmark is a module here with a `TITLE` and a function `run()` that yields `Row`s (`figures.py`). It takes
samples of the app and of its baseline in turns (`interleaved`), so that other load of the machine slows both.
`python -m tests.bench` finds the modules.
"""
