"""The README's examples run as they stand."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from target import only_ohmq

README = Path(__file__).parent.parent / "README.md"
EXAMPLES = re.findall(r"^## (.*?)$|^```python\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)


def examples():
    title = "Quick start"
    for heading, code in EXAMPLES:
        title = heading or title
        if code:
            yield pytest.param(code, id=title)


@only_ohmq
@pytest.mark.parametrize("code", list(examples()))
def test_example(code):
    ended = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_there_are_examples():
    assert len(list(examples())) >= 5
