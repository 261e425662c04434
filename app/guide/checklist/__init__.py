"""The go-live checklist: what Vipps requires of a merchant, how this shop meets it, and whether it does so now.

`points` is the list: each point names the code that fulfils it, the test that proves it, and the checks of the doctor
(`app.doctor`). The page runs them only when its button is pressed, because they call Vipps; `flask doctor` prints the
same results.
"""
