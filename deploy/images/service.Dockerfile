# One service with the contracts and the kernel, without other services.
#   docker build -f deploy/images/service.Dockerfile --build-arg SERVICE=users -t libral/users .
ARG BASE=docker.io/library/python:3.11-slim-bookworm

FROM ${BASE} AS build
ARG SERVICE
COPY requirements/${SERVICE}.txt /requirements.txt
RUN python3 -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --require-hashes -r /requirements.txt

FROM ${BASE}
ARG SERVICE
COPY --from=build /venv /venv
COPY pyproject.toml /app/
COPY protos/gen/libral /app/libral
COPY services/__init__.py /app/services/
COPY services/common /app/services/common
COPY services/kernel /app/services/kernel
COPY services/${SERVICE} /app/services/${SERVICE}
# A volume mounted here inherits this owner.
RUN mkdir /data && chown 10001:10001 /data
ENV PATH=/venv/bin:/usr/bin:/bin PYTHONPATH=/app PYTHONDONTWRITEBYTECODE=1 \
    LIBRAL_LOG_FORMAT=json SERVICE=${SERVICE}
WORKDIR /app
USER 10001:10001
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s \
  CMD ["python", "-m", "services.kernel.probe"]
CMD ["sh", "-c", "exec python -m services.$SERVICE"]
