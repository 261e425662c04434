"""The shop as an attacker meets it: every address and every field, whatever stands behind them."""
