# shellcheck shell=bash
# For scripts/package and scripts/try-packages, which source it after scripts/outside/prepare.sh: the tools they share.
packaging=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$packaging/.." && pwd)
mkdir -p "$target"
target=$(cd "$target" && pwd)

fill_packer() {
  cp "$packaging"/tools/{package.json,package-lock.json,.npmrc} "$1/" && (cd "$1" && npm install --prefer-offline)
}

prepare_packaging() {
  tools=$(once packaging-python fill_python "$packaging/tools/requirements.txt")
  packer=$(once packaging-npm fill_packer "$packaging/tools/package-lock.json" "$packaging/tools/package.json")
  PATH=$tools/bin:$packer/node_modules/.bin:$PATH
}
