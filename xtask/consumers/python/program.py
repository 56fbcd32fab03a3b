"""A user's program: `serve COUNT` answers requests, `call ENDPOINT` makes one."""

import sys

import ohmq as zmq


def serve(count: int) -> None:
    with zmq.Context() as context, context.socket(zmq.REP) as socket:
        socket.bind("tcp://127.0.0.1:*")
        print(socket.get_string(zmq.LAST_ENDPOINT), flush=True)
        for _ in range(count):
            socket.send_string("python heard: " + socket.recv_string())


def call(endpoint: str) -> None:
    with zmq.Context() as context, context.socket(zmq.REQ) as socket:
        socket.connect(endpoint)
        socket.send_string("hello from python")
        print(socket.recv_string())


if sys.argv[1] == "serve":
    serve(int(sys.argv[2]))
else:
    call(sys.argv[2])
