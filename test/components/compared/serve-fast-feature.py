"""Serves the flags of a file (flagd's format) with fast-feature, over OFREP on a free port of loopback, which it prints."""

import json
import socket
import sys

import uvicorn
from fast_feature.core import Flag
from fast_feature.ofrep import OfrepRouter
from fast_feature.storage.inmemory import InMemoryFlagRepository
from fastapi import FastAPI

with open(sys.argv[1], encoding="utf-8") as file:
    flags = json.load(file)["flags"]
repository = InMemoryFlagRepository(
    Flag(key, flag["variants"], flag["defaultVariant"], targeting=flag["targeting"])
    for key, flag in flags.items()
)
app = FastAPI()
app.include_router(OfrepRouter.build(repository))

listening = socket.create_server(("127.0.0.1", 0))
print(f"port {listening.getsockname()[1]}", flush=True)
uvicorn.run(app, fd=listening.fileno(), log_level="warning")
