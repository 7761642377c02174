"""The image and the services beside it, as far as that shows without a container engine."""

import ast
import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml


def find_linter(name):
    """A program of the environment that the tests run in, or else of the machine."""
    found = shutil.which(name, path=Path(sys.executable).parent) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: make setup")
    return found


def check(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@dataclass
class Stage:
    image: str
    name: str
    instructions: list

    def arguments(self, name):
        return [arguments for instruction, arguments in self.instructions if instruction == name]


@pytest.fixture(scope="module")
def stages(project_root):
    """The stages of the Dockerfile, each with its [(instruction, arguments)]; comments gone, continued lines joined."""
    text = re.sub(r"^\s*#.*\n", "", (project_root / "Dockerfile").read_text(), flags=re.MULTILINE)
    found = []
    for line in filter(None, re.sub(r"\\\n", "", text).splitlines()):
        instruction, arguments = line.split(maxsplit=1)
        if instruction == "FROM":
            image, _, name = arguments.partition(" AS ")
            found.append(Stage(image, name, []))
        else:
            found[-1].instructions.append((instruction, arguments))
    return found


@pytest.fixture(scope="module")
def final(stages):
    """[(instruction, arguments)] of the image itself: those of the last stage, after those of the stages that it is built upon."""
    named = {stage.name: stage for stage in stages}
    chain = [stages[-1]]
    while chain[0].image in named:
        chain.insert(0, named[chain[0].image])
    return Stage(chain[0].image, "", [instruction for stage in chain for instruction in stage.instructions])


@pytest.fixture(scope="module")
def services(project_root):
    return yaml.safe_load((project_root / "compose.yaml").read_text())["services"]


def test_the_dockerfile_satisfies_its_linter(project_root):
    check(find_linter("hadolint"), "--no-color", "--failure-threshold", "style", str(project_root / "Dockerfile"))


def test_the_services_satisfy_the_compose_specification(project_root):
    check(find_linter("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", str(project_root / "compose.yaml"))


def test_images_are_pinned_by_tag(stages, services):
    named = {stage.name for stage in stages}
    foreign = [stage.image for stage in stages if stage.image not in named]
    foreign += [service["image"] for service in services.values() if "build" not in service]
    assert foreign
    assert [image for image in foreign if not re.fullmatch(r"[\w./-]+:\d[\w.-]*", image)] == []
    every = foreign + [service["image"] for service in services.values()]
    assert [image for image in every if ":" not in image or "latest" in image] == []


def test_the_base_image_has_a_python_that_the_project_supports(project_root, final):
    import tomllib

    from packaging.specifiers import SpecifierSet

    supported = tomllib.loads((project_root / "pyproject.toml").read_text())["project"]["requires-python"]
    assert re.search(r"python:(\d+\.\d+)", final.image)[1] in SpecifierSet(supported)


def test_the_last_user_is_a_number_and_not_root(final):
    # a name would do for Docker; Kubernetes can tell that a number is not root
    assert re.fullmatch(r"[1-9]\d*(:[1-9]\d*)?", final.arguments("USER")[-1])


def test_nothing_is_written_after_the_change_of_user(final):
    names = [name for name, _ in final.instructions]
    assert {"RUN", "COPY", "ADD"}.isdisjoint(names[names.index("USER") :])


def test_the_image_has_no_tools_for_building(final):
    commands = " ".join(final.arguments("RUN"))
    assert re.findall(r"\b(?:apt|apt-get|apk|dnf|gcc|g\+\+|build-essential|curl|wget|git)\b", commands) == []


def test_the_build_backend_stays_behind(project_root, stages, final):
    import tomllib

    (origin,) = {match[1] for copy in final.arguments("COPY") if (match := re.match(r"--from=(\S+) /opt/", copy))}
    (removal,) = next(stage for stage in stages if stage.name == origin).arguments("RUN")
    backend = tomllib.loads((project_root / "pyproject.toml").read_text())["build-system"]["requires"]
    assert [name for requirement in backend if (name := re.match(r"[\w-]+", requirement)[0]) not in removal.split("uninstall")[1]] == []


def test_packages_come_from_the_lock_with_hashes_or_from_the_wheel(stages):
    installations = [
        command
        for stage in stages
        for arguments in stage.arguments("RUN")
        for command in arguments.split("&&")
        if re.search(r"\bpip\b.*\b(install|wheel)\b", command)
    ]
    assert len(installations) == 3
    for command in installations:
        assert "--no-deps" in command
        locked = "--require-hashes" in command and "--requirement /build/requirements.lock" in command
        assert locked or "/wheels/*.whl" in command or "--no-build-isolation" in command


def test_pip_leaves_no_cache(final):
    assert any("PIP_NO_CACHE_DIR=1" in arguments for arguments in final.arguments("ENV"))


def sources(stages):
    for stage in stages:
        for arguments in stage.arguments("COPY") + stage.arguments("ADD"):
            *words, _ = arguments.split()
            if not any(word.startswith("--from=") for word in words):
                yield from (word for word in words if not word.startswith("--"))


def test_what_is_copied_is_in_the_repository_and_reaches_the_builder(project_root, stages):
    files = subprocess.run(["git", "ls-files", *sources(stages)], cwd=project_root, capture_output=True, text=True)
    tracked = {line.split("/")[0] for line in files.stdout.splitlines()}
    patterns = [line for line in (project_root / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert patterns[0] == "*"
    admitted = {line[1:].rstrip("/") for line in patterns if line.startswith("!")}
    assert set(sources(stages)) == admitted
    if files.returncode == 0:
        assert admitted == tracked
    else:
        assert [source for source in admitted if not (project_root / source).exists()] == []


def test_credentials_do_not_reach_the_builder(project_root):
    patterns = (project_root / ".dockerignore").read_text().splitlines()
    # the last pattern that matches decides
    assert patterns.index("conf/local/") > patterns.index("!conf/")
    assert patterns.index("**/.env") > patterns.index("!src/")


def test_stages_that_are_copied_from_exist(stages):
    named = [stage.name for stage in stages if stage.name]
    used = {origin for stage in stages for _, arguments in stage.instructions for origin in re.findall(r"\bfrom=([\w-]+)", arguments)}
    assert used <= set(named)


def test_the_folders_that_kedro_wants_are_there(project_root, final):
    import tomllib

    (made,) = re.findall(r"mkdir -p ([^&]+)", " ".join(final.arguments("RUN")))
    source = tomllib.loads((project_root / "pyproject.toml").read_text())["tool"]["kedro"]["source_dir"]
    assert {source, "conf/local", "data"} <= set(made.split())
    (folder,) = final.arguments("WORKDIR")
    assert final.arguments("VOLUME") == [f"{folder}/data"]


def test_the_default_is_a_schedule_that_can_be_read(final):
    from ganflow.scheduling import build_trigger

    assert json.loads(final.arguments("ENTRYPOINT")[-1]) == ["kedro"]
    command, option, cron = json.loads(final.arguments("CMD")[-1])
    assert (command, option) == ("schedule", "--cron")
    build_trigger(cron)


@pytest.mark.parametrize(
    ("status", "healthy"),
    [
        ({"state": "waiting", "next_run": "2999-01-01T03:00:00+00:00"}, True),
        ({"state": "waiting", "next_run": None}, True),
        ({"state": "running", "next_run": "2020-01-01T03:00:00+00:00"}, True),
        ({"state": "waiting", "next_run": "2020-01-01T03:00:00+00:00"}, False),
        ({"state": "stopped", "next_run": None}, False),
        (None, False),
    ],
    ids=["due later", "just started", "at work", "overdue", "stopped", "never started"],
)
def test_health_is_what_the_schedule_says_of_itself(final, tmp_path, status, healthy):
    from ganflow.scheduling import FOLDER

    if status is not None:
        (tmp_path / FOLDER).mkdir(parents=True)
        (tmp_path / FOLDER / "status.json").write_text(json.dumps(status))
    (arguments,) = final.arguments("HEALTHCHECK")
    program, option, code = json.loads(arguments.partition(" CMD ")[2])
    assert (program, option) == ("python", "-c")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True)
    assert (done.returncode == 0) == healthy


def test_ports_are_published_on_this_machine_only(services):
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert published
    for port in published:
        assert port["host_ip"] == "127.0.0.1" if isinstance(port, dict) else str(port).startswith("127.0.0.1:")
    assert [name for name, service in services.items() if "network_mode" in service] == []


@pytest.mark.parametrize("name", ["ganflow", "mlflow"])
def test_services_may_do_as_little_as_possible(services, name):
    service = services[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"privileged", "cap_add", "devices", "user", "pid", "ipc"}.isdisjoint(service)
    # what is not read-only is memory or a volume that compose makes
    assert [volume for volume in service["volumes"] if not re.match(r"\w+:/", volume)] == []


def test_the_schedule_finds_the_server(services):
    server, schedule = services["mlflow"], services["ganflow"]
    address = schedule["environment"]["MLFLOW_TRACKING_URI"].removeprefix("http://")
    options = dict(option.removeprefix("--").partition("=")[::2] for option in server["command"])
    host, port = address.split(":")
    assert host in services
    assert port == options["port"]
    assert address in options["allowed-hosts"].split(",")
    assert schedule["depends_on"] == {"mlflow": {"condition": "service_healthy"}}
    (test,) = [word for word in server["healthcheck"]["test"] if "http" in word]
    assert f"localhost:{port}/health" in test
    ast.parse(test)


def test_the_server_understands_its_options(services):
    program, name = services["mlflow"]["entrypoint"]
    options = services["mlflow"]["command"]
    # reads the options and starts nothing
    code = "import sys, mlflow.cli; mlflow.cli.cli.get_command(None, sys.argv[1]).make_context(*sys.argv[1:2], sys.argv[2:])"
    check(sys.executable, "-c", code, name, *options)
    assert program == "mlflow"


def test_what_the_server_keeps_is_in_its_volume(services, final):
    (volume,) = services["mlflow"]["volumes"]
    folder = volume.split(":")[1]
    assert folder in final.arguments("VOLUME")
    kept = [option for option in services["mlflow"]["command"] if option.startswith(("--backend-store-uri", "--artifacts-destination"))]
    assert len(kept) == 2
    assert [option for option in kept if f"{folder}/" not in option] == []


def test_a_stop_leaves_time_for_saving(services):
    from ganflow.scheduling import GRACE_SECONDS

    assert int(services["ganflow"]["stop_grace_period"].removesuffix("s")) > GRACE_SECONDS


@pytest.mark.parametrize("name", ["Dockerfile", ".dockerignore", "compose.yaml"])
def test_no_secrets_and_no_addresses_of_package_indexes(project_root, name):
    text = (project_root / name).read_text()
    assert re.findall(r"(?i)\b\w*(?:password|passwd|secret|token|api_?key|credential)\w*\s*[=:]\s*\S+", text) == []
    assert re.findall(r"(?i)index-url|find-links|trusted-host|pip\.conf|PIP_INDEX", text) == []
    # the other service, and a server's question whether it is alive, are all that is named
    assert set(re.findall(r"https?://([^/:\s'\"]+)", text)) <= {"mlflow", "localhost"}
