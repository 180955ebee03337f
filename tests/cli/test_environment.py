"""The environment: injected and empty variables, blanks and control characters."""

import json
import pwd
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from seatlatch.environment import select_variables
from seatlatch.store.tickets import NewTicket
from tests import web
from tests.cases import all_cases
from tests.cli.commands import COMMAND, environment, run_here, run_within, running
from tests.cli.remoting import KEYS, remote
from tests.cli.test_bad_databases import assert_one_sentence
from tests.serving import ORGANIZATION, OWNER, make_inventory
from tests.sqlite_database import SqliteDatabase

INJECTED = {
    "SEATLATCH_SERVICE_HOST": "10.43.0.12",
    "SEATLATCH_SERVICE_PORT": "8080",
    "SEATLATCH_SERVICE_PORT_HTTP": "8080",
    "SEATLATCH_SERVICE_PORT_HTTP_2": "8081",
    "SEATLATCH_PORT": "tcp://10.43.0.12:8080",
    "SEATLATCH_PORT_8080_TCP": "tcp://10.43.0.12:8080",
    "SEATLATCH_PORT_8080_TCP_ADDR": "10.43.0.12",
    "SEATLATCH_PORT_8080_TCP_PORT": "8080",
    "SEATLATCH_PORT_8080_TCP_PROTO": "tcp",
    "SEATLATCH_PORT_53_UDP": "udp://10.43.0.12:53",
    "SEATLATCH_DB_SERVICE_HOST": "10.43.0.13",
    "SEATLATCH_DB_PORT": "tcp://10.43.0.13:5432",
    "SEATLATCH_DNS_PORT": "udp://10.43.0.13:53",
    "SEATLATCH_DB_PORT_5432_TCP_ADDR": "10.43.0.13",
}
"""The variables that Kubernetes sets for the services `seatlatch`, `seatlatch-db` and
`seatlatch-dns`.
"""

NOT_INJECTED = {
    "SEATLATCH_PORT": "http://10.43.0.12:8080",
    "SEATLATCH_DB_PORT": "5432",
    "SEATLATCH_SERVICE_HOSTS": "10.43.0.12",
    "SEATLATCH_MYSERVICE_HOST": "10.43.0.12",
    "SEATLATCH_SERVICE_PORTS": "8080",
    "SEATLATCH_SERVICE_PORT_": "8080",
    "SEATLATCH_SUPPORT": "tcp://10.43.0.12:8080",
    "SEATLATCH_PORT_HTTP_TCP": "tcp://10.43.0.12:8080",
    "SEATLATCH_PORT_8080_SCTP": "sctp://10.43.0.12:8080",
    "SEATLATCH_PORT_8080_TCP_NAME": "http",
    "SEATLATCH_NAME": "/web/seatlatch",
    "SEATLATCH_ENV_VERSION": "1",
}


LIBRARIES = {
    "WEB_CONCURRENCY": "x",
    "FORWARDED_ALLOW_IPS": "*",
    "PROMETHEUS_MULTIPROC_DIR": "/nowhere",
    "PROMETHEUS_DISABLE_CREATED_SERIES": "x",
    "TMPDIR": "/nowhere",
    "COLUMNS": "x",
    "TERM": "x",
    "TZ": "x",
    "LC_ALL": "C",
    "PYTHONIOENCODING": "ascii",
    "PYTHONWARNINGS": "error",
}
"""Bad values of variables that libraries read."""


def new(tmp_path: Path) -> SqliteDatabase:
    """A database that does not exist yet."""
    return SqliteDatabase(tmp_path / "inventory.db")


def test_what_a_platform_injects_is_ignored_and_one_line_says_so(tmp_path: Path) -> None:
    url = new(tmp_path).url
    ran = run_within("migrate", "--json", SEATLATCH_DATABASE_URL=url, **INJECTED)
    assert (ran.returncode, json.loads(ran.stdout)["database"]) == (0, url)
    assert_one_sentence(ran.stderr)
    assert [name for name in INJECTED if name not in ran.stderr] == []


def test_a_server_logs_what_it_has_ignored_and_takes_its_default(tmp_path: Path) -> None:
    database = make_inventory(tmp_path / "inventory.db")
    arguments = ("serve", "--port", "0", "--database", database.url)
    with running(*arguments, SEATLATCH_LOG_FORMAT="json", **INJECTED) as (process, about):
        assert web.get(about["url"] + "/livez").status_code == 200
        process.terminate()
        assert process.stderr is not None
        (line,) = process.stderr.read().splitlines()
    assert json.loads(line)["event"] == "settings"
    assert [name for name in INJECTED if name not in line] == []


