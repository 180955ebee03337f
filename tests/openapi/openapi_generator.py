"""The clients that openapi-generator makes of both documents, and how each of them is built.

One JVM generates all of them, since starting it takes most of the time. Each client is in
`GENERATOR/DOCUMENT` below the folder, and beside it the driver from `tests/openapi/clients`.
"""

import compileall
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from docs.generate import DOCUMENTS, ROOT
from tests.docs.running import environment
from tests.openapi.tools import TYPESCRIPT, generator, typescript
from tests.requirements import missing

CLIENTS = ROOT / "tests" / "openapi" / "clients"
PACKAGES = dict(zip(("channel", "operator_api"), DOCUMENTS, strict=True))
"""The names of a generator's two clients, each with its document."""

GENERATED_ANNOTATION = Path("/usr/share/java/geronimo-annotation-1.3-spec.jar")
COMMAND_SECONDS_MAX = 240
JVM = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""These start faster; the programs do not run long enough for more."""

Command = Sequence[str | Path]


class Generator(NamedTuple):
    """`options` as they are in a configuration file, by the package that the client is to be.

    `build` compiles both clients in a folder and returns the command that runs the driver there.
    """

    name: str
    options: Callable[[str], Mapping[str, Any]]
    build: Callable[[Path], Command] | None = None


def run(command: Command, folder: Path) -> str:
    """Run a command and return its output. It must succeed and may not use a registry."""
    offline = {"GOPROXY": "off", "GOFLAGS": "-mod=mod", "GO111MODULE": "on"}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment(**offline),
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS_MAX,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-5000:]
    return done.stdout


def generate(folder: Path, generators: Iterable[Generator]) -> str:
    """Make the clients of all generators; the log."""
    configurations = []
    for one in generators:
        for package, document in PACKAGES.items():
            configuration = {
                "generatorName": one.name,
                "inputSpec": str(ROOT / document),
                "outputDir": str(folder / one.name / package),
                "globalProperties": dict.fromkeys(
                    ("apiTests", "modelTests", "apiDocs", "modelDocs"), "false"
                ),
                **one.options(package),
            }
            configurations.append(folder / f"{one.name}-{package}.json")
            configurations[-1].write_text(json.dumps(configuration))
    done = subprocess.run(
        [_java("java"), *JVM, "-jar", _jar(), "batch", *configurations],
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS_MAX,
    )
    return done.stdout + done.stderr


def _tool(name: str, sentence: str) -> str:
    found = shutil.which(name)
    if found is None:
        missing(sentence)
    return found


def _java(name: str) -> str:
    return _tool(name, f"Install a JDK for {name} (Debian: default-jdk-headless).")


def _jar() -> Path:
    """The program of openapi-generator, which contains Jackson as well."""
    environment_folder = generator().parents[1]
    pattern = "lib/*/site-packages/openapi_generator_cli/openapi-generator.jar"
    return next(environment_folder.glob(pattern))


def _build_go(folder: Path) -> Command:
    go = _tool("go", "Install Go for the generated Go client (Debian: golang-go).")
    (folder / "go.mod").write_text("module generated\n\ngo 1.18\n")
    (folder / "unlock").mkdir()
    shutil.copy(CLIENTS / "unlock.go", folder / "unlock" / "main.go")
    (folder / "bin").mkdir()
    run([go, "build", "-o", "bin", "./..."], folder)
    return [folder / "bin" / "unlock"]


def _build_java(folder: Path) -> Command:
    if not GENERATED_ANNOTATION.exists():
        missing(
            "Install javax.annotation.Generated for the generated Java client"
            " (Debian: libgeronimo-annotation-1.3-spec-java)."
        )
    libraries = os.pathsep.join((str(_jar()), str(GENERATED_ANNOTATION)))
    sources = [*folder.glob("*/src/main/**/*.java"), CLIENTS / "Unlock.java"]
    (folder / "sources").write_text("\n".join(map(str, sources)))
    javac = [_java("javac"), *(f"-J{option}" for option in JVM), "-nowarn", "-proc:none"]
    run([*javac, "-cp", libraries, "-d", "classes", "@sources"], folder)
    classes = f"{folder / 'classes'}{os.pathsep}{libraries}"
    return [_java("java"), *JVM, "-cp", classes, "Unlock"]


def _build_python(folder: Path) -> Command:
    assert compileall.compile_dir(folder, quiet=2)
    for package in PACKAGES:
        run([generator(), "-c", f"import {package}"], folder / package)
    return [generator(), CLIENTS / "unlock.py", folder / "channel"]


def _build_typescript(driver: str) -> Callable[[Path], Command]:
    def build(folder: Path) -> Command:
        compiler, node = typescript(), _tool("node", "Install Node.js (Debian: nodejs).")
        for name in ("tsconfig.json", "plan.ts", driver):
            shutil.copy(CLIENTS / "typescript" / name, folder)
        (folder / "node_modules").symlink_to(TYPESCRIPT)
        run([node, compiler, "--project", "."], folder)
        return [node, folder / "out" / Path(driver).with_suffix(".js")]

    return build


def _properties(**properties: str) -> Callable[[str], Mapping[str, Any]]:
    """Options that are the same for both packages, with `PACKAGE` for the package's name."""

    def options(package: str) -> Mapping[str, Any]:
        named = {name: text.replace("PACKAGE", package) for name, text in properties.items()}
        return {"additionalProperties": named}

    return options


GENERATORS = (
    Generator("go", _properties(packageName="PACKAGE", withGoMod="false"), _build_go),
    Generator(
        "java",
        _properties(
            library="native",
            openApiNullable="false",
            invokerPackage="PACKAGE",
            apiPackage="PACKAGE.api",
            modelPackage="PACKAGE.model",
        ),
        _build_java,
    ),
    Generator("python", _properties(packageName="PACKAGE"), _build_python),
    Generator("typescript-fetch", _properties(), _build_typescript("fetch.ts")),
    Generator("typescript-axios", _properties(), _build_typescript("axios.ts")),
    Generator("kotlin", _properties()),
    Generator("csharp", _properties()),
)
"""The last two are not compiled: their libraries are neither in Debian nor on PyPI or npm."""
