# shellcheck shell=bash disable=SC2154,SC2153 # the settings are the rig's
# How the OpenStack rig gets its parts. Sourced by rig.
#
# Nothing is installed in the system: Debian packages are unpacked under
# $ROOT, Python packages go to virtual environments.

# Debian's own names for what is not part of every system.
DEBS='mariadb-common mariadb-server-core mariadb-client-core libmariadb3 liburing2 libaio1 libnuma1
 libncurses6 libedit2 libbsd0 libmd0 memcached libevent-2.1-7 libsasl2-2 libsctp1 libtinfo6
 erlang-base erlang-asn1 erlang-crypto erlang-public-key erlang-mnesia erlang-runtime-tools erlang-ssl
 erlang-eldap erlang-ftp erlang-tftp erlang-inets erlang-snmp erlang-os-mon erlang-parsetools
 erlang-syntax-tools erlang-tools erlang-xmerl rabbitmq-server'

install_debs() {
  [ -e "$ROOT/.complete" ] && return 0
  local dir=$RIG_DIR/debs deb script
  rm -rf "$ROOT" "$dir"; mkdir -p "$ROOT" "$dir"
  # shellcheck disable=SC2086 # a list
  if ! download_debs "$dir" $DEBS >"$LOG/debs.log" 2>&1; then
    [ "$(id -u)" = 0 ] || cannot "apt-get download fails, and only root can refresh apt's lists (log: $LOG/debs.log)"
    # shellcheck disable=SC2086
    { apt_quiet update && rm -f "$dir"/*.deb && download_debs "$dir" $DEBS; } >>"$LOG/debs.log" 2>&1 ||
      fail 'apt-get download' "$LOG/debs.log"
  fi
  for deb in "$dir"/*.deb; do dpkg-deb -x "$deb" "$ROOT" || fail "cannot unpack $deb"; done
  # Erlang's start scripts have the place of its files written into them.
  for script in "$ROOT"/usr/lib/erlang/bin/* "$ROOT"/usr/lib/erlang/erts-*/bin/*; do
    if [ ! -L "$script" ] && [ "$(head -c 2 "$script" | tr -d '\0')" = '#!' ]; then
      sed -i "s#=/usr/lib/erlang#=$ROOT/usr/lib/erlang#" "$script"
    fi
  done
  rm -rf "$dir"
  touch "$ROOT/.complete"
}
download_debs() {
  local dir=$1; shift
  (cd "$dir" && timeout 300 apt-get -q -o APT::Sandbox::User=root download "$@")
}

# ---- Python ---------------------------------------------------------------

python_for_rig() {
  PYTHON=$(command -v "${CLOUDMESH_RIG_PYTHON:-python3}") || cannot 'there is no python3'
  "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || cannot "$PYTHON is older than 3.11"
}

# uv_get: the installer, from the registry, into a folder of the rig.
uv_get() {
  export UV_CACHE_DIR=$RIG_DIR/uv-cache UV_LINK_MODE=hardlink UV_NO_PROGRESS=1 UV_PYTHON_DOWNLOADS=never
  [ -n "${SSL_CERT_FILE:-}" ] || [ ! -r /etc/ssl/certs/ca-certificates.crt ] ||
    export SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
  UV=$RIG_DIR/tools/bin/uv
  [ -x "$UV" ] && return 0
  "$PYTHON" -m pip --version >/dev/null 2>&1 || { apt_install python3-pip; PYTHON=/usr/bin/python3; }
  rm -rf "$RIG_DIR/tools"
  timeout 300 "$PYTHON" -m pip install -q --disable-pip-version-check --no-warn-script-location --root-user-action=ignore \
    --target "$RIG_DIR/tools" -r "$HERE/locks/tools.lock" >"$LOG/pip.log" 2>&1 || fail 'pip install uv' "$LOG/pip.log"
}

# venv_install VENV LOCK…: each lock is installed once, until its text changes.
# A lock of the same family only adds to those before it.
venv_install() {
  local venv=$1 lock sum stamp; shift
  for lock in "$@"; do
    stamp=$venv/.$lock.sum
    sum=$(sha256sum <"$HERE/locks/$lock.lock")
    [ -r "$stamp" ] && [ "$(<"$stamp")" = "$sum" ] && [ -x "$venv/bin/python" ] && continue
    uv_get
    if [ "$lock" = "$1" ]; then
      rm -rf "$venv"
      "$UV" venv -q --python "$PYTHON" "$venv" >"$LOG/install-$lock.log" 2>&1 || fail "making $venv" "$LOG/install-$lock.log"
    fi
    timeout 900 "$UV" pip install -q --python "$venv/bin/python" --no-deps -r "$HERE/locks/$lock.lock" \
      >>"$LOG/install-$lock.log" 2>&1 || fail "installing locks/$lock.lock" "$LOG/install-$lock.log"
    # Tests are half of the code and never loaded.
    "$venv/bin/python" -m compileall -q -j 2 -x '/tests?/' "$venv/lib" >/dev/null 2>&1
    echo "$sum" >"$stamp"
  done
}

install_services() {
  local locks=(services)
  [ "$CINDER" = 0 ] || locks+=(cinder)
  [ "$HEAT" = 0 ] || locks+=(heat)
  venv_install "$VENV" "${locks[@]}"
}

install_client() {
  local locks=(client)
  [ "$HEAT" = 0 ] || locks+=(client-heat)
  venv_install "$CLIENT" "${locks[@]}"
}
