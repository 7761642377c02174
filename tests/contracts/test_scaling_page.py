"""What docs/scaling.md tells people to type makes a TF_CONFIG that the project accepts."""

import os
import re
import subprocess

import pytest
import yaml

from ganflow.runtime.cluster import membership


def blocks(project_root, language):
    return re.findall(rf"```{language}\n(.*?)```", (project_root / "docs/scaling.md").read_text(), re.DOTALL)


def config_of(script, folder, **variables):
    """TF_CONFIG as `kedro run` would see it in the script, with the commands of a cluster replaced by what they print."""
    commands = {
        "kedro": 'printf %s "$TF_CONFIG"',
        "srun": 'exec "$@"',
        "scontrol": "printf 'node-1\\nnode-2\\n'",
    }
    for name, body in commands.items():
        (folder / name).write_text(f"#!/bin/bash\n{body}\n")
        (folder / name).chmod(0o755)
    environment = os.environ | {"PATH": f"{folder}:{os.environ['PATH']}"} | variables
    output = subprocess.run(["bash", "-ec", script], env=environment, capture_output=True, text=True, check=True).stdout
    return membership({"TF_CONFIG": output})


@pytest.mark.parametrize("number", [0, 1])
def test_two_machines(project_root, tmp_path, number):
    found = config_of(blocks(project_root, "bash")[number], tmp_path)
    assert (found.num_workers, found.name, found.is_chief) == (2, f"worker {number}", number == 0)


@pytest.mark.parametrize("number", [0, 1])
def test_slurm(project_root, tmp_path, number):
    found = config_of(blocks(project_root, "bash")[2], tmp_path, SLURM_PROCID=str(number), SLURM_JOB_NODELIST="node-[1-2]")
    assert (found.num_workers, found.name) == (2, f"worker {number}")


@pytest.mark.parametrize("number", [0, 1])
def test_kubernetes(project_root, tmp_path, number):
    (text,) = blocks(project_root, "yaml")
    service, job = yaml.safe_load_all(text)
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    found = config_of(container["args"][0], tmp_path, JOB_COMPLETION_INDEX=str(number))
    assert (found.num_workers, found.name) == (job["spec"]["completions"], f"worker {number}")
    # a pod is reached as <job>-<index>.<subdomain>, which has to be the service's name
    assert pod["subdomain"] == service["metadata"]["name"]
    assert f"{job['metadata']['name']}-0.{pod['subdomain']}:" in container["args"][0]
