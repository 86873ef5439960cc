"""A logger for workflow functions: silent while the function only repeats what was done before."""

import logging

from botbus.workflows.memo import Memo


class RunLogger(logging.LoggerAdapter[logging.Logger]):
    """`run.logger`: writes to `botbus.workflow.NAME`; records have `.run` and `.workflow`."""

    def __init__(self, workflow: str, run: str, memo: Memo) -> None:
        super().__init__(
            logging.getLogger(f"botbus.workflow.{workflow}"), {"run": run, "workflow": workflow}
        )
        self._memo = memo

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - its name in logging
        return not self._memo.replaying and super().isEnabledFor(level)