@all_cases("name", sorted(NOT_INJECTED))
def test_nothing_else_that_is_unknown_is_ignored(tmp_path: Path, name: str) -> None:
    ran = run_within(
        "migrate", "--database", new(tmp_path).url, **{"LOGNAME": "a", name: NOT_INJECTED[name]}
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert name in ran.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_is_injected_for_a_remote_service_is_ignored_by_remote_alone() -> None:
    injected = {
        "SEATLATCH_REMOTE_SERVICE_HOST": "10.43.0.12",
        "SEATLATCH_REMOTE_PORT": "tcp://10.43.0.12:8080",
    }
    ran = remote("http://127.0.0.1:1", "request", "x", **injected)
    assert "There is no setting" not in ran.stderr
    assert ran.stderr.startswith("seatlatch: Ignored SEATLATCH_REMOTE_PORT, SEATLATCH_REMOTE_SERV")
    assert select_variables(injected).injected == []


@pytest.mark.parametrize("name", ["HOST", "PORT", "WORKERS", "LOG_LEVEL", "RATE_LIMIT", "NO_SUCH"])
def test_an_empty_variable_counts_as_absent(tmp_path: Path, name: str) -> None:
    ran = run_here(new(tmp_path), "migrate")
    again = run_within(
        "migrate", SEATLATCH_DATABASE_URL=new(tmp_path).url, **{f"SEATLATCH_{name}": ""}
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert (again.returncode, again.stderr) == (0, "")


def test_an_empty_url_is_the_default_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_within("migrate", SEATLATCH_DATABASE_URL="").returncode == 0
    assert [file.name for file in tmp_path.iterdir()] == ["seatlatch.db"]


def test_an_empty_variable_of_remote_leaves_the_file_as_it_is(tmp_path: Path) -> None:
    config = tmp_path / "remote.toml"
    config.write_text('url = "http://127.0.0.1:1"\napi_key = "in-file "\n')
    given = {**KEYS, "SEATLATCH_REMOTE_API_KEY": "", "SEATLATCH_REMOTE_URL": ""}
    ran = run_within("remote", "unlock", "a", "--config", str(config), **given)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert f"api_key in {config} must not end with U+0020 (space)." in ran.stderr


BAD_TEXT = [
    ("{}\n", "must not end with U+000A (line feed)"),
    ("{}\r\n", "must not end with U+000A (line feed)"),
    ("{} ", "must not end with U+0020 (space)"),
    (" {}", "must not begin with U+0020 (space)"),
    ("\ufeff{}", "must not begin with U+FEFF (zero width no-break space)"),
    ("{}\u00a0", "must not end with U+00A0 (no-break space)"),
    ("{}\u200b", "must not end with U+200B (zero width space)"),
    ("{}\u3164", "must not end with U+3164 (hangul filler)"),
    ("\u2800{}", "must not begin with U+2800 (braille pattern blank)"),
    ("{}\ufff0", "must not end with U+FFF0 (invisible character)"),
    ("\u200b{} ", "must not begin with U+200B (zero width space)"),
    ("{}\x1b[0m", "must not contain U+001B (control character)"),
    ("a\t{}", "must not contain U+0009 (tab)"),
    ("a\u2028{}", "must not contain U+2028 (line separator)"),
    ("{}\udcff", "must be text in UTF-8"),
]


@all_cases(("form", "problem"), BAD_TEXT)
@all_cases("name", ["SEATLATCH_DATABASE_URL", "SEATLATCH_HOST", "SEATLATCH_PORT"])
def test_blanks_and_control_characters_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, form: str, problem: str
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run_within("migrate", **{name: form.format("sqlite:///prod.db")})
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == f"seatlatch: {name} {problem}.\n"
    assert list(tmp_path.iterdir()) == []


@all_cases(("form", "problem"), BAD_TEXT)
@all_cases("name", sorted(KEYS))
def test_a_secret_with_a_blank_is_refused_and_never_shown(
    name: str, form: str, problem: str
) -> None:
    ran = remote("http://127.0.0.1:1", "unlock", "a", **{name: form.format("s3cr3t")})
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == f"seatlatch: {name} {problem}.\n"


def test_an_option_is_refused_by_its_own_name(tmp_path: Path) -> None:
    ran = run_within("migrate", "--database", f"{new(tmp_path).url}\n")
    assert ran.stderr == "seatlatch: --database must not end with U+000A (line feed).\n"
    ran = run_within("remote", "unlock", "a", "--url", "http://127.0.0.1:1 ", **KEYS)
    assert ran.stderr == "seatlatch: --url must not end with U+0020 (space).\n"


@pytest.mark.parametrize(
    ("option", "value", "variable"),
    [
        ("--port", "x", "SEATLATCH_PORT"),
        ("--host", "", "SEATLATCH_HOST"),
        ("--workers", "x", "SEATLATCH_WORKERS"),
        ("--database", "x", "SEATLATCH_DATABASE_URL"),
    ],
)
def test_the_variable_of_an_option_is_not_read(option: str, value: str, variable: str) -> None:
    """If the option is bad too, the option is refused, not the variable."""
    ran = run_within("serve", option, value, **{variable: "bad\n"})
    assert ran.returncode == 2
    assert option in ran.stderr
    assert variable not in ran.stderr


def test_the_url_of_remote_is_not_read_if_its_option_is_given() -> None:
    bad = {**KEYS, "SEATLATCH_REMOTE_URL": "bad\n", "SEATLATCH_REMOTE_USER_AGENT": "bad\n"}
    ran = run_within("remote", "unlock", "a", "--url", "http://127.0.0.1:1", **bad)
    assert "SEATLATCH_REMOTE_USER_AGENT" in ran.stderr


@pytest.fixture
def no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container's user: neither HOME nor an entry in the user database."""
    for variable in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown_user)


def unknown_user(number: int) -> pwd.struct_passwd:
    raise KeyError(f"getpwuid(): uid not found: {number}")


@pytest.mark.usefixtures("no_home")
def test_without_a_home_remote_works_by_its_variables() -> None:
    ran = remote("http://127.0.0.1:1", "unlock", "a")
    assert (ran.returncode, ran.stdout) == (1, "0 unlocked, 1 not answered.\n")
    ran = remote("", "unlock", "a")
    assert ran.stderr == "seatlatch: SEATLATCH_REMOTE_URL is not set. Set it.\n"


@pytest.mark.usefixtures("no_home")
def test_without_a_home_tokens_need_a_place_to_be_kept() -> None:
    code = {"SEATLATCH_REMOTE_ACCESS_TOKEN": "", "SEATLATCH_REMOTE_AUTHORIZATION_CODE": "code"}
    ran = remote("http://127.0.0.1:1", "unlock", "a", **code)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert_one_sentence(ran.stderr)
    assert "Set SEATLATCH_REMOTE_TOKEN_FILE, XDG_STATE_HOME or HOME." in ran.stderr


@pytest.mark.parametrize("home", [lambda path: path, lambda _: Path("/dev/null")])
def test_a_home_without_a_file_is_no_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Callable[[Path], Path]
) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    ran = remote("http://127.0.0.1:1", "unlock", "a", HOME=str(home(tmp_path)))
    assert (ran.returncode, ran.stdout) == (1, "0 unlocked, 1 not answered.\n")


