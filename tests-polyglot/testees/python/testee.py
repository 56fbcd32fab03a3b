"""The Python actor of the conformance scenarios; with `--module zmq` it is libzmq, the reference.

It speaks the protocol of tests-polyglot/README.md and uses only names that pyzmq and OhMQ's Python package share.
"""

import argparse
import errno
import importlib
import json
import os
import statistics
import struct
import sys
import threading
import time
import zlib

SLICE_MS = 50
SHORT_PART = 64
PATTERN = bytes(range(251))


def pattern(seed, length):
    """The payload `(seed + i) mod 251`."""
    start = seed % 251
    return (PATTERN * ((length + start) // 251 + 1))[start : start + length]


def part_in(part):
    return bytes.fromhex(part) if isinstance(part, str) else pattern(part["seed"], part["len"])


def part_out(part):
    return part.hex() if len(part) <= SHORT_PART else {"len": len(part), "crc32": zlib.crc32(part)}


def value_in(value):
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value


def value_out(value):
    if isinstance(value, (bytes, bytearray)):
        return {"hex": bytes(value).hex()}
    return int(value) if not isinstance(value, (str, bool)) else value


class Service(threading.Thread):
    """One background loop on one socket; the report is readable at any time."""

    def __init__(self, testee, socket, request):
        super().__init__(daemon=True)
        self.zmq, self.socket, self.request = testee.zmq, socket, request
        self.stopping = threading.Event()
        self.ended = threading.Event()
        self.failure = {}
        self.count = self.bytes = self.digest = self.unordered = 0
        self.last_number = -1
        self.first = self.last = 0.0
        log = request.get("log")
        self.log = os.open(log, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600) if log else None

    def run(self):
        try:
            getattr(self, "run_" + self.request["kind"])()
        except self.zmq.ZMQError as error:
            self.failure = {"error": code_name(self.zmq, error), "message": str(error)}
        except Exception as error:  # an honest report is worth more than a dead thread
            self.failure = {"error": "EXCEPTION", "message": f"{type(error).__name__}: {error}"}
        self.ended.set()

    def run_echo(self):
        while not self.stopping.is_set():
            parts = self.receive()
            if parts is not None:
                self.note(parts[-1])
                self.transmit(parts)
                self.count += 1

    def run_send(self):
        prefix = [bytes.fromhex(part) for part in self.request.get("prefix") or []]
        number, filler = self.request.get("start", 0), bytes(self.request["size"] - 8)
        wanted = self.request.get("count", 0)
        while not self.stopping.is_set() and (not wanted or self.count < wanted):
            if not self.transmit([*prefix, struct.pack(">Q", number) + filler]):
                return
            self.record(number)
            self.stamp()
            number += 1
            self.count += 1

    def run_receive(self):
        wanted = self.request.get("count", 0)
        while not self.stopping.is_set() and (not wanted or self.count < wanted):
            parts = self.receive()
            if parts is None:
                continue
            body = parts[-1]
            self.stamp()
            self.count += 1
            self.bytes += len(body)
            self.digest = (self.digest + zlib.crc32(body)) & 0xFFFFFFFF
            number = self.note(body)
            if number <= self.last_number:
                self.unordered += 1
            self.last_number = number

    def receive(self):
        try:
            return self.socket.recv_multipart(self.zmq.NOBLOCK)
        except self.zmq.Again:
            self.socket.poll(SLICE_MS, self.zmq.POLLIN)
            return None

    def transmit(self, parts):
        while not self.stopping.is_set():
            try:
                self.socket.send_multipart(parts, self.zmq.NOBLOCK)
                return True
            except self.zmq.Again:
                self.socket.poll(SLICE_MS, self.zmq.POLLOUT)
        return False

    def note(self, body):
        number = int.from_bytes(body[:8], "big")
        self.record(number)
        return number

    def record(self, number):
        if self.log is not None:
            os.write(self.log, struct.pack(">Q", number))

    def stamp(self):
        self.last = time.perf_counter()
        self.first = self.first or self.last

    def report(self):
        elapsed = (self.last - self.first) * 1e6
        answer = {"done": self.ended.is_set(), "count": self.count, "elapsed_us": elapsed, **self.failure}
        if self.request["kind"] == "receive":
            answer |= {"bytes": self.bytes, "digest": self.digest, "unordered": self.unordered}
        return answer

    def stop(self):
        self.stopping.set()
        self.join()
        if self.log is not None:
            os.close(self.log)
        return self.report()


def code_name(zmq, error):
    name = getattr(error, "name", None) or getattr(error, "code", None)
    if isinstance(name, str):
        return name
    known = zmq.Errno(error.errno).name if error.errno in list(zmq.Errno) else None
    return known or errno.errorcode.get(error.errno, f"errno {error.errno}")


class Testee:
    def __init__(self, module):
        self.zmq = importlib.import_module(module)
        self.module = module
        self.contexts, self.sockets, self.services = {}, {}, {}

    def answer(self, request):
        operation = getattr(self, "op_" + request["op"], None)
        if operation is None:
            return {"error": "UNSUPPORTED", "message": "operation " + request["op"]}
        try:
            return {"ok": operation(request)}
        except self.zmq.ZMQError as error:
            return {"error": code_name(self.zmq, error), "message": str(error)}
        except Exception as error:
            return {"error": "EXCEPTION", "message": f"{type(error).__name__}: {error}"}

    def socket(self, request):
        return self.sockets[request["socket"]]

    def option(self, request):
        option = request["option"]
        return option if isinstance(option, int) else int(getattr(self.zmq, option.upper()))

    def op_hello(self, _request):
        zmq, ours = self.zmq, self.module != "zmq"
        version = zmq.__version__ if ours else f"{zmq.zmq_version()} (pyzmq {zmq.__version__})"
        return {
            "actor": "python" if ours else "libzmq",
            "library": f"{'ohmq' if ours else 'libzmq'} {version}",
            "pid": os.getpid(),
            "features": ["stats", "log"] if ours else ["log"],
        }

    def op_context(self, request):
        self.contexts[request["context"]] = self.zmq.Context()

    def op_context_set(self, request):
        self.contexts[request["context"]].set(self.option(request), request["value"])

    def op_context_get(self, request):
        return int(self.contexts[request["context"]].get(self.option(request)))

    def op_shutdown(self, request):
        self.contexts[request["context"]].shutdown()

    def op_term(self, request):
        self.contexts[request["context"]].term()

    def op_socket(self, request):
        kind = request["type"]
        kind = getattr(self.zmq, kind) if isinstance(kind, str) else kind
        socket = self.contexts[request["context"]].socket(kind)
        self.sockets[request["socket"]] = socket
        for option, value in (request.get("options") or {}).items():
            self.op_set({"socket": request["socket"], "option": option, "value": value})

    def op_set(self, request):
        self.socket(request).set(self.option(request), value_in(request["value"]))

    def op_get(self, request):
        return value_out(self.socket(request).get(self.option(request)))

    def op_bind(self, request):
        socket = self.socket(request)
        socket.bind(request["endpoint"])
        endpoint = socket.get(self.zmq.LAST_ENDPOINT)
        return endpoint.decode().rstrip("\0") if isinstance(endpoint, bytes) else endpoint

    def op_connect(self, request):
        self.socket(request).connect(request["endpoint"])

    def op_unbind(self, request):
        self.socket(request).unbind(request["endpoint"])

    def op_disconnect(self, request):
        self.socket(request).disconnect(request["endpoint"])

    def op_subscribe(self, request):
        self.socket(request).set(self.zmq.SUBSCRIBE, bytes.fromhex(request["topic"]))

    def op_unsubscribe(self, request):
        self.socket(request).set(self.zmq.UNSUBSCRIBE, bytes.fromhex(request["topic"]))

    def op_send(self, request):
        parts = [part_in(part) for part in request["parts"]]
        self.timed(request, self.zmq.POLLOUT, lambda socket, flags: socket.send_multipart(parts, flags))

    def op_recv(self, request):
        parts = self.timed(request, self.zmq.POLLIN, lambda socket, flags: socket.recv_multipart(flags))
        return {"parts": [part_out(bytes(part)) for part in parts]}

    def timed(self, request, event, call):
        """Runs `call` as the request's `timeout_ms` says: try first, wait for readiness, try again."""
        socket, timeout = self.socket(request), request.get("timeout_ms")
        if timeout is None:
            return call(socket, 0)
        deadline = time.monotonic() + timeout / 1000
        while True:
            try:
                return call(socket, self.zmq.NOBLOCK)
            except self.zmq.Again:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise
                socket.poll(max(1, int(left * 1000)), event)

    def op_stats(self, request):
        stats = getattr(self.socket(request), "stats", None)
        if not callable(stats):
            raise self.zmq.ZMQError(self.zmq.ENOTSUP, "libzmq has no statistics")
        return {name: int(value) for name, value in dict(stats()).items()}

    def op_close(self, request):
        self.socket(request).close(request.get("linger_ms"))

    def op_ping(self, request):
        socket, size = self.socket(request), request["size"]
        payload, trips = pattern(0, size), []
        for _ in range(request["count"]):
            start = time.perf_counter()
            socket.send_multipart([payload])
            if not socket.poll(request["timeout_ms"], self.zmq.POLLIN):
                raise self.zmq.Again()
            reply = socket.recv_multipart()
            trips.append((time.perf_counter() - start) * 1e6)
            if len(reply[-1]) != size:
                raise ValueError(f"reply of {len(reply[-1])} bytes instead of {size}")
        return {"count": len(trips), "median_us": statistics.median(trips), "min_us": min(trips)}

    def op_service(self, request):
        service = Service(self, self.socket(request), request)
        self.services[request["socket"]] = service
        service.start()

    def op_report(self, request):
        service = self.services[request["socket"]]
        service.ended.wait(request["timeout_ms"] / 1000)
        return service.report()

    def op_stop(self, request):
        return self.services.pop(request["socket"]).stop()


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--module", choices=["ohmq", "zmq"], required=True)
    testee = Testee(arguments.parse_args().module)
    # Answers go to a private copy of standard output, so that a stray print cannot break the protocol.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        answers.write(json.dumps({"id": request.get("id"), **testee.answer(request)}) + "\n")
        answers.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
