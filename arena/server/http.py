"""The two pages that monitors ask for, on the same port as the websocket: ``/healthz`` and ``/readyz``."""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

Answer = Callable[[ServerConnection, Request], Response | None]


def pages(health: Callable[[], dict[str, Any]]) -> Answer:
    """A ``process_request`` for websockets. ``health`` gives the JSON; status ``ok`` in it means ready."""

    def answer(_connection: ServerConnection, request: Request) -> Response | None:
        match request.path.split("?")[0]:
            case "/healthz":
                return _json(HTTPStatus.OK, health())
            case "/readyz":
                found = health()
                ready = found["status"] == "ok"
                status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
                return _json(status, {"status": found["status"]})
            case "/":
                return None  # the websocket
            case _:
                return _json(HTTPStatus.NOT_FOUND, {"status": "not found"})

    return answer


def _json(status: HTTPStatus, body: dict[str, Any]) -> Response:
    content = json.dumps(body).encode() + b"\n"
    headers = Headers(
        {
            "Content-Type": "application/json",
            "Content-Length": str(len(content)),
            "Cache-Control": "no-store",
            "Connection": "close",
        }
    )
    return Response(status.value, status.phrase, headers, content)
