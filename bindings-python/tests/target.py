"""The module under test: `ohmq`, or another one with pyzmq's names (`OHMQ_TEST_MODULE=zmq`) to check the tests themselves."""

import importlib
import os

import pytest

NAME = os.environ.get("OHMQ_TEST_MODULE", "ohmq")
IS_OHMQ = NAME == "ohmq"

zmq = importlib.import_module(NAME)
zmq_asyncio = importlib.import_module(f"{NAME}.asyncio")

only_ohmq = pytest.mark.skipif(not IS_OHMQ, reason="more than pyzmq has")
