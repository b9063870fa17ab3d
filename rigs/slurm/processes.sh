# shellcheck shell=bash disable=SC2154,SC2153 # the settings are the rig's
# How each process of the Slurm rig is started. Sourced by rig.

all_names() {
  printf '%s\n' munged mariadbd slurmdbd slurmctld
  node_names
  [ "$REST" = 0 ] || echo slurmrestd
  echo sshd
}
node_names() { seq -f 'c%g' "$NODES"; }

# slurm COMMAND…: a bounded client call, as root, from outside the namespaces.
slurm() { SLURM_CONF=$SLURM_CONF timeout 20 "$@"; }

# ---- host names -----------------------------------------------------------
# Slurm binds to the address of the machine's host name (the only alternative
# is 0.0.0.0), and that may be anything. So each daemon runs in a UTS and mount
# namespace of its own, in which the host has the name of the node and /etc/hosts
# says that this is 127.0.0.1. Jobs see it too: `hostname` prints c1, c2, …
# Where namespaces are not allowed, the real name will do if it is 127.0.0.1.

can_name() {
  [ -n "${CAN_NAME:-}" ] || {
    unshare --uts --mount --propagation slave sh -c 'hostname rig-probe && mount --bind /etc/hosts /etc/hosts' \
      >/dev/null 2>&1 && CAN_NAME=yes || CAN_NAME=no
  }
  [ "$CAN_NAME" = yes ]
}
host_is_loopback() { [ "$(getent ahostsv4 "$(hostname)" | awk '{ print $1 }' | sort -u)" = 127.0.0.1 ]; }

# name_of login|cN: what the host is called for that daemon.
name_of() {
  if ! can_name; then hostname -s
  elif [ "$1" = login ]; then echo rig-slurm
  else echo "$1"; fi
}

# The file's own name holds a random word: by it, in the mount table of a
# process, sweep knows the processes of this rig, and no others.
names_file() {
  NAMES_FILE=$RIG_DIR/etc/hosts.$(secret "$RIG_DIR/keys/word" 12)
  { echo "127.0.0.1 localhost rig-slurm $(node_names | tr '\n' ' ')"; grep -v '^127\.' /etc/hosts; } >"$NAMES_FILE.new"
  # not mv: the running daemons hold this very file in their mounts
  cat "$NAMES_FILE.new" >"$NAMES_FILE"; rm -f "$NAMES_FILE.new"
}

# with_name PROCESS HOST COMMAND…: proc_start under that host name.
with_name() {
  local process=$1 host=$2; shift 2
  names_file
  if can_name; then
    # shellcheck disable=SC2016 # for the inner shell
    proc_start "$process" unshare --uts --mount --propagation slave \
      sh -c 'hostname "$1" && mount --bind "$2" /etc/hosts && shift 2 && exec "$@"' sh "$host" "$NAMES_FILE" "$@"
  else
    proc_start "$process" "$@"
  fi
}

# sweep: ends what belongs to the rig and has no record, such as the steps of
# jobs (they outlive slurmd) and sessions on the login node.
sweep() {
  local pid word rest end=$((SECONDS + 10))
  [ -s "$RIG_DIR/keys/word" ] || return 0
  word=$(<"$RIG_DIR/keys/word")
  while rest=$(grep -ls "/hosts\.$word /etc/hosts " /proc/[0-9]*/mountinfo | cut -d/ -f3) && [ -n "$rest" ]; do
    [ $SECONDS -lt $end ] || fail "these processes do not end: ${rest//$'\n'/ }"
    for pid in $rest; do kill -KILL "$pid" 2>/dev/null; done
    sleep 0.1
  done
  # Without namespaces: steps of jobs that were told of this very configuration.
  can_name && return 0
  for pid in $(pgrep -x slurmstepd); do
    tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | grep -qxF "SLURM_CONF=$SLURM_CONF" && kill -KILL "$pid"
  done
  return 0
}

# ---- the processes --------------------------------------------------------

as_user() { printf '%s\n' setpriv --reuid "$1" --regid "$1" --init-groups; }

start_one() {
  local drop
  alive "$1" && return 0
  case $1 in
    munged)
      rm -f "$MUNGE_SOCKET" "$MUNGE_SOCKET.lock"
      mapfile -t drop < <(as_user munge)
      with_name munged "$CTL_NAME" "${drop[@]}" munged --foreground --socket="$MUNGE_SOCKET" \
        --key-file="$RIG_DIR/keys/munge.key" --seed-file="$RIG_DIR/munge/seed" \
        --pid-file="$RIG_DIR/munge/pid" --num-threads=4
      ;;
    mariadbd)
      mapfile -t drop < <(as_user slurm)
      proc_start mariadbd "${drop[@]}" mariadbd --no-defaults --datadir="$RIG_DIR/db/data" --socket="$DB_SOCKET" \
        --skip-networking --pid-file="$RIG_DIR/db/pid" --skip-log-bin --performance-schema=OFF \
        --innodb-buffer-pool-size=64M --innodb-log-file-size=32M \
        --innodb-lock-wait-timeout=900 --innodb-flush-log-at-trx-commit=2
      ;;
    slurmdbd)
      mapfile -t drop < <(as_user slurm)
      with_name slurmdbd "$CTL_NAME" env SLURM_CONF="$SLURM_CONF" MYSQL_UNIX_PORT="$DB_SOCKET" "${drop[@]}" slurmdbd -D
      ;;
    slurmctld)
      mapfile -t drop < <(as_user slurm)
      with_name slurmctld "$CTL_NAME" env SLURM_CONF="$SLURM_CONF" "${drop[@]}" slurmctld -D
      ;;
    slurmrestd)
      with_name slurmrestd "$CTL_NAME" env SLURM_CONF="$SLURM_CONF" SLURM_JWT=daemon \
        setpriv --reuid nobody --regid nogroup --clear-groups slurmrestd -a rest_auth/jwt "127.0.0.1:$REST_PORT"
      ;;
    sshd)
      install -d -m 755 /run/sshd   # sshd's fixed place to drop its privileges in
      /usr/sbin/sshd -t -f "$RIG_DIR/etc/sshd_config" || fail 'sshd refuses its configuration'
      with_name sshd "$CTL_NAME" /usr/sbin/sshd -D -e -f "$RIG_DIR/etc/sshd_config"
      ;;
    c*)
      with_name "$1" "$(name_of "$1")" env SLURM_CONF="$SLURM_CONF" slurmd -D -N "$1"
      ;;
    *) fail "no process of that name: $1" ;;
  esac
}
