"""The first talk with a server: whether it is one, what it serves, and who else can reach it.

vLLM's control endpoints (new weights, pausing, running code in its workers) have no password, not even with
``--api-key``. So a server is used over loopback only, and not at all when other machines reach it as well.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx
from pydantic import ValidationError

from agents.checkpoints import MANIFEST, read_checkpoint
from agents.engines.vllm.reload import BETWEEN
from agents.engines.vllm.wire import ServedModels, WeightInfo
from arena.errors import EngineError, OptionError

_UNLABELLED: Final = "default"
"""What vLLM calls weights that nobody has labelled yet."""
_ANSWER_S: Final = 10.0
_REACH_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Served:
    """What a server serves: ``model`` is the name to ask for, ``source`` the folder or hub name that it was started
    with, ``version`` the checkpoint that its weights are now."""

    model: str
    source: str
    version: str
    labelled: bool
    context: int


def is_url(engine: str) -> bool:
    return engine.startswith(("http://", "https://"))


def greet(url: str) -> Served:
    """
    Raises:
        OptionError: the address is not one of this machine's own, or other machines reach the server too.
        EngineError: no vLLM server with its control endpoints open answers there.
    """
    refuse_unless_loopback(url)
    try:
        with httpx.Client(base_url=url, timeout=_ANSWER_S, trust_env=False) as http:
            models = ServedModels.model_validate_json(http.get("/v1/models").content).data
            label = WeightInfo.model_validate_json(http.get("/weight_info").content).weight_version
    except (httpx.HTTPError, ValidationError) as error:
        raise EngineError(
            f"There is no vLLM server with open control endpoints at {url}. Start one with: arena engine vllm",
            code="engine/unreachable",
        ) from error
    base = next(m for m in models if m.parent is None)
    if base.max_model_len is None or base.root is None:
        raise EngineError(f"The vLLM server at {url} does not say what it serves.", code="engine/unreachable")
    if reached := reached_from_outside(urlsplit(url).port or 80):
        raise OptionError(
            f"The vLLM server at {url} also answers at {reached}, and its control endpoints have no password. "
            "Start it with --host 127.0.0.1, or with: arena engine vllm"
        )
    if label == BETWEEN:
        raise EngineError(
            f"The vLLM server at {url} was left between two weights. Start it again.", code="engine/unreachable"
        )
    labelled = label != _UNLABELLED
    return Served(base.id, base.root, label if labelled else version_behind(base.root), labelled, base.max_model_len)


def version_behind(source: str) -> str:
    """The version of the weights in a folder: a checkpoint's id, of a bare model its name.

    Raises:
        CheckpointError: the checkpoint is not whole.
    """
    folder = Path(source)
    return read_checkpoint(folder).id if (folder / MANIFEST).exists() else source


def refuse_unless_loopback(url: str) -> None:
    host = urlsplit(url).hostname or ""
    try:
        inside = ipaddress.ip_address(host).is_loopback
    except ValueError:
        inside = host == "localhost"
    if not inside:
        raise OptionError(
            f"{url} is another machine, and vLLM's control endpoints have no password. Tunnel it "
            f"(ssh -L 8000:127.0.0.1:8000 {host or 'HOST'}) and give http://127.0.0.1:8000."
        )


def reached_from_outside(port: int) -> str | None:
    """An address of this machine other than loopback at which something answers on this port."""
    for address in _own_addresses():
        try:
            with socket.create_connection((address, port), timeout=_REACH_S):
                return f"{address}:{port}"
        except OSError:
            continue
    return None


def _own_addresses() -> list[str]:
    found: dict[str, None] = {}
    for family, somewhere in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((somewhere, 9))  # picks the outward address; a datagram socket sends nothing for it
                found[probe.getsockname()[0]] = None
        except OSError:
            continue
    with contextlib.suppress(OSError):
        found.update((str(entry[4][0]), None) for entry in socket.getaddrinfo(socket.gethostname(), None))
    return [a for a in found if not ipaddress.ip_address(a.partition("%")[0]).is_loopback]
