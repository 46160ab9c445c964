#!/usr/bin/env bash
# Installs into a directory of its own, builds the examples against what was installed, by find_package() and by pkg-config, and
# runs one of each. Usage: run.sh BUILD_DIRECTORY SOURCE_DIRECTORY
set -euo pipefail
build=$1 source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/prefix" --component peer >/dev/null
[[ -f $work/prefix/include/sluice/peer_connection.h ]]

# By find_package(). One program is enough: they all link the same.
mkdir "$work/examples"
cp "$source/examples/native/CMakeLists.txt" "$source/examples/native/data_channel.cc" "$work/examples"
cmake -S "$work/examples" -B "$work/build" -G Ninja -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_BUILD_TYPE=Debug >/dev/null
cmake --build "$work/build"
"$work/build/example_data_channel" | diff "$source/examples/native/data_channel.expected" -

# By pkg-config, and the program that docs/peer-connection.md shows, as it stands there.
PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name sluice.pc)")
export PKG_CONFIG_PATH
# shellcheck disable=SC2016
sed -n '/^```cpp$/,/^```$/p' "$source/docs/peer-connection.md" | sed '/^```/d' >"$work/program.cc"
# The installed files name the prefix that the build was configured with: this test's is another.
flags=$(pkg-config --define-prefix --cflags --libs --static sluice-native)
# shellcheck disable=SC2086
"${CXX:-c++}" -std=c++20 "$work/program.cc" -o "$work/program" $flags
"$work/program" | tail -1 | grep -q '^hello from the other side$'
echo "installed, linked and ran"
