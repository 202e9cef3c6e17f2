#!/usr/bin/env bash
# Installs what building and testing need on Debian 12 or later and its relatives; says nothing when nothing is missing.
set -euo pipefail

# command or file to look for | package | what it is for
needs=(
  "command:cc|gcc|compiles the C parts and links the program"
  "command:c++|g++|RocksDB, the store, is compiled from C++"
  "command:make|make|runs the targets of the Makefile"
  "libclang|libclang-dev|reads RocksDB's headers to make its bindings"
  "command:python3|python3|second implementations check our formats in the tests"
  "openssl|openssl|a timestamp authority by somebody else answers in the tests"
  "faketime|faketime|lets it live in other years"
  "venv|python3-venv|keeps their Python packages apart from the system's"
)

# The library and its own headers. libclang-cpp.so, which other packages bring along, is something else.
debian_libclang() {
  { compgen -G '/usr/lib/llvm-*/lib/libclang.so*' || compgen -G '/usr/lib/llvm-*/lib/libclang-[0-9]*.so*'; } >/dev/null \
    && compgen -G '/usr/lib/llvm-*/lib/clang/*/include/stddef.h' >/dev/null
}

present() {
  case "$1" in
    command:*) command -v "${1#command:}" >/dev/null ;;
    openssl | faketime) [ -n "${SHOSOIN_NO_OPENSSL:-}" ] || command -v "$1" >/dev/null ;;
    libclang) [ -n "${LIBCLANG_PATH:-}" ] || debian_libclang || compgen -G '/usr/lib64/libclang.so*' >/dev/null ;;
    venv) [ -n "${SHOSOIN_NO_PYTHON:-}" ] || python3 -c 'import ensurepip, venv' >/dev/null 2>&1 ;;
  esac
}

missing=()
for need in "${needs[@]}"; do
  IFS='|' read -r probe package reason <<<"$need"
  if ! present "$probe"; then
    missing+=("$package")
    printf '足りません / missing: %-14s %s\n' "$package" "$reason" >&2
  fi
done

if [ "${#missing[@]}" -gt 0 ]; then
  if ! command -v apt-get >/dev/null; then
    echo "apt-get がありません。上のパッケージに当たるものを入れてください / There is no apt-get here: install the above your system's way, then repeat." >&2
    exit 1
  fi
  as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "root で実行してください / Run this as root:  apt-get install ${missing[*]}" >&2
      exit 1
    fi
    as_root=(sudo)
    echo "sudo を使ってインストールします / Installing with sudo: ${missing[*]}" >&2
  else
    echo "インストールします / Installing: ${missing[*]}" >&2
  fi
  export DEBIAN_FRONTEND=noninteractive
  "${as_root[@]}" apt-get update -qq </dev/null
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null >&2
fi

# Rust is its owner's choice: it is asked for, never installed behind anybody's back.
wanted=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$(dirname "$0")/../Cargo.toml")
if ! command -v cargo >/dev/null; then
  echo "Rust $wanted 以降が必要です / Rust $wanted or later is needed: https://rustup.rs" >&2
  exit 1
fi
found=$(rustc --version | cut -d' ' -f2 | cut -d- -f1)
if [ "$(printf '%s\n%s\n' "$wanted" "$found" | sort -V | head -n 1)" != "$wanted" ]; then
  echo "Rust $found は古すぎます。$wanted 以降が必要です / Rust $found is too old, $wanted or later is needed: rustup update stable" >&2
  exit 1
fi
