"""What the user decided, applied to one run: suppressions, baseline, threshold."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import UTC, date, datetime

from muslint.errors import WrongUse
from muslint.policy.baseline import read_baseline, written
from muslint.policy.config import ConfigFile
from muslint.policy.suppression import Suppressions, parse_suppressions
from muslint.policy.verdict import FailOn
from muslint.report.report import Report, settled


class Gate:
    """Marks what is accepted in each report, and says at the end what became of the suppressions.

    Raises WrongUse for a configuration or baseline that is not as the documentation says.
    """

    def __init__(
        self, file: ConfigFile | None, baseline: str | None, fail_on: FailOn, quiet: bool, documentation: str | None
    ) -> None:
        from muslint.rules import rules

        entries = parse_suppressions(file.suppress, file.path, [rule.id for rule in rules()]) if file else ()
        self._suppressions = Suppressions(entries, today(os.environ.get("SOURCE_DATE_EPOCH")))
        self._baseline = read_baseline(baseline) if baseline is not None else None
        self._fail_on, self._quiet = fail_on, quiet
        if documentation is not None and not documentation.startswith(("https://", "http://")):
            raise WrongUse(f"--documentation {documentation}: write the address of a site, https://…")
        self._documentation = documentation

    def settle(self, report: Report) -> Report:
        """The report with accepted findings marked, and the threshold it is held against."""
        return settled(
            replace(report, fail_on=self._fail_on, documentation=self._documentation),
            self._suppressions,
            self._baseline,
        )

    def complain(self, report: Report) -> None:
        """Say on stderr which suppressions are past their day, and which meet nothing."""
        lines = self._suppressions.expired()
        if not self._quiet:
            lines += self._suppressions.unused(report.target.name)
        for line in lines:
            print(f"muslint: {line}", file=sys.stderr)

    def write(self, report: Report, path: str) -> None:
        """Write a baseline of what counts now; raises WrongUse where that cannot be done."""
        findings = [finding for judged in report.objects for finding in judged.findings]
        try:
            with open(f"{path}.part", "w", encoding="utf-8") as stream:
                stream.write(written(findings))
            os.replace(f"{path}.part", path)
        except OSError as error:
            raise WrongUse(f"--write-baseline {path}: cannot be written: {error.strerror}") from None
        if not self._quiet:
            print(f"muslint: {path} is written: check --baseline {path} lets only new findings count", file=sys.stderr)


def today(epoch: str | None) -> date:
    """The day that expiry is held against, in UTC; ``SOURCE_DATE_EPOCH`` in seconds stands for now."""
    seconds = int(epoch) if epoch and epoch.isdecimal() and len(epoch) < 12 else None
    return (datetime.now(UTC) if seconds is None else datetime.fromtimestamp(seconds, UTC)).date()
