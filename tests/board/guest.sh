#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The emulated board from within: a GPIO chip with the lines of gpio-sim.conf, strikes on it that open their doors, the network paths
# to the host, and an agent that runs what the host asks. /mnt/env (written by the host) has PORTs and the time.
#   /run/strikes/N    how many pulses lock N felt
#   /run/jam.N        the door of lock N does not open
#   /run/kill         lockerd is killed at the next pulse, before the door has moved
PATH=/usr/sbin:/usr/bin
export PATH HOME=/run
. /mnt/env
PATH=$PATH:/run/bin
mkdir -p /run/bin /run/strikes
busybox --install -s /run/bin
date -s "@$NOW" >/dev/null

LINES="LOCK1 LOCK2 LOCK3 LOCK4 DOOR1 DOOR2 DOOR3 DOOR4 TAMPER MAINS BATTERY"
chip=/sys/kernel/config/gpio-sim/cabinet
mkdir -p $chip/bank
echo 11 >$chip/bank/num_lines
echo medlocker-board >$chip/bank/label
n=0
for name in $LINES; do
    mkdir $chip/bank/line$n
    echo $name >$chip/bank/line$n/name
    n=$((n + 1))
done
echo 1 >$chip/live
lines=/sys/devices/platform/$(cat $chip/dev_name)/$(cat $chip/bank/chip_name)
n=0
for name in $LINES; do
    ln -s $lines/sim_gpio$n /run/$name
    n=$((n + 1))
done

ip link set lo up
ip link set eth0 up
ip addr add 10.0.2.15/24 dev eth0
# The broker listens on the same port of this loopback as on the host's; the kiosk is seen from outside under its own port.
socat TCP-LISTEN:$BROKER,bind=127.0.0.1,fork,reuseaddr TCP:10.0.2.100:8883 2>/dev/null &
socat TCP-LISTEN:$KIOSK,bind=10.0.2.15,fork,reuseaddr TCP:127.0.0.1:$KIOSK 2>/dev/null &

for n in 1 2 3 4; do echo 0 >/run/strikes/$n; done
strikes() {
    was1=0 was2=0 was3=0 was4=0
    mkfifo /run/nothing
    exec 9<>/run/nothing
    while :; do
        for n in 1 2 3 4; do
            read -r now </run/LOCK$n/value
            eval "was=\$was$n; was$n=$now"
            [ "$was$now" = 01 ] || continue
            read -r felt </run/strikes/$n
            echo $((felt + 1)) >/run/strikes/$n
            [ -e /run/kill ] && kill -9 "$(cat /run/lockerd.pid)" && rm /run/kill
            [ -e /run/jam.$n ] || echo pull-up >/run/DOOR$n/pull
        done
        read -r -t 0.03 -u 9 _ # a sleep without a new process
    done
}
strikes &

# One line of shell in, what it prints out, and how it ended.
cat >/run/agent <<'END'
read -r command
eval "$command" 2>&1
echo "exit=$?"
END
cat >/run/locker <<'END'
rm -f /mnt/rc
/run/lockerd --config /mnt/lockerd.conf >>/mnt/lockerd.log 2>&1 &
echo $! >/run/lockerd.pid
wait $!
echo $? >/mnt/rc
END
# What must outlive the agent's command is written to this pipe, a line of shell each.
mkfifo /run/jobs
jobs() {
    while read -r job; do
        sh -c "$job" </dev/null >/dev/null 2>&1 &
    done <>/run/jobs
}
jobs &
exec socat -t 600 TCP-LISTEN:9000,bind=10.0.2.15,fork,reuseaddr EXEC:"sh /run/agent" 2>/run/agent.log
