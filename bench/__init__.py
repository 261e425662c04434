"""The benchmark behind the README's figures: `python -m bench`, or `make bench`.

Everything runs on this machine's loopback. What is compared runs in processes of its own, in turns (ours, theirs, ours,
theirs), so that whatever else the machine does falls on both. The figure that is judged is processor time per login or
request, which is steady; requests per second depend on who else is at work. A ratio is one of medians over the rounds.
"""
