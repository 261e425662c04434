"""The integration checklist, executed: what Vipps asks of a merchant, how this shop does it, and whether it holds now.

`points` is the list: each point names the code that fulfils it, the test that proves it, and the questions of the
doctor (`app.doctor`) that tell how it stands at this moment. The page asks them when its button is pressed, because
asking means calling Vipps; `flask doctor` prints the same answers.
"""
