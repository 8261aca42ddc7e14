"""HTTP to one vLLM server: what is asked of it and what its failures mean. Knows nothing of games or versions.

Every call but those that change weights may be repeated: an answer that nobody read has changed nothing. So a call that
found nobody, lost its connection or met a server that is busy is tried again a few times. Giving a call up closes its
connection, and the server stops working on it.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from typing import Any, Final, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from agents.engines.vllm.wire import (
    CacheReset,
    Completion,
    Generated,
    Refusal,
    ServedModel,
    ServedModels,
    ServerInfo,
    WeightInfo,
)
from arena.errors import EngineError

TRIES: Final = 4
FIRST_PAUSE_S: Final = 0.05
"""Before the second try; it doubles with each further one."""
CONNECT_S: Final = 5.0
NO_NUMBER: Final = -9999.0
"""How vLLM sends a log-probability that is no number, or of what cannot be."""
_BUSY: Final = frozenset({429, 503})

_Answer = TypeVar("_Answer", bound=BaseModel)


class VllmServer:
    """One server.

    Args:
        url: its root, without ``/v1``.
        transport: for tests; by default a pool of sockets.
    """

    def __init__(self, url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.url = url.rstrip("/")
        self._http = httpx.AsyncClient(
            base_url=self.url,
            transport=transport,
            timeout=httpx.Timeout(None, connect=CONNECT_S),  # a long answer is not an error; callers have deadlines
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=None),
            trust_env=False,  # a proxy has no business between us and loopback
        )

    async def close(self) -> None:
        await self._http.aclose()

    # -- deciding ------------------------------------------------------------------------------------------------

    async def generate(self, model: str, prompt: Sequence[int], sampling: dict[str, Any]) -> Generated:
        """
        Raises:
            EngineError: ``engine/unreachable``, ``engine/unknown_policy`` (no such model there),
                ``engine/context_full``, ``engine/model_failed``.
        """
        body = {"model": model, "token_ids": prompt, "sampling_params": sampling}
        return await self._call("POST", "/inference/v1/generate", Generated, json=body)

    async def score(
        self, model: str, prompt: Sequence[int], tokens: Sequence[int]
    ) -> tuple[Completion, dict[int, float]]:
        """The log-probability of each of these tokens to follow a prompt, if one of them must: in nats, at temperature
        1; NaN where the weights give no numbers. Also the completion, which says what weights these were.

        Raises:
            EngineError: as ``generate``.
        """
        sampling = {
            "max_tokens": 1,
            "temperature": 1.0,
            "logprobs": len(tokens),
            "allowed_token_ids": list(tokens),
            "ignore_eos": True,
            "detokenize": False,
        }
        completion = (await self.generate(model, prompt, sampling)).choices[0]
        content = completion.logprobs and completion.logprobs.content
        scores = {t.token_id: t.logprob for t in content[0].top_logprobs} if content else {}
        if not scores.keys() >= set(tokens):
            raise EngineError("the vLLM server did not score all that it was asked to", code="engine/model_failed")
        return completion, {token: scores[token] if scores[token] > NO_NUMBER else math.nan for token in tokens}

    # -- what it serves ------------------------------------------------------------------------------------------

    async def models(self) -> list[ServedModel]:
        return (await self._call("GET", "/v1/models", ServedModels)).data

    async def weight_version(self) -> str:
        return (await self._call("GET", "/weight_info", WeightInfo)).weight_version

    async def device(self) -> str:
        """What it computes on: ``cpu``, ``cuda`` and so on. The first answer takes it some seconds."""
        info = await self._call("GET", "/server_info", ServerInfo, params={"config_format": "json"})
        return info.vllm_config.device_config.device

    async def metrics(self) -> str:
        """Its counters, in the text form of Prometheus."""
        return (await self._send("GET", "/metrics")).text

    # -- adapters ------------------------------------------------------------------------------------------------

    async def load_adapter(self, name: str, folder: str) -> None:
        """
        Raises:
            EngineError: the server cannot load it; nothing has changed.
        """
        await self._send("POST", "/v1/load_lora_adapter", json={"lora_name": name, "lora_path": folder})

    async def unload_adapter(self, name: str) -> None:
        await self._send("POST", "/v1/unload_lora_adapter", json={"lora_name": name})

    # -- full weights --------------------------------------------------------------------------------------------

    async def pause(self, mode: str) -> None:
        """Stop between two steps. ``keep`` freezes what is being answered, ``wait`` lets it end first."""
        await self._send("POST", "/pause", params={"mode": mode, "clear_cache": "false"})

    async def resume(self) -> None:
        await self._send("POST", "/resume")

    async def reload_weights(self, folder: str) -> None:
        """
        Raises:
            EngineError: the server could not load them; what it holds now is unknown.
        """
        body = {"method": "reload_weights", "kwargs": {"weights_path": folder}}
        await self._send("POST", "/collective_rpc", tries=1, json=body)

    async def pack_weights_again(self) -> None:
        """Have packed copies of the weights made anew; see ``worker/arena_worker.py``.

        Raises:
            EngineError: ``engine/model_failed``, also where the server's workers are not of our own kind.
        """
        await self._send("POST", "/collective_rpc", json={"method": "pack_weights_again"})

    async def forget_prefixes(self) -> None:
        """Drop every computed prefix, also those of answers that are frozen: ``resume`` computes them anew."""
        reset = await self._call(
            "POST", "/reset_prefix_cache", CacheReset, params={"reset_running_requests": "true"}
        )  # fmt: skip
        if not reset.success:
            raise EngineError("the vLLM server kept prefixes of the old weights", code="engine/model_failed")

    async def label_weights(self, version: str) -> None:
        """From now on answers say that these weights made them."""
        await self._send("POST", "/update_weight_version", json={"new_version": version})

    # -- one call ------------------------------------------------------------------------------------------------

    async def _call(self, method: str, path: str, answer: type[_Answer], **arguments: Any) -> _Answer:
        response = await self._send(method, path, **arguments)
        try:
            return answer.model_validate_json(response.content)
        except ValidationError as error:
            raise EngineError(
                f"{self.url}{path} answered what no vLLM server says: {error.errors()[0]['msg']}",
                code="engine/model_failed",
            ) from error

    async def _send(self, method: str, path: str, *, tries: int = TRIES, **arguments: Any) -> httpx.Response:
        pause = FIRST_PAUSE_S
        for left in reversed(range(tries)):
            try:
                response = await self._http.request(method, path, **arguments)
            except httpx.TransportError as error:
                if left == 0:
                    raise EngineError(
                        f"no vLLM server answers at {self.url}: {error or type(error).__name__}",
                        code="engine/unreachable",
                    ) from error
            else:
                if response.status_code not in _BUSY or left == 0:
                    return _accepted(response, f"{self.url}{path}")
            await asyncio.sleep(pause)
            pause *= 2
        raise AssertionError("the last try returns or raises")


def _accepted(response: httpx.Response, where: str) -> httpx.Response:
    if response.status_code == httpx.codes.OK:
        return response
    try:
        said = Refusal.model_validate_json(response.content).message
    except ValidationError:
        said = response.text[:200]
    match response.status_code:
        case 400 if "maximum model length" in said or "context length" in said:
            code = "engine/context_full"
        case 403 if "scale-out" in said.lower():
            code, said = "engine/unreachable", f"{said} (start the server with: arena engine vllm)"
        case 404 if "does not exist" in said:
            code = "engine/unknown_policy"
        case status if status in _BUSY:
            code = "engine/unreachable"
        case _:
            code = "engine/model_failed"
    raise EngineError(f"{where} refused ({response.status_code}): {said}", code=code)