def free(token: str) -> NewTicket:
    """A ticket that nobody has listed."""
    return NewTicket(token, ORGANIZATION, OWNER)


@pytest.mark.parametrize("name", ["a\nb", "\udcff", "x" * 1000])
def test_a_user_name_that_is_none_is_replaced_by_the_users_number(
    tmp_path: Path, name: str
) -> None:
    database = make_inventory(tmp_path / "inventory.db", [free("free-1")])
    arguments = ("tickets", "hold", "free-1", "--reason", "broken seat")
    ran = run_within(*arguments, SEATLATCH_DATABASE_URL=database.url, LOGNAME=name)
    assert "Traceback" not in ran.stderr
    history = run_here(database, "history", "free-1", "--json")
    assert "command line (" in history.stdout
    assert name not in history.stdout


def test_a_server_starts_whatever_the_variables_of_its_libraries_are(tmp_path: Path) -> None:
    """Use a new process, since some libraries read the environment when they are imported."""
    database = make_inventory(tmp_path / "inventory.db")
    arguments = ("serve", "--port", "0", "--database", database.url, "--json")
    pipe = subprocess.PIPE
    env = environment(LIBRARIES)
    with subprocess.Popen([*COMMAND, *arguments], env=env, stdout=pipe, stderr=pipe) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            metrics = web.get(json.loads(line)["url"] + "/metrics")
        finally:
            process.terminate()
            _, errors = process.communicate(timeout=30)
    assert "seatlatch_build_info{" in metrics.text
    assert (process.returncode, errors) == (0, b"")
