# The dashboard, without contracts and services.
#   docker build -f deploy/images/dashboard.Dockerfile -t libral/dashboard .
ARG BASE=docker.io/library/python:3.11-slim-bookworm

FROM ${BASE} AS build
COPY requirements/dashboard.txt /requirements.txt
RUN python3 -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --require-hashes -r /requirements.txt

FROM ${BASE}
COPY --from=build /venv /venv
COPY pyproject.toml /app/
COPY services/__init__.py /app/services/
COPY services/common /app/services/common
COPY dashboard /app/dashboard
ENV PATH=/venv/bin:/usr/bin:/bin PYTHONPATH=/app PYTHONDONTWRITEBYTECODE=1 \
    LIBRAL_LOG_FORMAT=json LIBRAL_HOST=0.0.0.0 LIBRAL_DASHBOARD_FONTS=/app/fonts
WORKDIR /app
RUN python -m dashboard.fonts /app/fonts
USER 10001:10001
EXPOSE 8081
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8081/healthz', timeout=2)"]
CMD ["python", "-m", "dashboard"]
