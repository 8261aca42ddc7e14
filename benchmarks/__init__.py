"""Measurements that anybody can make again: ``python -m benchmarks.NAME [--json] [--quick]``.

Speeds are given as ratios within one run and per CPU second; absolute times of one machine say little about another.
"""
