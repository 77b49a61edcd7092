#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
# First program of the emulated board: modules, the two shared folders, then guest.sh in the Debian tree.
bb=/bin/busybox
$bb mkdir -p /proc /sys /dev /root
$bb mount -t proc proc /proc
$bb mount -t sysfs sysfs /sys
$bb mount -t devtmpfs devtmpfs /dev
while read -r m; do $bb insmod /modules/"$m" || echo "init: $m cannot be loaded"; done </modules/order
$bb mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=262144,cache=loose root /root
for d in tmp run; do $bb mount -t tmpfs tmpfs /root/$d; done
$bb mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,cache=none work /root/mnt
$bb mount -t configfs configfs /sys/kernel/config
for d in proc sys dev; do $bb mount --rbind /$d /root/$d; done
$bb chroot /root /bin/busybox sh /mnt/guest.sh
echo "init: guest.sh ended with $?"
$bb poweroff -f
