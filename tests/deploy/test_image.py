"""The Dockerfile and the compose file, as far as they can be tested without a container engine."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from seatlatch.settings import read_settings
from tests import web
from tests.cli.commands import run_within
from tests.deploy.deploying import DEPLOY, ROOT, drain_seconds
from tests.deploy.image import IMAGE, INSTALLED, environment_in, of_stage, stages
from tests.requirements import missing

pytestmark = pytest.mark.slow

NO_IMAGE = "The steps of the Dockerfile were not run; run: make tools"
SERVICES = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]


def test_what_the_image_copies_is_sent_to_the_builder() -> None:
    names = {name for text in of_stage(0, "COPY") for name in text.split()[:-1]}
    sent = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert {f"!{name}" for name in names} <= set(sent)
    assert all((ROOT / name).exists() for name in names)


def test_the_program_that_its_steps_install_serves(tmp_path: Path) -> None:
    """In an environment without anything of this one."""
    (entry,) = map(json.loads, of_stage(1, "ENTRYPOINT"))
    (command,) = map(json.loads, of_stage(1, "CMD"))
    program = str(entry[0]).replace(INSTALLED, str(IMAGE / "installed"))
    if not Path(program).exists():
        missing(NO_IMAGE)
    plain = {**environment_in(tmp_path), "SEATLATCH_HOST": "127.0.0.1"}
    subprocess.run([program, "migrate"], env=plain, check=True, capture_output=True)
    with subprocess.Popen(
        [program, *command, "--port", "0", "--json"],
        env=plain,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout
        try:
            about = json.loads(process.stdout.readline())
            assert web.get(about["url"] + "/readyz").status_code == 200
        finally:
            process.terminate()
    assert process.returncode == 0


def test_it_does_not_run_as_root() -> None:
    names = [step.name for step in stages()[1]]
    assert of_stage(1, "USER") == ["seatlatch"]
    assert names.index("USER") < names.index("ENTRYPOINT")


def test_the_compose_file_runs_commands_that_exist() -> None:
    ours = {name: one for name, one in SERVICES.items() if one.get("image") == "seatlatch"}
    assert set(ours) == {"migrate", "server"}
    for one in ours.values():
        assert run_within(*one["command"], "--help").returncode == 0


def test_the_compose_file_fits_together() -> None:
    server, proxy = SERVICES["server"], SERVICES["proxy"]
    address = proxy["networks"]["default"]["ipv4_address"]
    assert server["environment"]["SEATLATCH_TRUSTED_PROXIES"] == address
    own = server["networks"]["default"]["ipv4_address"]
    assert proxy["environment"]["SERVER"] == f"{own}:{read_settings({}, {}).port}"
    mounted, _, _ = proxy["volumes"][0].partition(":")
    assert (DEPLOY / mounted).is_file()
    seconds = int(server["stop_grace_period"].removesuffix("s"))
    assert seconds >= int(drain_seconds()) + read_settings({}, {}).shutdown_seconds + 5
