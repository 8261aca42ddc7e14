"""A vLLM server in this process, for what a real one does only when unwell; as far as the engine asks."""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

Mishap = Callable[[httpx.Request], httpx.Response | None]
"""Answers in the server's place, raises, or lets the call through."""


def status(code: int, message: str = "") -> Mishap:
    return lambda _: httpx.Response(code, json={"error": {"message": message}})


def cut(request: httpx.Request) -> httpx.Response:
    raise httpx.RemoteProtocolError("server disconnected without sending a response", request=request)


def babble(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, content=b"<html>")


@dataclass
class FakeVllm:
    """``weights`` is the folder that it answers with; each has its own log-probabilities.

    ``mishaps`` are used up, one a call to the path (or of the worker's method) that they stand under. With ``deaf`` it
    takes new weights without answering with them; with ``broken`` its answers are no numbers.
    """

    weights: str = "old"
    label: str = "v0"
    mishaps: dict[str, list[Mishap]] = field(default_factory=dict)
    deaf: bool = False
    broken: bool = False
    device: str = "cpu"
    ours: bool = True
    """Whether it was started by us, so that its workers know our own calls."""
    spans: list[list[str]] = field(default_factory=list)
    """The labels of the next answers, where they are not the server's own."""
    calls: list[str] = field(default_factory=list)
    paused: bool = False

    def transport(self) -> httpx.AsyncBaseTransport:
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        body: dict[str, Any] = json.loads(request.content) if request.content else {}
        path = request.url.path
        call = body["method"] if path == "/collective_rpc" else path
        self.calls.append(call)
        if waiting := self.mishaps.get(call):
            answer = waiting.pop(0)(request)
            if answer is not None:
                return answer
        match call:
            case "/inference/v1/generate":
                assert not self.paused, "a paused server answers nobody"
                return httpx.Response(200, json=self._generated(body["token_ids"], body["sampling_params"]))
            case "pack_weights_again":
                return httpx.Response(200 if self.ours else 500, json={})
            case "/server_info":
                return httpx.Response(200, json={"vllm_config": {"device_config": {"device": self.device}}})
            case "reload_weights":
                assert self.paused, "weights change while nobody is answered"
                if not self.deaf:
                    self.weights = body["kwargs"]["weights_path"]
            case "/update_weight_version":
                self.label = body["new_version"]
            case "/pause" | "/resume":
                self.paused = path == "/pause"
            case "/reset_prefix_cache":
                return httpx.Response(200, json={"success": True})
            case _:
                raise AssertionError(f"nobody asks a server for {path}")
        return httpx.Response(200, json={})

    def _generated(self, prompt: list[int], sampling: dict[str, Any]) -> dict[str, Any]:
        labels = self.spans.pop(0) if self.spans else [self.label]
        spans = [{"version": v, "start": i, "end": i + 1} for i, v in enumerate(labels)]
        options = list(sampling.get("allowed_token_ids") or range(100, 100 + len(labels)))
        drawn = [1 + zlib.crc32(f"{self.weights}/{t}/{len(prompt)}".encode()) % 100 for t in options]
        top = [
            {"token_id": t, "logprob": -9999.0 if self.broken else math.log(w / sum(drawn))}
            for t, w in zip(options, drawn, strict=True)
        ]
        content = [{**one, "top_logprobs": top} for one in top[: len(labels)]]
        return {
            "choices": [
                {
                    "token_ids": [one["token_id"] for one in content],
                    "logprobs": {"content": content},
                    "weight_versions": spans,
                    "finish_reason": "stop",
                }
            ],
        }
