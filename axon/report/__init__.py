"""The report of a change: findings in plain words, risk, cost and policies."""
