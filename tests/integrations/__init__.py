"""What other tools call muslint by: a CI action, a commit hook, a test suite."""
