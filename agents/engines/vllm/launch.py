"""A vLLM server of our own on this machine: the command, its environment, its start and its end.

vLLM lives in a virtual environment of its own: it pins other versions than we do. It listens on loopback alone, because
its control endpoints have no password.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Final

import httpx

from agents.engines.vllm.handshake import reached_from_outside
from arena.errors import EngineError, OptionError

HOST: Final = "127.0.0.1"
MODEL_NAME: Final = "live"
"""The name to ask a server of ours for."""
PYTHON_VARIABLE: Final = "ARENA_VLLM_PYTHON"
_OWN_ENVIRONMENT: Final = Path(__file__).parents[3] / ".venv-vllm" / "bin" / "python"
"""What ``make vllm`` makes, in a checkout of the project."""
_WORKER_FOLDER: Final = Path(__file__).parent / "worker"
_WORKER: Final = "arena_worker.Repacking"
_LOOK_S: Final = 0.5
_END_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start a server.

    ``adapters`` is how many LoRA adapters may answer in one batch (0: none at all) and ``rank`` the highest that they
    may have. ``cache_gib`` is the key/value memory on a processor; a GPU takes what vLLM finds free.
    """

    python: Path
    model: str
    port: int
    on_cpu: bool
    adapters: int = 4
    rank: int = 16
    dtype: str | None = None
    cache_gib: int = 1
    more: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def command(self) -> list[str]:
        dtype = self.dtype or ("float32" if self.on_cpu else "auto")
        return [
            str(self.python), "-m", "vllm.entrypoints.openai.api_server",
            "--host", HOST, "--port", str(self.port),
            "--model", self.model, "--served-model-name", MODEL_NAME, "--dtype", dtype,
            "--generation-config", "vllm",  # the model's own defaults (top-p and so on) would change what is sampled
            "--logprobs-mode", "processed_logprobs",  # after temperature and mask
            "--max-logprobs", "-1",  # of all options, however many there are
            "--worker-extension-cls", _WORKER,
            "--enable-scale-out",  # token ids in and out, with the version of the weights that made each token
            "--disable-uvicorn-access-log",
            *(("--enforce-eager", "--block-size", "32") if self.on_cpu else ()),  # more of a trunk is shared
            *(self._for_adapters() if self.adapters else ()),
            *self.more,
        ]  # fmt: skip

    def _for_adapters(self) -> tuple[str, ...]:
        at_once, kept = str(self.adapters), str(4 * self.adapters)
        return "--enable-lora", "--max-loras", at_once, "--max-cpu-loras", kept, "--max-lora-rank", str(self.rank)

    def environment(self, given: Mapping[str, str] = os.environ) -> dict[str, str]:
        made = {
            "VLLM_SERVER_DEV_MODE": "1",  # the endpoints that change weights
            "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1",
            "VLLM_HOST_IP": HOST,
            "VLLM_NO_USAGE_STATS": "1",
            "DO_NOT_TRACK": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "PYTHONPATH": os.pathsep.join(filter(None, (str(_WORKER_FOLDER), given.get("PYTHONPATH")))),
        }
        if self.on_cpu:
            made["VLLM_CPU_KVCACHE_SPACE"] = str(self.cache_gib)
            made["TORCHDYNAMO_DISABLE"] = "1"  # or the first answers wait for a C++ compiler
        # Thousands of modules are imported by three processes: compiled each time, that takes longer than all else.
        kept = {name: value for name, value in given.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return {**kept, **made}


def find_python() -> Path:
    """The Python that can run vLLM.

    Raises:
        OptionError: there is none.
    """
    if named := os.environ.get(PYTHON_VARIABLE):
        return Path(named)
    if find_spec("vllm") is not None:
        return Path(sys.executable)
    if _OWN_ENVIRONMENT.exists():
        return _OWN_ENVIRONMENT
    raise OptionError(
        f"vLLM is not installed. In a checkout of the project run: make vllm. Elsewhere install it into an environment "
        f"of its own and give its Python with --python or {PYTHON_VARIABLE}."
    )


def runs_on_cpu(python: Path) -> bool:
    """Whether this Python's vLLM is the build for processors.

    Raises:
        OptionError: it has none.
    """
    ask = "import importlib.metadata as m; print([d for d in ('vllm-cpu', 'vllm') for _ in m.distributions(name=d)])"
    try:
        said = subprocess.run([python, "-c", ask], capture_output=True, text=True, timeout=60, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise OptionError(f"{python} is no Python that runs: {error}") from error
    if "vllm" not in said:
        raise OptionError(f"{python} has no vLLM installed.")
    return "vllm-cpu" in said


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


class OwnServer:
    """A started server. Use it in a ``with``: it never outlives the block, nor do its workers.

    Args:
        log: where its output goes; None lets it through.
        within_s: how long it may take to be up.
        nice: added to its niceness.

    Raises:
        EngineError: it ended, was not up in time, or other machines could reach it.
    """

    def __init__(self, launch: Launch, *, log: Path | None = None, within_s: float = 600, nice: int = 0) -> None:
        self.launch = launch
        self._log = log
        output = None if log is None else log.open("ab")
        niced = ["nice", "-n", str(nice)] if nice else []
        try:
            self.process = subprocess.Popen(
                [*niced, *launch.command], env=launch.environment(), stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT if output else None, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise EngineError(f"vLLM cannot be started: {error}", code="engine/unreachable") from error
        finally:
            if output is not None:
                output.close()
        try:
            self._wait(time.monotonic() + within_s)
        except BaseException:
            self.stop()
            raise

    def _wait(self, until: float) -> None:
        with httpx.Client(base_url=self.launch.url, trust_env=False, timeout=5) as http:
            while not _healthy(http):
                if self.process.poll() is not None:
                    raise EngineError(f"The vLLM server ended at once. {self._said()}", code="engine/unreachable")
                if time.monotonic() > until:
                    raise EngineError(f"The vLLM server is not up in time. {self._said()}", code="engine/unreachable")
                time.sleep(_LOOK_S)
        if reached := reached_from_outside(self.launch.port):
            raise EngineError(
                f"The vLLM server also answers at {reached}, and its control endpoints have no password.",
                code="engine/unreachable",
            )

    def _said(self) -> str:
        if self._log is None:
            return "Its output above says why."
        return "Its last words:\n" + self._log.read_text(errors="replace")[-1500:]

    def kill(self) -> None:
        """Without a chance to say goodbye."""
        self._signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(_END_S)
        self.kill()  # and whatever of its workers is left

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)  # it leads its own group

    def __enter__(self) -> OwnServer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


def _healthy(http: httpx.Client) -> bool:
    try:
        return http.get("/health").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
