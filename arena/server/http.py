"""The pages that monitors ask for, on the same port as the websocket: ``/healthz``, ``/readyz`` and ``/metrics``.

The first two say nothing that needs a token. ``/metrics`` needs the server's access token, where it has one, as a
``Authorization: Bearer`` header. A connection that is one too many is told so here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from arena.protocol import codes
from arena.server.access import Access
from arena.server.doors import Guarded, address_of
from arena.server.exposition import CONTENT_TYPE

Answer = Callable[[ServerConnection, Request], Response | None]


def pages(health: Callable[[], dict[str, Any]], metrics: Callable[[], str], access: Access) -> Answer:
    """A ``process_request`` for websockets. ``health`` gives the JSON; status ``ok`` in it means ready."""

    def answer(connection: ServerConnection, request: Request) -> Response | None:
        match request.path.split("?")[0]:
            case "/healthz":
                return _json(HTTPStatus.OK, health())
            case "/readyz":
                found = health()
                ready = found["status"] == "ok"
                status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
                return _json(status, {"status": found["status"]})
            case "/metrics":
                header = ", ".join(request.headers.get_all("Authorization")) or None
                match access.bearer_refusal(address_of(connection.transport), header):
                    case None:
                        return _response(HTTPStatus.OK, CONTENT_TYPE, metrics())
                    case codes.TOO_MANY_GUESSES as code:
                        return _json(HTTPStatus.TOO_MANY_REQUESTS, {"code": code})
                    case code:
                        return _json(HTTPStatus.UNAUTHORIZED, {"code": code})
            case "/":
                return _one_too_many(connection)
            case _:
                return _json(HTTPStatus.NOT_FOUND, {"status": "not found"})

    return answer


def _one_too_many(connection: ServerConnection) -> Response | None:
    """None lets the websocket begin."""
    match connection.one_too_many if isinstance(connection, Guarded) else None:
        case None:
            return None
        case codes.TOO_MANY_FROM_ADDRESS as code:
            return _json(HTTPStatus.TOO_MANY_REQUESTS, {"code": code})
        case code:
            return _json(HTTPStatus.SERVICE_UNAVAILABLE, {"code": code})


def _json(status: HTTPStatus, body: dict[str, Any]) -> Response:
    return _response(status, "application/json", json.dumps(body) + "\n")


def _response(status: HTTPStatus, content_type: str, text: str) -> Response:
    content = text.encode()
    headers = Headers(
        {
            "Content-Type": content_type,
            "Content-Length": str(len(content)),
            "Cache-Control": "no-store",
            "Connection": "close",
        }
    )
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(status.value, status.phrase, headers, content)
