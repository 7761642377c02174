"""`ganflow`, or `python -m ganflow`: the packaged project's `run`."""

import sys
from pathlib import Path
from typing import Any

from kedro.framework.cli.utils import find_run_command
from kedro.framework.project import configure_project


def main(*args: Any, **kwargs: Any) -> Any:
    """Run the project as `kedro run` does, with the same options."""
    configure_project(Path(__file__).parent.name)
    return find_run_command("ganflow")(*args or [sys.argv[1:]], **kwargs)


if __name__ == "__main__":
    main()
