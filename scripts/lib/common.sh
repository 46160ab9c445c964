# shellcheck shell=bash disable=SC2034
# What every script here starts with: the repository's root as the working folder, the tools that setup put beside it, and
# one way of speaking. Sourced, never run.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# Where scripts/setup puts a Node that the distribution does not have.
tools=$PWD/.tools
export PATH="$tools/bin:$PATH"

# Ubuntu 22.04's own g++ is 11: setup adds g++-12 beside it.
if [[ -z ${CXX:-} ]] && command -v g++-12 >/dev/null && ! g++ -dumpversion 2>/dev/null | grep -qE '^(1[2-9]|[2-9][0-9])'; then
  export CC=gcc-12 CXX=g++-12
fi

# Debian builds Node with a message about its own files for every deprecated thing that a package still does.
export NODE_NO_WARNINGS=1

if [[ -t 2 && -z ${NO_COLOR:-} ]]; then bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' yellow=$'\e[33m' plain=$'\e[0m'
else bold='' dim='' red='' green='' yellow='' plain=''; fi

say() { printf '%s%s%s\n' "$bold" "$*" "$plain" >&2; }
note() { printf '%s%s%s\n' "$dim" "$*" "$plain" >&2; }
warn() { printf '%s%s%s\n' "$yellow" "$*" "$plain" >&2; }
die() { printf '%s%s: %s%s\n' "$red" "${0##*/}" "$*" "$plain" >&2; exit 1; }

# usage FILE: the comment that a script starts with, without its marks. Every script answers --help with it.
usage_text() { sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$1"; }
usage() { usage_text "$1"; exit 0; }

# configure PRESET [OPTION...]: writes the build folder if it is not there yet or was written with other options.
configure() {
  local preset=$1 log
  shift
  mkdir -p "build/$preset"
  if [[ -f build/$preset/build.ninja && $(cat "build/$preset/.options" 2>/dev/null) == "$*" ]]; then return; fi
  log=build/$preset/configure.log
  cmake --preset "$preset" "$@" >"$log" 2>&1 || { cat "$log" >&2; die "cmake --preset $preset failed"; }
  printf '%s' "$*" >"build/$preset/.options"
}

# build PRESET [TARGET...]: compiles; progress as it goes, warnings after it, and on failure what failed.
build() {
  local preset=$1 log=build/$1/build.log
  shift
  ninja -C "build/$preset" "$@" 2>&1 | tee "$log" | progress || { failed_steps "$log"; return 1; }
  if grep -q 'warning:' "$log"; then grep -A4 'warning:' "$log" >&2; fi
}

# Ninja's "[12/164] Building …" lines: each over the last on a terminal, else one a tenth of the way.
progress() {
  local line told=0 step
  while IFS= read -r line; do
    [[ $line =~ ^\[([0-9]+)/([0-9]+)\] ]] || continue
    if [[ -t 2 ]]; then
      printf '\r\e[K%s%.*s%s' "$dim" "$((${COLUMNS:-80} - 1))" "$line" "$plain" >&2
    else
      step=$((BASH_REMATCH[1] * 10 / BASH_REMATCH[2]))
      if ((step > told && BASH_REMATCH[2] >= 20)); then note "  ${step}0 %" && told=$step; fi
    fi
  done
  [[ ! -t 2 ]] || printf '\r\e[K' >&2
}

failed_steps() { sed -n '/^FAILED:/,$p' "$1" >&2; [[ -s $1 ]] && ! grep -q '^FAILED:' "$1" && tail -20 "$1" >&2; return 0; }

# Without the tests' libraries (scripts/setup --minimal); whoever builds the tests as well says so.
release_options=(-DSLUICE_TESTS=OFF)

build_worker() {
  note "Building sluice-worker (release)"
  configure release "${release_options[@]}" ${CI:+-DSLUICE_WERROR=ON}
  build release sluice-worker
}

build_node() {
  note "Building the controller and the server (TypeScript)"
  npm run --silent build >&2
}

cpp_files() { git ls-files -z --cached --others --exclude-standard -- '*.cc' '*.h' '*.c'; }

# fuzz_one PRESET NAME SECONDS: the fuzzer of that build, from what it has learned before and the seeds in the tree, if any.
fuzz_one() {
  local preset=$1
  shift
  local corpus=build/fuzz/corpus/$1 seeds=test/fuzz/corpus/$1
  mkdir -p "$corpus"
  [[ -d $seeds ]] || seeds=
  # shellcheck disable=SC2086
  "build/$preset/test/fuzz/fuzz_$1" -max_total_time="$2" -timeout=10 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/$1-" "$corpus" $seeds
}
