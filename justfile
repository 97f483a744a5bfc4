# Commands for developers of Lampstand. `just --list` shows them.

export PATH := justfile_directory() / ".venv/bin:" + env("PATH")

# Compare search with an earlier commit: the same verses, scores and features, on a data folder with the full library.
rank-check base home=env("LAMPSTAND_HOME", home_directory() / ".local/share/lampstand"):
    PYTHONPATH=tests python -m rank_check {{base}} --home {{home}}
