# shellcheck shell=bash
# What every rig shares: messages, stage times, process records, bounded waits.
# This file is sourced by a rig after it has set RIG_NAME; it is never run.
#
# A rig keeps all it owns in one folder, RIG_DIR:
#   run/   one record per process that the rig started, and the lock
#   log/   one log per process, and one per installation step
#   …      whatever else the rig needs
#
# Exit codes: 0 done, 1 failed, 2 wrong usage, 3 cannot be had on this machine.

set -u -o pipefail
umask 022
export LC_ALL=C.UTF-8
PATH=${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
# The services talk over loopback; a proxy of the caller's must not see that.
export NO_PROXY=127.0.0.1,localhost no_proxy=127.0.0.1,localhost

# ---- messages -------------------------------------------------------------

say() { printf '%s: %s\n' "$RIG_NAME" "$*"; }

# fail MESSAGE [LOG]: one line that says what went wrong and where to read on.
fail() {
  printf '%s: FAILED: %s%s\n' "$RIG_NAME" "$1" "${2:+ (log: $2)}" >&2
  exit 1
}

# cannot MESSAGE: this machine lacks something that the rig cannot supply.
cannot() {
  printf '%s: cannot be had here: %s\n' "$RIG_NAME" "$1" >&2
  exit 3
}

# ---- times of stages ------------------------------------------------------

now_ms() { local t=${EPOCHREALTIME/[.,]/}; echo "${t%???}"; }

STAGE='' STAGE_T=0 RIG_T=$(now_ms)

seconds() { printf '%d.%d s' $(($1 / 1000)) $(($1 % 1000 / 100)); }

# stage [NAME]: ends the stage under way and prints its length; begins NAME.
# shellcheck disable=SC2120 # called with a name by the rigs
stage() {
  local t
  t=$(now_ms)
  [ -z "$STAGE" ] || printf '  %-28s %8s\n' "$STAGE" "$(seconds $((t - STAGE_T)))"
  STAGE=${1:-} STAGE_T=$t
}

stages_done() {
  stage
  say "$* ($(seconds $(($(now_ms) - RIG_T))) in all)"
}

# ---- the rig's folder -----------------------------------------------------

# rig_folder: makes RIG_DIR ready for use; refuses a folder of another rig.
rig_folder() {
  [ ${#RIG_DIR} -le 60 ] ||
    fail "the path $RIG_DIR is too long for sockets below it; set CLOUDMESH_RIG_DIR to a shorter one"
  case $RIG_DIR in
    /*) ;;
    *) fail "CLOUDMESH_RIG_DIR must be an absolute path, not '$RIG_DIR'" ;;
  esac
  [[ $RIG_DIR != *[[:space:]\'\"%]* ]] || fail "CLOUDMESH_RIG_DIR may not hold blanks, quotes or %"
  mkdir -p "$RIG_DIR/run" "$RIG_DIR/log" || fail "cannot write to $RIG_DIR"
  [ -e "$RIG_DIR/rig-name" ] || echo "$RIG_NAME" >"$RIG_DIR/rig-name"
  [ "$(<"$RIG_DIR/rig-name")" = "$RIG_NAME" ] ||
    fail "$RIG_DIR belongs to the rig $(<"$RIG_DIR/rig-name")"
  RUN=$RIG_DIR/run LOG=$RIG_DIR/log
}

# rig_wipe: removes the folder, but only one that bears this rig's name.
rig_wipe() {
  [ -r "$RIG_DIR/rig-name" ] && [ "$(<"$RIG_DIR/rig-name")" = "$RIG_NAME" ] || return 0
  rm -rf "${RIG_DIR:?}"
  say "wiped $RIG_DIR"
}

# rig_lock: one command at a time may change the rig (descriptor 9 holds it).
rig_lock() {
  exec 9>"$RUN/lock"
  flock -w 300 9 || fail "another command has held $RUN/lock for 300 s"
}

# setting NAME DEFAULT: the environment decides; else what the running rig was
# last told (see remember); else the default.
setting() {
  local file=$RIG_DIR/run/set.$1
  if [ -n "${!1:-}" ]; then echo "${!1}"
  elif [ -r "$file" ]; then cat "$file"
  else echo "$2"; fi
}
remember() { printf '%s\n' "$2" >"$RUN/set.$1"; }

# render TEMPLATE TARGET [MODE]: replaces each @NAME@ by the shell variable.
# A value may hold further @NAME@s.
render() {
  local text name
  text=$(<"$1") || fail "cannot read $1"
  while [[ $text =~ @([A-Z][A-Z0-9_]*)@ ]]; do
    name=${BASH_REMATCH[1]}
    [ -n "${!name+x}" ] || fail "$1 wants @$name@, which is not set"
    text=${text//"@$name@"/"${!name}"}
  done
  (umask 077; printf '%s\n' "$text" >"$2.new") || fail "cannot write $2"
  chmod "${3:-644}" "$2.new" && mv "$2.new" "$2"
}

# secret FILE [BYTES]: prints the secret kept in FILE; makes it at first use.
secret() {
  [ -s "$1" ] || (umask 077; od -An -N "${2:-16}" -tx1 /dev/urandom | tr -d ' \n' >"$1")
  cat "$1"
}

# env_line NAME VALUE: a line that a POSIX shell can source.
env_line() {
  case $2 in
    *[!A-Za-z0-9_./:=,@%+-]*) printf "%s='%s'\n" "$1" "${2//\'/\'\\\'\'}" ;;
    *) printf '%s=%s\n' "$1" "$2" ;;
  esac
}

# ---- processes ------------------------------------------------------------
# A record is "pid starttime boot-id", so that neither a reused pid nor a
# record from before a reboot is ever taken for a process of ours.

BOOT_ID=$(</proc/sys/kernel/random/boot_id)

# proc_start_time PID: in clock ticks since boot; fails for a dead one.
proc_start_time() {
  local stat
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  # shellcheck disable=SC2086 # the fields after "(command) " are wanted apart
  set -- ${stat##*) }
  case $1 in Z | X) return 1 ;; esac
  echo "${20}"
}

proc_record() {
  local t; t=$(proc_start_time "$2") || return 1
  echo "$2 $t $BOOT_ID" >"$RUN/$1.pid"
}

# proc_pid NAME: the pid of the live process of that name, else failure.
proc_pid() {
  local pid t boot
  { read -r pid t boot <"$RUN/$1.pid"; } 2>/dev/null || return 1
  [ "$boot" = "$BOOT_ID" ] && [ "$(proc_start_time "$pid")" = "$t" ] && echo "$pid"
}

alive() { proc_pid "$1" >/dev/null; }
all_alive() {
  local name
  for name in "$@"; do alive "$name" || return 1; done
}

# proc_start NAME COMMAND…: a process group of its own, its output in the log.
proc_start() {
  local name=$1; shift
  alive "$name" && return 0
  [ -e "$LOG/$name.log" ] && [ "$(stat -c %s "$LOG/$name.log")" -gt 20000000 ] && : >"$LOG/$name.log"
  setsid "$@" </dev/null >>"$LOG/$name.log" 2>&1 9>&- &
  proc_record "$name" $! || fail "$name ended at once" "$LOG/$name.log"
}

# proc_sweep: ends what is left of the groups of recorded processes that are
# themselves dead, after an unclean end. That a process belongs to the recorded
# one is known by its group and by its output going to that one's log.
proc_sweep() {
  local name pid member out end=$((SECONDS + 10))
  for name in $(proc_names); do
    alive "$name" && continue
    read -r pid _ <"$RUN/$name.pid"
    for member in $(pgrep -g "$pid"); do
      for out in 1 2; do
        if [ "$(readlink "/proc/$member/fd/$out")" = "$LOG/$name.log" ]; then
          kill -KILL "$member" 2>/dev/null
          while proc_start_time "$member" >/dev/null && [ $SECONDS -lt $end ]; do sleep 0.1; done
          break
        fi
      done
    done
    rm -f "$RUN/$name.pid"
  done
}

# proc_signal_stop NAME: asks it to end, does not wait.
proc_signal_stop() {
  local pid; pid=$(proc_pid "$1") || return 0
  kill -TERM "$pid" 2>/dev/null
  return 0
}

# proc_stop NAME SECONDS: TERM, wait, KILL; then what is left of its group.
proc_stop() {
  local pid end=$((SECONDS + $2)) member t rest=()
  if pid=$(proc_pid "$1"); then
    for member in $(pgrep -g "$pid"); do
      t=$(proc_start_time "$member") && rest+=("$member:$t")
    done
    kill -TERM "$pid" 2>/dev/null
    while alive "$1"; do
      if [ $SECONDS -ge $end ]; then
        say "$1 ($pid) did not end within $2 s of TERM; killing it"
        kill -KILL "$pid" 2>/dev/null
        end=$((SECONDS + 10))
      fi
      sleep 0.1
    done
    for member in "${rest[@]}"; do
      [ "$(proc_start_time "${member%:*}")" = "${member#*:}" ] && kill -KILL "${member%:*}" 2>/dev/null
    done
  fi
  rm -f "$RUN/$1.pid"
}

# proc_names: every name with a record, live or not.
proc_names() {
  local f
  for f in "$RUN"/*.pid; do
    [ -e "$f" ] || continue
    f=${f##*/}; echo "${f%.pid}"
  done
}

# proc_table NAME…: a line for each; fails unless all are alive.
proc_table() {
  local name pid all=0 group
  for name in "$@"; do
    if pid=$(proc_pid "$name"); then
      group=$(ps -eo pgid=,rss= | awk -v g="$pid" '$1 == g { s += $2 } END { printf "%d", s / 1024 }')
      printf '  %-16s up    pid %-8s %5s MiB\n' "$name" "$pid" "$group"
    else
      printf '  %-16s down\n' "$name"; all=1
    fi
  done
  return $all
}

# ---- waiting --------------------------------------------------------------

# await SECONDS NAME WHAT COMMAND…: until the command succeeds. NAME is the
# process that must live meanwhile ('-' for none); its log is named on failure.
await() {
  local limit=$1 name=$2 what=$3 end=$((SECONDS + $1)); shift 3
  until "$@" >/dev/null 2>&1; do
    [ "$name" = - ] || alive "$name" || fail "$name ended while it was to start ($what)" "$LOG/$name.log"
    if [ $SECONDS -ge $end ]; then
      [ "$name" = - ] && fail "$what: not within $limit s" "$LOG"
      fail "$what: not within $limit s" "$LOG/$name.log"
    fi
    sleep 0.1
  done
}

# ---- ports ----------------------------------------------------------------

port_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
port_taken() { [ -n "$(ss -Hltn "sport = :$1" 2>/dev/null)" ]; }

# need_port NAME PORT VARIABLE: free, or held by our live process of that name.
# A process that is just dying may hold it for a moment yet.
need_port() {
  local end=$((SECONDS + 3))
  alive "$1" && return 0
  while port_taken "$2"; do
    [ $SECONDS -lt $end ] || fail "port $2 (for $1) is taken by another process; set $3 to a free one"
    sleep 0.2
  done
}

# only_loopback NAME…: fails if a process of these groups listens elsewhere.
only_loopback() {
  local name pid pids=' ' bad
  for name in "$@"; do
    pid=$(proc_pid "$name") && pids+="$(pgrep -g "$pid" | tr '\n' ' ')"
  done
  bad=$(ss -Hltunp 2>/dev/null | awk -v pids="$pids" '
    $5 !~ /^(127\.|\[::1\]|\[::ffff:127\.)/ {
      line = $0
      while (match(line, /pid=[0-9]+/)) {
        if (index(pids, " " substr(line, RSTART + 4, RLENGTH - 4) " ")) { print $5 " " $7; break }
        line = substr(line, RSTART + RLENGTH)
      }
    }')
  [ -z "$bad" ] || fail "listens beyond loopback: $bad"
}

# ---- Debian packages ------------------------------------------------------

need_commands() {
  local c
  for c in "$@"; do
    command -v "$c" >/dev/null || cannot "the command '$c' is missing"
  done
}

# apt_install PACKAGE…: installs what is missing (root only). Nothing is started
# or enabled by it: the maintainer scripts find do-nothing stand-ins first in
# their PATH, which no other user of the machine sees.
apt_install() {
  local p missing=() shims
  for p in "$@"; do
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q '^install ok installed' || missing+=("$p")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  [ "$(id -u)" = 0 ] || cannot "these packages are missing and only root can install them: ${missing[*]}"
  say "installing ${missing[*]}"
  shims=$RIG_DIR/shims
  mkdir -p "$shims"
  for p in invoke-rc.d deb-systemd-invoke deb-systemd-helper update-rc.d systemctl; do
    printf '#!/bin/sh\nexit 0\n' >"$shims/$p"; chmod 755 "$shims/$p"
  done
  # A stale list names versions that the archive no longer has: hence the retry.
  (
    export DEBIAN_FRONTEND=noninteractive PATH=$shims:$PATH
    apt_quiet install -y --no-install-recommends "${missing[@]}" ||
      { apt_quiet update && apt_quiet install -y --no-install-recommends "${missing[@]}"; }
  ) >"$LOG/apt.log" 2>&1 9>&- || fail "apt-get install: $(grep -m1 '^E:' "$LOG/apt.log")" "$LOG/apt.log"
}
apt_quiet() { timeout 900 apt-get -q -o DPkg::Lock::Timeout=300 "$@"; }
