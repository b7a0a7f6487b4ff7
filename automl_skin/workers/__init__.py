"""Executors of this machine, and the one way to map by threads: in order, with a bounded look-ahead."""
