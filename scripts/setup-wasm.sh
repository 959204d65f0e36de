#!/usr/bin/env bash
# Makes `cargo build --target wasm32-unknown-unknown` work here; does nothing where it already does.
# 1. rustup's own target.  2. Where rustup cannot download: Debian's rustc-web and a standard library built from
# its source package, linked as rustup toolchain "web" and chosen for this directory only.
set -euo pipefail

target=wasm32-unknown-unknown
host=x86_64-unknown-linux-gnu
name=web
root=$(cd "$(dirname "$0")/.." && pwd)
sysroot=${WASM_SYSROOT:-${XDG_DATA_HOME:-$HOME/.local/share}/rust-$name}

works() {
  local dir status=0
  dir=$(mktemp -d)
  (cd "$root" && echo 'pub fn f() { println!("{:?}", vec![1]) }' |
    rustc --target $target --crate-type cdylib --crate-name probe --out-dir "$dir" -) >/dev/null 2>&1 || status=$?
  rm -rf "$dir"
  return $status
}

install_debian_compiler() {
  if [ -x /usr/bin/rustc ] && [ -x /usr/bin/clippy-driver ] && compgen -G '/usr/src/rustc-*/library' >/dev/null; then
    return
  fi
  local sudo=sudo
  [ "$(id -u)" -ne 0 ] || sudo=
  $sudo apt-get update -qq
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    rustc-web rust-web-src rust-web-clippy rustfmt-web cargo-web >/dev/null
}

lay_out_sysroot() {
  local debian=/usr/lib/rustlib/$host lld
  lld=$(rustup run stable rustc --print sysroot)/lib/rustlib/$host/bin/rust-lld
  rm -rf "$sysroot"
  mkdir -p "$sysroot/bin" "$sysroot/lib/rustlib/$host/bin" "$sysroot/lib/rustlib/$target/lib"
  ln -s $debian/lib "$sysroot/lib/rustlib/$host/lib"
  ln -s "$lld" "$sysroot/lib/rustlib/$host/bin/"
  for tool in rustc rustdoc; do
    printf '#!/bin/sh\nexec /usr/bin/%s --sysroot %s "$@"\n' $tool "$sysroot" >"$sysroot/bin/$tool"
  done
  printf '#!/bin/sh\nSYSROOT=%s exec /usr/bin/clippy-driver "$@"\n' "$sysroot" >"$sysroot/bin/clippy-driver"
  chmod +x "$sysroot"/bin/*
  # Copies, not links: cargo-clippy looks for clippy-driver beside its real path.
  for tool in cargo cargo-clippy cargo-fmt rustfmt; do
    cp /usr/bin/$tool "$sysroot/bin/$tool"
  done
}

build_standard_library() {
  local version=$1 build
  build=$(mktemp -d)
  (cd "/usr/src/rustc-$version/library" &&
    RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 __CARGO_DEFAULT_LIB_METADATA=wasmstd CARGO_TARGET_DIR="$build" \
      RUSTFLAGS="-Zforce-unstable-if-unmarked -Cembed-bitcode=yes" "$sysroot/bin/cargo" build --quiet --locked \
      --release --target $target --manifest-path sysroot/Cargo.toml --no-default-features \
      --features panic-unwind,compiler-builtins-mem)
  cp "$build/$target/release/deps"/*.r{lib,meta} "$sysroot/lib/rustlib/$target/lib/"
  rm -rf "$build"
}

if works; then exit 0; fi
if (cd "$root" && timeout 180 rustup target add $target) >/dev/null 2>&1 && works; then exit 0; fi

echo "    rustup cannot fetch the wasm target: building it from Debian's sources, about a minute"
install_debian_compiler
version=$(/usr/bin/rustc --version | cut -d' ' -f2)
if [ "$(cat "$sysroot/.version" 2>/dev/null)" != "$version" ]; then
  lay_out_sysroot
  build_standard_library "$version"
  # Written last: an interrupted build starts over.
  echo "$version" >"$sysroot/.version"
fi
rustup toolchain link $name "$sysroot"
rustup override set --path "$root" $name
works || { echo "the wasm target still does not work" >&2; exit 1; }
