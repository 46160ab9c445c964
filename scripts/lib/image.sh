# shellcheck shell=bash
# The image of the Dockerfile, built without a registry and without a daemon: the base by debootstrap, the rest by buildah in a
# chroot. Sourced after common.sh. Everything stays in build/container: the base, layers and compiled objects are used again.

# debootstrap stands where only root looks.
PATH=$PATH:/usr/sbin:/sbin

image_folder=$PWD/build/container
image_base=localhost/debian:bookworm
image_name=localhost/sluice:test

# why_no_image: a sentence when this machine cannot build one; nothing when it can.
why_no_image() {
  local tool
  for tool in debootstrap buildah; do
    command -v "$tool" >/dev/null || { echo "$tool is not installed (scripts/setup has it)"; return; }
  done
  [[ $(id -u) == 0 ]] || { echo "building an image in a chroot takes root"; return; }
  unshare --mount true 2>/dev/null || { echo "this machine allows no mount namespaces"; return; }
  [[ ! -f $image_folder/no-base ]] || cat "$image_folder/no-base"
}

builder() {
  local driver=overlay
  [[ ! -f $image_folder/vfs ]] || driver=vfs
  buildah --root "$image_folder/storage" --runroot "$image_folder/run" --storage-driver "$driver" "$@"
}

# Files over an overlay file system (many containers) do not take another overlay: then whole copies have to do.
choose_driver() {
  mkdir -p "$image_folder"
  [[ -f $image_folder/driver-chosen ]] && return
  if ! builder info >/dev/null 2>&1; then touch "$image_folder/vfs"; rm -rf "$image_folder/storage" "$image_folder/run"; fi
  touch "$image_folder/driver-chosen"
}

# What this machine needs to reach the archives: apt's proxy, and the authorities that its administrator trusts besides. Into the
# base that is built here, never into the Dockerfile.
apt_proxy() { apt-config dump 2>/dev/null | grep -E '^Acquire::(http|https)::[Pp]roxy ' || true; }

# Debian 12 without anything that is not essential. Where its archives cannot be reached there is no image, which is not the
# image's fault: why_no_image says so then.
build_base() {
  local root container
  rm -f "$image_folder/no-base"
  builder inspect --type image "$image_base" >/dev/null 2>&1 && return
  note "Building the base image (debootstrap)"
  root=$image_folder/base
  rm -rf "$root"
  http_proxy=${http_proxy:-$(apt_proxy | sed -n 's/^Acquire::http::[Pp]roxy "\(.*\)";$/\1/p')} \
    debootstrap --variant=minbase bookworm "$root" "${SLUICE_DEBIAN_MIRROR:-http://deb.debian.org/debian}" >"$image_folder/base.log" 2>&1 ||
    { tail -20 "$image_folder/base.log" >&2; echo "debootstrap got no base from Debian's archives" >"$image_folder/no-base"; return 1; }
  rm -f "$root"/var/cache/apt/archives/*.deb
  apt_proxy >"$root/etc/apt/apt.conf.d/01proxy"
  mkdir -p "$root/usr/local/share/ca-certificates"
  cp /usr/local/share/ca-certificates/*.crt "$root/usr/local/share/ca-certificates/" 2>/dev/null || true
  container=$(builder from scratch)
  builder add -q "$container" "$root" / >/dev/null
  builder commit -q "$container" "$image_base" >/dev/null
  builder rm "$container" >/dev/null
  rm -rf "$root"
}

build_image() {
  choose_driver
  build_base || return 0
  note "Building the image (buildah)"
  builder bud --isolation chroot --layers --jobs 2 --format docker --build-arg BASE="$image_base" -t "$image_name" . >"$image_folder/image.log" 2>&1 ||
    { tail -40 "$image_folder/image.log" >&2; return 1; }
}
