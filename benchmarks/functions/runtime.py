"""Runs the handler of a Lambda function once for each event that it reads.

    python -P runtime.py FOLDER MODULE HANDLER

imports the module from the folder and writes a line: null, or the error of the import. Then it
reads requests, lines of JSON with `event` and `timeoutSeconds`, and answers each with
`milliseconds` from the request's arrival to the handler's end, its `result` and `error`. Standard
library only: whatever is imported here is imported for every function.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import uuid


class Context:
    """As much of Lambda's context object as functions use."""

    def __init__(self, end: float) -> None:
        """Of an invocation that times out then, by `time.monotonic`."""
        self.aws_request_id = str(uuid.uuid4())
        self._end = end

    def get_remaining_time_in_millis(self) -> int:
        """Until Lambda ends the invocation."""
        return max(0, int(1_000 * (self._end - time.monotonic())))


def main(folder: str, module: str, handler: str) -> None:
    """Answer each line of the input until its end."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)  # for the function's log lines
    sys.path.insert(0, folder)
    function = getattr(importlib.import_module(module), handler)
    answers.write("null\n")
    answers.flush()
    for line in sys.stdin:
        started = time.monotonic()
        request = json.loads(line)
        result = error = None
        try:
            result = function(request["event"], Context(started + request["timeoutSeconds"]))
        except Exception as problem:  # noqa: BLE001 - as Lambda's own runtime does
            error = repr(problem)
        milliseconds = 1_000 * (time.monotonic() - started)
        answer = {"milliseconds": milliseconds, "result": result, "error": error}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
