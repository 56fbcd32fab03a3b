"""The end of the interpreter: it comes in time, with status 0, and messages on their way are still sent."""

import subprocess
import sys
import textwrap

import pytest
from target import NAME, only_ohmq, zmq

pytestmark = only_ohmq


def run_program(text, *arguments):
    program = f"import {NAME} as zmq\nimport {NAME}.asyncio\n" + textwrap.dedent(text)
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program, *arguments], capture_output=True, text=True, timeout=30
    )


def test_messages_under_way_are_sent_at_exit(context):
    pull = context.socket(zmq.PULL)
    pull.bind("tcp://127.0.0.1:*")
    ended = run_program(
        """
        import sys
        socket = zmq.Context.instance().socket(zmq.PUSH)
        socket.connect(sys.argv[1])
        for number in range(100):
            socket.send(b"%d" % number)
        """,
        pull.last_endpoint.decode(),
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert [int(pull.recv()) for _ in range(100)] == list(range(100))


@pytest.mark.parametrize(
    "text",
    [
        "context = zmq.Context(); socket = context.socket(zmq.PULL); socket.bind('tcp://127.0.0.1:*')",
        "socket = zmq.Context().socket(zmq.PUSH); socket.connect('tcp://127.0.0.1:1'); socket.send(b'never arrives')",
        "context = zmq.Context.instance(); socket = context.socket(zmq.SUB); raise SystemExit(0)",
        """
        import threading
        socket = zmq.Context.instance().socket(zmq.PULL)
        threading.Thread(target=socket.recv, daemon=True).start()
        """,
        """
        import asyncio
        async def main():
            global waiting
            socket = zmq.asyncio.Context.instance().socket(zmq.PULL)
            waiting = socket.recv()
            await asyncio.sleep(0)
        asyncio.run(main())
        """,
        """
        class Stubborn(zmq.Socket):
            def close(self, linger=None):
                super().close(linger)
                raise RuntimeError
        socket = zmq.Context.instance().socket(zmq.PULL, Stubborn)
        """,
        """
        import asyncio
        async def main():
            global socket
            socket = zmq.asyncio.Context.instance().socket(zmq.PULL)
            asyncio.ensure_future(wait(socket))
            await asyncio.sleep(0.01)
        async def wait(socket):
            await socket.recv()
        asyncio.run(main())
        """,
        """
        context = zmq.Context()
        made = [context.socket(zmq.PAIR) for _ in range(10)]
        cycle = [made]
        cycle.append(cycle)
        """,
    ],
    ids=["open socket", "unsent", "SystemExit", "daemon thread", "future", "close fails", "asyncio", "cycle"],
)
def test_programs_that_clean_nothing_up_end(text):
    ended = run_program(text)
    assert (ended.returncode, ended.stderr) == (0, "")
