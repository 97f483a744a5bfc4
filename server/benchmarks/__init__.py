"""Measurements of this installation, compared with baselines from the same run."""
