# Build:  docker build --tag social-arena .
# Run:    docker run --rm --publish 127.0.0.1:8765:8765 --volume arena-data:/data \
#             --env ARENA_TOKEN=... social-arena        (or add: serve --host 0.0.0.0 --insecure)
FROM python:3.12-slim AS build

# The CPU build of PyTorch. For the CUDA build: --build-arg PIP_EXTRA_INDEX_URL=
ARG PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu
ENV PIP_EXTRA_INDEX_URL=$PIP_EXTRA_INDEX_URL \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1

RUN python -m venv /opt/arena
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY arena arena
COPY agents agents
COPY training training
COPY tui tui
RUN /opt/arena/bin/pip install --constraint constraints.txt .


FROM python:3.12-slim

# Data (database, checkpoints) goes to /data/social-arena.
ENV PATH=/opt/arena/bin:$PATH \
    XDG_DATA_HOME=/data \
    HF_HOME=/data/huggingface \
    HF_HUB_DISABLE_TELEMETRY=1 \
    PYTHONUNBUFFERED=1

RUN useradd --uid 10001 --create-home arena && install --directory --owner arena /data
COPY --from=build /opt/arena /opt/arena
USER arena
WORKDIR /data
VOLUME /data
EXPOSE 8765

HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["python", "-c", \
    "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8765/healthz', timeout=4)"]

STOPSIGNAL SIGINT
ENTRYPOINT ["arena"]
CMD ["serve", "--host", "0.0.0.0"]
