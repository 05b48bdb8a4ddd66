"""What the user decided: which verdicts fail the gate."""
