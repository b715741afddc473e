"""Puts every package of a folder in place as a new user would, and talks to what is there. scripts/try-packages runs it."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request

from newcomer import Conversation, Failed, Home, companies, sandbox


def converse(command, environment):
    """The demo's companies, and one question about them."""
    conversation = Conversation([*command, "serve", "--demo", "--demo-inspections", "500"], environment).open()
    found = companies(conversation)
    result = conversation.call("list_inspections", period="this_month", company=found[0], limit=5)
    if result.get("isError") or len(found) != 2:
        raise Failed(f"{found}: {result['content'][0]['text']}")
    conversation.close()


def try_program(home, command, version):
    said = home.run([*command, "--version"]).strip()
    if said != f"spectora-mcp {version}":
        raise Failed(f"--version says {said!r}")
    converse(command, home.environment)


def try_archive(package, home, version):
    with tarfile.open(package) as archive:
        archive.extractall(home.folder, filter="data")
    folder = home.folder / package.name.removesuffix(".tar.gz")
    for wanted in ["LICENSE", "LICENSE.fonts", "README.md", "completions/spectora-mcp.bash", "man/spectora-mcp-setup.1"]:
        if not (folder / wanted).is_file():
            raise Failed(f"{wanted} is missing")
    try_program(home, [folder / "spectora-mcp"], version)
    return "archive unpacked"


def try_wheel(package, home, version, uv):
    # uvx brings no Python of its own here and asks no index: the wheel needs nothing else.
    only = ["tool", "run", "--offline", "--no-python-downloads", "--python", sys.executable, "--from", package, "spectora-mcp"]
    try_program(home, [uv, *only], version)
    home.run([sys.executable, "-m", "venv", home.folder / "venv"])
    home.run([home.folder / "venv" / "bin" / "pip", "install", "--quiet", "--no-index", "--disable-pip-version-check", package])
    try_program(home, [home.folder / "venv" / "bin" / "spectora-mcp"], version)
    return "uvx and pip"


def try_npm(package, carrier, home, version):
    folder = home.folder / "project"
    folder.mkdir()
    # Where Node.js is.
    home.environment["PATH"] = os.environ["PATH"]
    home.run(["npm", "install", "--offline", "--no-audit", "--no-fund", "--prefix", folder, carrier, package])
    try_program(home, ["npx", "--offline", "--prefix", folder, "spectora-mcp"], version)
    return "npx, both packages from files"


def try_deb(package, home, version):
    root = home.folder / "root"
    home.run(["dpkg", "-x", package, root])
    for wanted in ["share/man/man1/spectora-mcp.1.gz", "share/bash-completion/completions/spectora-mcp"]:
        if not (root / "usr" / wanted).is_file():
            raise Failed(f"{wanted} is missing")
    try_program(home, [root / "usr" / "bin" / "spectora-mcp"], version)
    return "unpacked by dpkg"


