"""What a vLLM server says, as far as we read it. Fields that we do not know are left alone: releases add some."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class WeightSpan(BaseModel):
    """Output tokens ``start`` to ``end`` (exclusive) were sampled by the weights that are labelled ``version``."""

    version: str
    start: int
    end: int


class TokenLogprob(BaseModel):
    token_id: int
    logprob: float


class SampledToken(TokenLogprob):
    top_logprobs: list[TokenLogprob] = []


class SampledLogprobs(BaseModel):
    content: list[SampledToken] | None = None


class Completion(BaseModel):
    token_ids: list[int] | None = None
    logprobs: SampledLogprobs | None = None
    weight_versions: list[WeightSpan] | None = None
    finish_reason: str | None = None


class Generated(BaseModel):
    """The answer of ``POST /inference/v1/generate``."""

    choices: list[Completion] = Field(min_length=1)


class ServedModel(BaseModel):
    """``root`` is the folder (or hub name); adapters have the ``parent`` that they sit on."""

    id: str
    root: str | None = None
    parent: str | None = None
    max_model_len: int | None = None


class ServedModels(BaseModel):
    data: list[ServedModel]


class WeightInfo(BaseModel):
    weight_version: str


class ServerInfo(BaseModel):
    """The part of ``GET /server_info`` that says what the server runs on."""

    class Settings(BaseModel):
        class Device(BaseModel):
            device: str

        device_config: Device

    vllm_config: Settings


class CacheReset(BaseModel):
    success: bool


class Refusal(BaseModel):
    """Any answer that is not 200."""

    class Error(BaseModel):
        message: str = ""

    error: Error | str | None = None
    detail: Any = None

    @property
    def message(self) -> str:
        match self.error:
            case Refusal.Error():
                return self.error.message
            case None:
                return str(self.detail or "")
            case _:
                return self.error
