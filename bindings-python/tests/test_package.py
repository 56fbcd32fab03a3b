"""The wheel as a user gets it: alone in an empty environment, typed, talking to another language."""

import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from target import only_ohmq, zmq

pytestmark = only_ohmq
ROOT = Path(__file__).parents[2]

CONSUMER = """
import sys
import ohmq as zmq

with zmq.Context() as context, context.socket(zmq.REQ) as socket:
    socket.rcvtimeo = 20_000
    socket.connect(sys.argv[1])
    for size in (0, 1, 255, 256, 65536, 1 << 20):
        socket.send_multipart([b"from python", bytes(size)])
        assert socket.recv_multipart() == [b"from python", bytes(size)]
print("exchanged", zmq.__version__)
"""


@pytest.fixture(scope="module")
def wheel():
    """The built wheel: `OHMQ_WHEEL`, else the one in dist/."""
    named = os.environ.get("OHMQ_WHEEL")
    found = [Path(named)] if named else sorted((ROOT / "dist").glob("ohmq-*.whl"))
    if not found:
        pytest.skip("no wheel was built: cargo xtask dist python")
    return found[-1]


@pytest.fixture(scope="module")
def consumer(wheel, tmp_path_factory):
    """The interpreter of an environment with nothing but the wheel."""
    folder = tmp_path_factory.mktemp("consumer")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('platlib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    # What an installer does with a wheel that has no scripts: unpack it.
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return python


class RustActor:
    """The Rust actor of the conformance scenarios, one JSON line each way."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.count = 0

    def ask(self, operation, **fields):
        self.count += 1
        self.process.stdin.write(json.dumps({"id": self.count, "op": operation, **fields}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert answer["id"] == self.count and "ok" in answer, answer
        return answer["ok"]

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(20)


@pytest.fixture
def testee():
    """The Rust testee: `OHMQ_RUST_TESTEE`, else the newest that cargo built."""
    named = os.environ.get("OHMQ_RUST_TESTEE")
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    built = [target / profile / "ohmq-testee" for profile in ("release", "debug")]
    found = [Path(named)] if named else sorted(filter(Path.exists, built), key=lambda path: path.stat().st_mtime)
    if not found:
        pytest.skip("the Rust testee was not built: cargo build -p ohmq-testee")
    running = RustActor(found[-1])
    yield running
    running.end()


def test_the_wheel_alone_talks_to_another_language(consumer, testee, tmp_path):
    testee.ask("context", context="c")
    testee.ask("socket", context="c", socket="server", type="REP")
    endpoint = testee.ask("bind", socket="server", endpoint="tcp://127.0.0.1:*")
    testee.ask("service", socket="server", kind="echo")
    ended = subprocess.run(
        [consumer, "-I", "-c", CONSUMER, endpoint], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert (ended.stdout, ended.stderr) == (f"exchanged {zmq.__version__}\n", "")
    assert testee.ask("stop", socket="server")["count"] == 6


def test_the_wheel_has_types_and_one_native_module_for_all_versions(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert "-abi3-" in wheel.name
    assert {"ohmq/py.typed", "ohmq/_native.pyi", "ohmq/__init__.py", "ohmq/asyncio.py"} <= set(names)
    assert [name for name in names if name.endswith((".so", ".dylib"))] == ["ohmq/_native.abi3.so"]


def test_one_version_everywhere():
    assert zmq.__version__ == importlib.metadata.version("ohmq") == ".".join(map(str, zmq.version_info))
    assert zmq.pyzmq_version_info() == zmq.version_info
    assert zmq.zmq_version_info() >= (4, 3, 5)


def test_names_that_programs_import():
    for name in ("asyncio", "error", "constants"):
        assert importlib.util.find_spec(f"ohmq.{name}")
    star = {}
    exec("from ohmq import *", star)
    wanted = "Context Socket Poller Frame Message ZMQError Again ContextTerminated ZMQBindError NotDone select "
    wanted += "PUB SUB REQ REP DEALER ROUTER PUSH PULL PAIR XPUB XSUB POLLIN POLLOUT NOBLOCK DONTWAIT SNDMORE LINGER "
    wanted += "ETERM EFSM SocketType SocketOption Flag PollEvent strerror has zmq_version"
    assert set(wanted.split()) <= star.keys()
    assert zmq.has("ipc") and not zmq.has("curve") and not zmq.has("nonsense")
    assert zmq.strerror(zmq.EAGAIN) == "Resource temporarily unavailable"


def test_type_checkers_understand_the_package(tmp_path):
    """mypy in strict mode passes over a program that uses the package."""
    pytest.importorskip("mypy", reason="mypy is not installed")
    program = tmp_path / "program.py"
    program.write_text(
        "import asyncio\n"
        "import ohmq as zmq\n"
        "import ohmq.asyncio\n"
        "\n"
        "with zmq.Context() as context, context.socket(zmq.REQ) as socket:\n"
        "    socket.linger = 0\n"
        "    hwm: int = socket.sndhwm\n"
        "    socket.connect('inproc://typed')\n"
        "    poller = zmq.Poller()\n"
        "    poller.register(socket, zmq.POLLIN)\n"
        "    counters: dict[str, int] = socket.stats()\n"
        "\n"
        "async def main() -> bytes:\n"
        "    with ohmq.asyncio.Context() as context:\n"
        "        other = context.socket(zmq.PULL)\n"
        "        parts: list[bytes] = await other.recv_multipart()\n"
        "        frame: zmq.Frame = await other.recv(copy=False)\n"
        "        return parts[0] + frame.bytes + await other.recv()\n"
        "\n"
        "asyncio.run(main())\n"
    )
    ended = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), str(program)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
