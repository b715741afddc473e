"""Packs a folder as .tar.gz, or as .zip where its program is for Windows; the same content makes the same file.

    archive.py FOLDER INTO
"""

import gzip
import os
import pathlib
import sys
import tarfile
import time
import zipfile


def pack(folder, into):
    stamp = max(int(os.environ.get("SOURCE_DATE_EPOCH", "315532800")), 315532800)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if any(path.suffix == ".exe" for path in files):
        with zipfile.ZipFile(into / f"{folder.name}.zip", "w") as archive:
            for path in files:
                entry = zipfile.ZipInfo(path.relative_to(folder.parent).as_posix(), time.gmtime(stamp)[:6])
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, path.read_bytes())
        return
    with (
        open(into / f"{folder.name}.tar.gz", "wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=stamp) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for path in files:
            entry = archive.gettarinfo(path, path.relative_to(folder.parent).as_posix())
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = "root"
            entry.mtime = stamp
            with open(path, "rb") as content:
                archive.addfile(entry, content)


if __name__ == "__main__":
    pack(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
