"""Writes a wheel that carries the program as a script: `uvx spectora-mcp` and `pip install spectora-mcp` put it on the path.

    wheel.py PROGRAM PLATFORM_TAG FOLDER

Maturin would compile the program again; a wheel is a zip with three small files beside it
(https://packaging.python.org/specifications/binary-distribution-format/).
"""

import base64
import hashlib
import json
import os
import pathlib
import sys
import time
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent


def metadata(version):
    server = json.loads((ROOT / "server.json").read_text(encoding="utf-8"))
    npm = json.loads((ROOT / "packaging" / "npm" / "package.json").read_text(encoding="utf-8"))
    head = [
        "Metadata-Version: 2.4",
        "Name: spectora-mcp",
        f"Version: {version}",
        f"Summary: {npm['description']}",
        f"Keywords: {','.join(npm['keywords'])}",
        "License-Expression: Apache-2.0 AND OFL-1.1",
        "License-File: LICENSE",
        "License-File: LICENSE.fonts",
        "Requires-Python: >=3.8",
        "Description-Content-Type: text/markdown",
    ]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    # The registry of MCP servers looks for this line to see that the package and the entry are of the same people.
    return "\n".join(head) + f"\n\n{readme}\n<!-- mcp-name: {server['name']} -->\n"


def write(program, tag, folder):
    version = json.loads((ROOT / "server.json").read_text(encoding="utf-8"))["version"]
    name = f"spectora_mcp-{version}"
    info = f"{name}.dist-info"
    path = folder / f"{name}-py3-none-{tag}.whl"
    # The same sources make the same file.
    stamp = time.gmtime(max(int(os.environ.get("SOURCE_DATE_EPOCH", "315532800")), 315532800))[:6]
    record = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:

        def add(place, content, mode=0o644):
            entry = zipfile.ZipInfo(place, stamp)
            entry.external_attr = (0o100000 | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record.append(f"{place},sha256={digest},{len(content)}")

        add(f"{name}.data/scripts/{program.name}", program.read_bytes(), 0o755)
        add(f"{info}/METADATA", metadata(version).encode())
        add(f"{info}/licenses/LICENSE", (ROOT / "LICENSE").read_bytes())
        add(f"{info}/licenses/LICENSE.fonts", (ROOT / "crates/pdf/fonts/OFL.txt").read_bytes())
        wheel = ["Wheel-Version: 1.0", "Generator: spectora-mcp", "Root-Is-Purelib: false", f"Tag: py3-none-{tag}", ""]
        add(f"{info}/WHEEL", "\n".join(wheel).encode())
        lines = [*record, f"{info}/RECORD,,", ""]
        add(f"{info}/RECORD", "\n".join(lines).encode())
    return path


if __name__ == "__main__":
    print(write(pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])))
