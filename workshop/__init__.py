"""The Build track of the workshop: learners write a login with Vipps, and the checker proves each stage.

It runs beside the learner, so it needs the simulator only and no part of the shop. README.md is for learners.
"""
