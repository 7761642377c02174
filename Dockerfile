# docker build --tag ganflow:local .        then see docs/container.md
FROM python:3.12-slim-bookworm AS base
ENV PYTHONUNBUFFERED=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore

# the locked packages: built anew only when the lock changes; wheels alone, so that no compiler is needed
FROM base AS locked
COPY requirements.lock /build/
RUN python -m venv --without-pip /opt/ganflow \
    && pip --python /opt/ganflow/bin/python install --only-binary :all: --require-hashes --no-deps --requirement /build/requirements.lock

# the project's wheel, made by the build backend in the lock
FROM locked AS wheel
WORKDIR /build
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN pip --python /opt/ganflow/bin/python wheel --no-deps --no-build-isolation --wheel-dir /wheels .

# the packages that a run needs: the build backend is in the lock too, and stays behind
FROM locked AS packages
RUN pip --python /opt/ganflow/bin/python uninstall --yes hatchling editables trove-classifiers

FROM base
ENV PATH=/opt/ganflow/bin:$PATH \
    DO_NOT_TRACK=1 \
    KEDRO_DISABLE_TELEMETRY=1 \
    # there is no git in here
    GIT_PYTHON_REFRESH=quiet \
    # for caches: the only place that can be written to if the root is read-only, and anybody's
    HOME=/tmp
COPY --from=packages /opt/ganflow /opt/ganflow
RUN --mount=type=bind,from=wheel,source=/wheels,target=/wheels \
    pip --python /opt/ganflow/bin/python install --no-deps /wheels/*.whl
WORKDIR /srv/ganflow
COPY pyproject.toml .telemetry ./
COPY conf conf
# Kedro wants a source folder though the package is installed, and an environment `local` though it is empty;
# kedro-viz writes to `.viz`, runs to `data`, whose owner the volume takes over
RUN groupadd --gid 10001 ganflow \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin --no-log-init ganflow \
    && mkdir -p src conf/local data .viz \
    && chown ganflow:ganflow data .viz
VOLUME /srv/ganflow/data
USER 10001:10001
# a schedule whose next run should have begun five minutes ago, or that has stopped, is of no use
HEALTHCHECK --interval=1m --timeout=10s --start-period=2m --retries=3 CMD ["python", "-c", "\
import datetime, json, pathlib, sys; \
status = json.loads(pathlib.Path('data/schedule/status.json').read_text()); \
late = datetime.datetime.now().astimezone() - datetime.timedelta(minutes=5); \
due = status['next_run'] and datetime.datetime.fromisoformat(status['next_run']); \
sys.exit(status['state'] == 'stopped' or (status['state'] == 'waiting' and due is not None and due < late))"]
ENTRYPOINT ["kedro"]
CMD ["schedule", "--cron", "0 3 * * *"]
