"""`make bench`: how fast the app is, each figure beside its goal and its baseline of the same run.

A benchmark is a module here with a `TITLE` and a function `run()` that gives `Row`s (`figures.py`). It takes
each sample of the app beside one of its baseline (`interleaved`), so that whatever else the machine does
weighs on both. `python -m tests.bench` finds the modules by themselves.
"""
