#!/bin/sh
# Runs a command in a folder that folder.sh has made, with the project where it is outside: inside.sh FOLDER COMMAND...
# Run in namespaces of its own (see run.sh): what is mounted here and what is left running goes with them. Nothing that
# the command writes stays, neither in the project nor in the folder.
set -eu
folder=$1
shift
project=$PWD
toolchain=$(rustc --print sysroot)
crates=${CARGO_HOME:-$HOME/.cargo}

# overlay LOWER TARGET: what is written goes to memory.
overlay() {
    layers=/mnt/layers/$(echo "$2" | tr / _)
    mkdir -p "$layers/upper" "$layers/work" "$2"
    mount -t overlay overlay -o "lowerdir=$1,upperdir=$layers/upper,workdir=$layers/work" "$2"
}

mount --make-rprivate /
mount -t tmpfs tmpfs /mnt
root=/mnt/root
overlay "$folder" $root
# Before the project, which may be below it.
mount -t tmpfs tmpfs $root/tmp
for path in "$project" "$crates"; do
    overlay "$path" "$root$path"
done
mkdir -p "$root$toolchain"
mount --rbind "$toolchain" "$root$toolchain"
mount --rbind /dev $root/dev
mount -t proc proc $root/proc
# Where localhost is.
cp /etc/hosts $root/etc/hosts

export CARGO_HOME="$crates" CARGO_NET_OFFLINE=true PATH="$toolchain/bin:/usr/sbin:/usr/bin:/sbin:/bin" HOME=/root
# Not chroot, which forbids name spaces of users, as some tests have them.
cd $root
pivot_root . mnt
# shellcheck disable=SC2016 # expanded inside
exec chroot . sh -c 'umount -l /mnt && cd "$0" && "$@"' "$project" "$@"
