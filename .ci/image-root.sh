#!/bin/sh
# Lays out the root file system of the image: Node, the libraries that it is linked with, CA certificates, a user.
# No shell, no package manager, no npm. `image-root.sh FOLDER`; runs in the Node image, and in test/packed.
set -eu
root=$1
node=$(readlink -f "${NODE:-$(command -v node)}")

mkdir -p "$root/usr/local/bin" "$root/etc/ssl/certs" "$root/tmp" "$root/var/lib/dpkg/status.d"
cp "$node" "$root/usr/local/bin/node"

# Each library under the name by which the loader asks for it, the loader itself included.
libraries=$(ldd "$node" | awk '$2 == "=>" && $3 ~ /^\// {print $3} $1 ~ /^\// {print $1}')
[ -n "$libraries" ] || { echo "image-root.sh: ldd names no library of $node" >&2; exit 1; }
for library in $libraries; do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done

[ ! -f /etc/ssl/certs/ca-certificates.crt ] || cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
cp -L /etc/os-release "$root/etc/os-release"
printf 'root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/tmp:/sbin/nologin\n' >"$root/etc/passwd"
printf 'root:x:0:\nnonroot:x:65532:\n' >"$root/etc/group"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"

# Scanners look here for what the image is made of, as in distroless images. dpkg knows a library by its path with or
# without /usr, according to the age of its package.
for library in $libraries; do
  real=$(readlink -f "$library")
  for path in "$library" "$real" "/usr$library" "${real#/usr}"; do
    package=$(dpkg-query --search "$path" 2>/dev/null | cut -d : -f 1 | head -n 1)
    [ -n "$package" ] || continue
    dpkg-query --status "$package" >"$root/var/lib/dpkg/status.d/$package"
    break
  done
done

chmod 1777 "$root/tmp"
