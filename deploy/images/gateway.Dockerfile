# The gateway, with the contracts that it serves.
#   docker build -f deploy/images/gateway.Dockerfile -t libral/gateway .
ARG BASE=docker.io/library/python:3.11-slim-bookworm

FROM ${BASE} AS build
COPY requirements/gateway.txt /requirements.txt
RUN python3 -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --require-hashes -r /requirements.txt

FROM ${BASE}
COPY --from=build /venv /venv
COPY pyproject.toml /app/
COPY protos/gen/libral/descriptors.binpb /app/libral/
COPY protos/gen/libral/gateway /app/libral/gateway
COPY services/__init__.py /app/services/
COPY services/common /app/services/common
COPY gateway /app/gateway
ENV PATH=/venv/bin:/usr/bin:/bin PYTHONPATH=/app PYTHONDONTWRITEBYTECODE=1 \
    LIBRAL_LOG_FORMAT=json LIBRAL_HOST=0.0.0.0
WORKDIR /app
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/healthz', timeout=2)"]
CMD ["python", "-m", "gateway"]
