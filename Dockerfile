# The image of the service. compose.yaml runs it with PostgreSQL and a proxy.

FROM python:3.13-slim-bookworm AS build

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

RUN python -m venv /opt/incidents
WORKDIR /build
COPY pyproject.toml requirements.txt ./
# What the service needs to run, in the versions of requirements.txt; the test tools stay out.
RUN python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" > runtime.txt \
    && /opt/incidents/bin/pip install --only-binary :all: --constraint requirements.txt --requirement runtime.txt


FROM python:3.13-slim-bookworm

ENV PATH=/opt/incidents/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    BIND=0.0.0.0:8000

RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin incidents \
    && install --directory --owner=10001 --group=10001 --mode=700 /var/lib/incidents

COPY --from=build /opt/incidents /opt/incidents
WORKDIR /app
# Owned by root: the service cannot change its own code.
COPY . .

USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/livez', timeout=4)"]

# gunicorn reads gunicorn.conf.py by itself; static files are served by the service, uncollected.
CMD ["gunicorn", "incidents_project.wsgi"]