def started_as(bundle, packer, values):
    """The command, arguments and environment that a client makes of the manifest, by the official package's own code."""
    script = """
      import { getMcpConfigForManifest } from "@anthropic-ai/mcpb";
      import { readFileSync } from "node:fs";
      const [bundle, values] = process.argv.slice(-2);
      const manifest = JSON.parse(readFileSync(bundle + "/manifest.json", "utf8"));
      const config = await getMcpConfigForManifest({
        manifest, extensionPath: bundle, systemDirs: {}, userConfig: JSON.parse(values), pathSeparator: "/",
      });
      console.log(JSON.stringify(config));
    """
    ran = subprocess.run(
        ["node", "--input-type=module", "--eval", script, "--", str(bundle), json.dumps(values)],
        cwd=packer,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(ran.stdout)


def try_bundle(package, home, version, packer):
    bundle = home.folder / "bundle"
    home.run([packer / "node_modules" / ".bin" / "mcpb", "unpack", package, bundle], PATH=os.environ["PATH"])
    program = bundle / "server" / "spectora-mcp"
    try_program(home, [program], version)

    service, url, keys = sandbox(program, home)
    try:
        # The sandbox in the place of Spectora is all that a user's own start would not have.
        service_at = {"SPECTORA_BASE_URL": url, "SPECTORA_DATA_DIR": str(home.folder / "data")}
        names = sorted(keys)
        zones = ["America/Denver", "America/New_York"]
        values = {
            "api_key": keys[names[0]],
            "company_name": names[0],
            "timezone": zones[0],
            "api_key_2": keys[names[1]],
            "company_name_2": names[1],
            "timezone_2": zones[1],
        }

        def answers(values, with_environment, expected):
            start = started_as(bundle, packer, values)
            given = service_at | start["env"] if with_environment else {}
            if any(key in " ".join(start["args"]) for key in keys.values()):
                raise Failed("a key stands among the arguments")
            conversation = Conversation([start["command"], *start["args"]], home.environment | given).open()
            found = companies(conversation)
            if found != expected:
                raise Failed(f"{found} instead of {expected}")
            for name in found:
                result = conversation.call("list_inspections", period="this_month", company=name, limit=5)
                if result.get("isError"):
                    raise Failed(result["content"][0]["text"])
            conversation.close()

        answers(values, True, names)
        one = {field: value for field, value in values.items() if not field.endswith("_2")}
        answers(one, True, names[:1])
        # A client that passes no environment: what a settings file says, chosen in a field or in the usual place.
        settings = home.folder / "spectora.toml"
        settings.write_text(
            "".join(
                f'[companies.{name}]\napi_key = "{keys[name]}"\ntimezone = "{zone}"\n' for name, zone in zip(names, zones)
            )
            + f'[api]\nbase_url = "{url}"\n[mirror]\nfolder = "{home.folder / "data"}"\n'
        )
        settings.chmod(0o600)
        answers(values | {"settings_file": str(settings)}, False, names)
        usual = home.folder / ".config" / "spectora-mcp"
        usual.mkdir(parents=True)
        settings.rename(usual / "spectora.toml")
        answers(values, False, names)
        # And where there is no such file, it says what to do.
        (usual / "spectora.toml").unlink()
        start = started_as(bundle, packer, values)
        conversation = Conversation([start["command"], *start["args"]], home.environment).open()
        result = conversation.call("list_companies")
        text = result["content"][0]["text"]
        if not result.get("isError") or "no company is configured" not in text or "settings file" not in text:
            raise Failed(f"without keys it says: {text}")
        conversation.close()
    finally:
        service.terminate()
        service.wait()
    return "two companies and one by the manifest; without the environment by a settings file"


def try_container(package, home, version):
    """The image's contents without an engine: the program and the system's C libraries, and nothing else, as `nobody`."""
    root = home.folder / "root"
    (root / "usr" / "local" / "bin").mkdir(parents=True)
    with tarfile.open(package) as archive:
        archive.extractall(home.folder, filter="data")
    program = home.folder / package.name.removesuffix(".tar.gz") / "spectora-mcp"
    shutil.copy2(program, root / "usr" / "local" / "bin")
    for line in home.run(["ldd", program]).splitlines():
        for word in line.split():
            if word.startswith("/"):
                place = root / word.lstrip("/")
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(word, place)
    for folder in ["data", "tmp"]:
        (root / folder).mkdir()
        (root / folder).chmod(0o1777)
    for folder in [home.folder.parent, home.folder]:
        folder.chmod(0o755)
    chroot = shutil.which("chroot", path="/usr/sbin:/usr/bin:/sbin:/bin")
    inside = [chroot, "--userspec=65532:65532", root]
    if os.geteuid() != 0:
        inside = ["unshare", "--map-root-user", chroot, root]
    home.environment |= {"HOME": "/tmp", "TMPDIR": "/tmp"}
    container = (pathlib.Path(__file__).parent.parent / "configs" / "Containerfile").read_text(encoding="utf-8")
    said = dict(line.split(" ", 1) for line in container.splitlines() if line.startswith(("ENTRYPOINT ", "CMD ")))
    entry = [*inside, *json.loads(said["ENTRYPOINT"])]
    try_program(home, entry, version)
    # As the image is started, but for the address.
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [*entry, *(address if part == "0.0.0.0:8765" else part for part in json.loads(said["CMD"]))]
    key = {"SPECTORA_API_KEY": "example-key", "SPECTORA_TIMEZONE": "America/Denver", "SPECTORA_BASE_URL": "http://127.0.0.1:9"}
    server = subprocess.Popen(command, env=home.environment | key, stderr=subprocess.PIPE, text=True)
    try:
        for _ in range(100):
            try:
                with urllib.request.urlopen(f"http://{address}/healthz", timeout=5) as answer:
                    if answer.status == 200:
                        break
            except OSError:
                time.sleep(0.1)
        else:
            server.kill()
            raise Failed(f"it does not serve: {server.stderr.read()[-1500:]}")
    finally:
        server.terminate()
        server.wait()
    return "started as the Containerfile says, in a chroot with this system's C library in the place of the base image's"


def main():
    dist, uv, packer = (pathlib.Path(argument) for argument in sys.argv[1:])
    version = json.loads((pathlib.Path(__file__).parent.parent / "server.json").read_text())["version"]
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=dist, check=True)
    archive = dist / f"spectora-mcp-{version}-linux-x86_64.tar.gz"
    bundle = dist / f"spectora-mcp-{version}-linux-x86_64.mcpb"
    wheel = next(dist.glob(f"spectora_mcp-{version}-*x86_64.whl"), dist / "no wheel")
    npm, carrier = dist / f"spectora-mcp-{version}.tgz", dist / f"spectora-mcp-linux-x64-{version}.tgz"
    deb = dist / f"spectora-mcp_{version}_amd64.deb"
    tries = {
        archive.name: lambda home: try_archive(archive, home, version),
        bundle.name: lambda home: try_bundle(bundle, home, version, packer),
        wheel.name: lambda home: try_wheel(wheel, home, version, uv),
        npm.name: lambda home: try_npm(npm, carrier, home, version),
        deb.name: lambda home: try_deb(deb, home, version),
        "container": lambda home: try_container(archive, home, version),
    }
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, attempt) in enumerate(tries.items()):
            since = time.monotonic()
            try:
                said = attempt(Home(pathlib.Path(folder) / str(number)))
            except (Failed, OSError, subprocess.SubprocessError) as error:
                said, failed = f"FAILED: {error}", True
            print(f"{time.monotonic() - since:5.1f} s  {name}: {said}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
