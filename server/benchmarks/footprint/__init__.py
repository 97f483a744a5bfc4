"""Measure the memory and the waiting times of Lampstand, started with `lampstand up`."""
