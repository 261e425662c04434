"""The benchmark behind the figures of docs/performance.md: `python -m bench`, or `make bench`.

Everything runs on this machine's loopback. Each candidate runs in a separate process, and they alternate (ours, theirs,
ours, theirs), so that other load on the machine affects both. Targets are set for processor time per login or request,
which is stable; requests per second depend on other load. A ratio is the ratio of the medians over all rounds.
"""
