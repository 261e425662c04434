"""The benchmark behind the figures of docs/performance.md: `python -m bench`, or `make bench`.

Everything runs on this machine's loopback. Each candidate runs in a separate process, and the shop and the other
candidate alternate, so that other load on the machine affects both. Targets are set for processor time per login or
request, which is stable; requests per second depend on other load. A ratio compares the medians over all rounds.
"""
