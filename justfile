# Commands for people who change Lampstand. `just --list` shows them.

export PATH := justfile_directory() / ".venv/bin:" + env("PATH")

# Compare this work tree's search with an earlier commit's: the same verses, scores and features, on a data folder with the full library.
rank-check base home=env("LAMPSTAND_HOME", home_directory() / ".local/share/lampstand"):
    PYTHONPATH=tests python -m rank_check {{base}} --home {{home}}
