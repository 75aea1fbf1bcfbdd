#!/bin/sh
# Rebuilds llguidance.wasm bit for bit. Needs Debian 12's packages rustc-web and cargo-web (1.96.0), rust-web-src and
# lld-22: no other toolchain gives the same bytes. Usage: build.sh [OUTPUT]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
output=${1:-$here/llguidance.wasm}
cargo=/usr/bin/cargo
export RUSTC=/usr/bin/rustc
version=$("$RUSTC" --version | cut -d ' ' -f 2)
if [ "$version" != 1.96.0 ]; then
  echo "build.sh: rustc 1.96.0 is needed, and $RUSTC is $version" >&2
  exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
target=${CARGO_TARGET_DIR:-$work/target}
cp -r "$here/Cargo.toml" "$here/Cargo.lock" "$here/src" "$work"
library=$("$RUSTC" --print sysroot)/lib/rustlib/src/rust/library
cd "$work"
"$cargo" fetch --quiet --locked
crates=${CARGO_HOME:-$HOME/.cargo}/registry/src
# Paths of this machine would be in the bytes.
RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$target RUSTFLAGS="
  --remap-path-prefix=$work=/llguidance --remap-path-prefix=$(readlink -f "$library")=/library
  $(for each in "$crates"/*; do echo "--remap-path-prefix=$each=/crates"; done)
  -C linker=wasm-ld-22 -C linker-flavor=wasm-ld
  -C link-arg=--allow-undefined -C link-arg=--export=__stack_pointer
  -C link-arg=--max-memory=1073741824 -C link-arg=-zstack-size=4194304" \
  "$cargo" build --quiet --release --locked --target wasm32-unknown-unknown -Zbuild-std=std,panic_abort
cp "$target/wasm32-unknown-unknown/release/inferd_llguidance.wasm" "$output"
(cd "$(dirname "$output")" && sha256sum "$(basename "$output")")
