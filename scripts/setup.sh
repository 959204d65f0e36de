#!/usr/bin/env bash
# setup.sh run | test | proof : installs what is missing on a Debian machine that has rustup, git, node and npm.
# "test" adds a browser, "proof" also what asks the API. Every step is skipped when its result is already there.
set -euo pipefail
cd "$(dirname "$0")/.."
mode=${1:-test}

fail() {
  printf 'setup: %s\n' "$@" >&2
  exit 1
}

step() { printf 'setup: %-28s %s\n' "$1" "$2"; }

has() { command -v "$1" >/dev/null 2>&1; }

has_postgres() { has postgres || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; }

need_tools() {
  has rustup || fail "rustup is missing: install it from https://rustup.rs and open a new shell"
  has cargo || fail "cargo is missing: run \`rustup default stable\`"
  has node || fail "node is missing: install Node.js 20 or newer"
  has npm || fail "npm is missing: install it together with Node.js"
  local major
  major=$(node --version | sed 's/^v\([0-9]*\).*/\1/')
  [ "$major" -ge 20 ] || fail "node $major is too old: install Node.js 20 or newer"
}

# What the product needs from the system: a linker and C compiler for a few crates, Postgres, and for tests a
# browser with a font to draw with.
install_packages() {
  local missing=() sudo=sudo
  has cc || missing+=(gcc libc6-dev)
  has make || missing+=(make)
  has setpriv || missing+=(util-linux)
  has_postgres || missing+=(postgresql)
  if [ "$mode" = proof ]; then
    python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3 python3-venv)
  fi
  if [ "$mode" != run ]; then
    [ -x "${CHROMIUM:-/usr/bin/chromium}" ] || missing+=(chromium fonts-liberation)
  fi
  if [ ${#missing[@]} -eq 0 ]; then
    step "system packages" "present"
    return
  fi
  has apt-get || fail "please install: ${missing[*]}" "(this script knows Debian's apt-get only)"
  [ "$(id -u)" -ne 0 ] || sudo=
  [ -z "$sudo" ] || has sudo || fail "please install as root: ${missing[*]}"
  step "system packages" "installing ${missing[*]}"
  $sudo apt-get update -qq || fail "apt-get update failed: is the network there?"
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
    fail "installing ${missing[*]} failed: run \`apt-get install ${missing[*]}\` to see why"
}

# The compiler answers in a tenth of a second where its library lies; the full probe runs only when that is gone.
add_wasm_target() {
  local library
  library=$(rustc --print target-libdir --target wasm32-unknown-unknown 2>/dev/null || true)
  if [ -n "$library" ] && compgen -G "$library/libstd-*.rlib" >/dev/null; then
    step "wasm target" "present"
    return
  fi
  step "wasm target" "adding"
  scripts/setup-wasm.sh || fail "no wasm target: run \`rustup target add wasm32-unknown-unknown\` to see why"
}

# npm leaves a copy of the lockfile behind, so "installed after the last change" is a question of times.
install_npm_packages() {
  if [ node_modules/.package-lock.json -nt package-lock.json ] && [ -x node_modules/.bin/esbuild ]; then
    step "npm packages" "present"
    return
  fi
  step "npm packages" "installing"
  npm ci --silent || fail "npm ci failed: run \`npm ci\` to see why"
  touch node_modules/.package-lock.json
}

# Python tools in a folder of their own, as the pinned list says.
install_proof_tools() {
  local tools=target/proof-tools list=scripts/proof-requirements.txt
  if cmp -s "$list" "$tools/installed.txt"; then
    step "proof tools" "present"
    return
  fi
  step "proof tools" "installing"
  rm -rf "$tools"
  python3 -m venv "$tools" || fail "no Python environment: run \`python3 -m venv $tools\` to see why"
  "$tools/bin/pip" install --quiet --disable-pip-version-check --requirement "$list" ||
    fail "pip failed: run \`$tools/bin/pip install --requirement $list\` to see why"
  cp "$list" "$tools/installed.txt"
}

case $mode in
  run | test | proof) ;;
  *) fail "usage: scripts/setup.sh run|test|proof" ;;
esac
need_tools
install_packages
add_wasm_target
install_npm_packages
if [ "$mode" = proof ]; then install_proof_tools; fi
