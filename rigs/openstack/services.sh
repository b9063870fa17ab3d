# shellcheck shell=bash disable=SC2154,SC2034 # the settings are the rig's; templates use the variables
# Configuration and start of the OpenStack services. Sourced by rig.

COMPUTE_HOST=rig-compute1

# ---- what there is ----------------------------------------------------------

apis() {
  printf '%s\n' keystone placement glance neutron nova-api
  [ "$CINDER" = 0 ] || echo cinder-api
  [ "$HEAT" = 0 ] || echo heat-api
}
workers() {
  printf '%s\n' nova-conductor nova-scheduler nova-compute
  [ "$CINDER" = 0 ] || printf '%s\n' cinder-scheduler cinder-volume
  [ "$HEAT" = 0 ] || echo heat-engine
}
infra() { printf '%s\n' memcached epmd rabbitmq mariadb; }
all_names() { infra; apis; workers; }

port_of() {
  case $1 in
    keystone) echo "$KEYSTONE_PORT" ;;
    placement) echo "$PLACEMENT_PORT" ;;
    glance) echo "$GLANCE_PORT" ;;
    neutron) echo "$NEUTRON_PORT" ;;
    nova-api) echo "$NOVA_PORT" ;;
    cinder-api) echo "$CINDER_PORT" ;;
    heat-api) echo "$HEAT_PORT" ;;
  esac
}

# ---- configuration ----------------------------------------------------------

# secrets_make: random, made once, never printed.
secrets_make() {
  local kind
  (umask 077; mkdir -p "$KEYS/fernet" "$KEYS/credential")
  ADMIN_PASSWORD=$(secret "$KEYS/admin")
  DEMO_PASSWORD=$(secret "$KEYS/demo")
  SERVICE_PASSWORD=$(secret "$KEYS/service")
  DB_PASSWORD=$(secret "$KEYS/db")
  AMQP_PASSWORD=$(secret "$KEYS/amqp")
  HEAT_KEY=$(secret "$KEYS/heat")
  # Keystone's key repositories: 32 bytes in URL-safe base64; 0 is the next key.
  for kind in fernet/0 fernet/1 credential/0 credential/1; do
    [ -s "$KEYS/$kind" ] || (umask 077; head -c 32 /dev/urandom | base64 -w0 | tr '+/' '-_' >"$KEYS/$kind")
  done
}

urls() {
  AUTH_URL=http://127.0.0.1:$KEYSTONE_PORT/v3
  DB_URL=mysql+pymysql://rig:$DB_PASSWORD@localhost
  DB_ARGS="unix_socket=$DB_SOCKET&charset=utf8mb3"
  AMQP_URL=rabbit://rig:$AMQP_PASSWORD@127.0.0.1:$AMQP_PORT/
}

# conf SERVICE TEMPLATE TARGET USERS…: renders; the processes that use it are
# added to CHANGED if the outcome is not what it was.
CHANGED=' '
conf() {
  local name before=''
  SERVICE=$1
  SERVICE_AUTH=$(<"$HERE/conf/service-auth.inc")
  COMMON=$(<"$HERE/conf/common.inc")
  [ -e "$ETC/$3" ] && before=$(<"$ETC/$3")
  render "$HERE/conf/$2" "$ETC/$3" 600
  [ "$before" = "$(<"$ETC/$3")" ] && return 0
  for name in "${@:4}"; do CHANGED+="$name "; done
}

# uwsgi NAME PORT MODULE PROCESSES THREADS [LAZY [EXTRA]]. LAZY: each worker
# loads the application; otherwise it is loaded once, and the workers are forked.
uwsgi() {
  UW_NAME=$1 UW_PORT=$2 UW_MODULE=$3 UW_PROCESSES=$4 UW_THREADS=$5 UW_LAZY=${6:-true} UW_EXTRA=${7:-}
  conf "$1" uwsgi.ini "uwsgi-$1.ini" "$1"
}

configure() {
  mkdir -p "$ETC/nova" "$DATA/done" "$DATA"/lock/{keystone,glance,placement,nova,neutron,cinder,heat} \
    "$DATA"/glance/{images,staging,tasks,cache} "$DATA/nova/instances" "$DATA/neutron" \
    "$DATA/cinder/conversion" "$DATA"/heat/{environment.d,templates} "$RIG_DIR/client"
  GLANCE_PAGE=$((PAGE_SIZE < 25 ? PAGE_SIZE : 25))
  conf keystone keystone.conf keystone.conf keystone
  conf glance glance-api.conf glance-api.conf glance
  conf placement placement.conf placement.conf placement
  conf nova nova.conf nova/nova.conf nova-api nova-conductor nova-scheduler nova-compute
  conf neutron neutron.conf neutron.conf neutron
  cp "$VENV/etc/nova/api-paste.ini" "$ETC/nova/api-paste.ini"
  # nova-compute must not be able to see the databases.
  awk '/^\[/ { skip = ($0 == "[database]" || $0 == "[api_database]") } !skip' \
    "$ETC/nova/nova.conf" >"$ETC/nova-compute.conf"; chmod 600 "$ETC/nova-compute.conf"
  uwsgi keystone "$KEYSTONE_PORT" keystone.wsgi.api 2 2
  uwsgi placement "$PLACEMENT_PORT" placement.wsgi.api 1 4
  uwsgi glance "$GLANCE_PORT" glance.wsgi.api 1 4
  uwsgi neutron "$NEUTRON_PORT" neutron.wsgi.api 2 2
  uwsgi nova-api "$NOVA_PORT" nova.wsgi.osapi_compute 2 2
  if [ "$CINDER" != 0 ]; then
    conf cinder cinder.conf cinder.conf cinder-api cinder-scheduler cinder-volume
    uwsgi cinder-api "$CINDER_PORT" cinder.wsgi.api 1 2 true "pyargv = --config-file $ETC/cinder.conf"
  fi
  if [ "$HEAT" != 0 ]; then
    conf heat heat.conf heat.conf heat-api heat-engine
    uwsgi heat-api "$HEAT_PORT" heat.wsgi.api 1 2 true "pyargv = --config-file $ETC/heat.conf"
  fi
  plugin_entry
}

# Neutron finds drivers by the entry points of installed distributions: this
# folder, on the module path, is one.
plugin_entry() {
  local dist=$RIG_DIR/python/cloudmesh_rig-1.dist-info
  mkdir -p "$dist"
  printf 'Metadata-Version: 2.1\nName: cloudmesh-rig\nVersion: 1\n' >"$dist/METADATA"
  printf '[neutron.ml2.mechanism_drivers]\ncloudmesh_rig = cloudmesh_rig.ml2:Driver\n' >"$dist/entry_points.txt"
}

clouds_yaml() {
  # shellcheck disable=SC1091 # made by bootstrap.py
  . "$KEYS/appcred"
  render "$HERE/conf/clouds.yaml" "$RIG_DIR/client/clouds.yaml" 600
}

# ---- start ------------------------------------------------------------------

# Nothing of the caller's (OS_*, proxies, PYTHON*) reaches a service.
service() {
  local name=$1; shift
  proc_start "$name" env -i HOME="$DATA" PATH="$VENV/bin:/usr/sbin:/usr/bin:/sbin:/bin" LC_ALL=C.UTF-8 \
    NO_PROXY="$NO_PROXY" no_proxy="$NO_PROXY" PYTHONUNBUFFERED=1 "$@"
}
api_service() { service "$1" "${@:2}" "$VENV/bin/uwsgi" --ini "$ETC/uwsgi-$1.ini"; }
worker() { service "$1" PYTHONPATH="$HERE/python" "$VENV/bin/python" "$HERE/python/$2" "${@:3}"; }

start_one() {
  case $1 in
    memcached | epmd | rabbitmq | mariadb) infra_start ;;
    keystone) api_service keystone OS_KEYSTONE_CONFIG_DIR="$ETC" OS_KEYSTONE_CONFIG_FILES=keystone.conf ;;
    glance) api_service glance OS_GLANCE_CONFIG_DIR="$ETC" ;;
    placement) api_service placement OS_PLACEMENT_CONFIG_DIR="$ETC" ;;
    neutron)
      api_service neutron OS_NEUTRON_CONFIG_DIR="$ETC" OS_NEUTRON_CONFIG_FILES=neutron.conf \
        PYTHONPATH="$HERE/python:$RIG_DIR/python"
      ;;
    # nova looks for api-paste.ini beside its file, but only if it may choose the files
    nova-api) api_service nova-api OS_NOVA_CONFIG_DIR="$ETC/nova" ;;
    cinder-api | heat-api) api_service "$1" ;;
    nova-compute)
      worker nova-compute compute.py --config-file "$ETC/nova-compute.conf"
      ;;
    nova-conductor | nova-scheduler) worker "$1" worker.py "nova.cmd.${1#nova-}" --config-file "$ETC/nova/nova.conf" ;;
    cinder-scheduler | cinder-volume) service "$1" "$VENV/bin/$1" --config-file "$ETC/cinder.conf" ;;
    heat-engine) service "$1" "$VENV/bin/$1" --config-file "$ETC/heat.conf" ;;
    *) fail "no process of that name: $1" ;;
  esac
}

api_ready() {
  local path=/
  [ "$1" != keystone ] || path=/v3
  case $(curl --noproxy '*' -s -o /dev/null -m 20 -w '%{http_code}' "http://127.0.0.1:$(port_of "$1")$path") in
    200 | 300 | 401) return 0 ;;
  esac
  return 1
}
apis_await() {
  local name
  for name in "$@"; do await 120 "$name" "an answer of $name" api_ready "$name"; done
}

# A worker is of use once nova has heard from it since it started.
workers_ready() {
  local name since
  for name in nova-conductor nova-scheduler nova-compute; do
    since=$(stat -c %Y "$RUN/$name.pid" 2>/dev/null) || return 1
    [ "$(sql -N -e "select count(*) from nova.services where \`binary\` = '$name' and deleted = 0
      and coalesce(updated_at, created_at) >= from_unixtime($since)")" -gt 0 ] || return 1
  done
  [ "$(sql -N -e 'select count(*) from placement.inventories')" -ge 3 ]
}

# ---- first time -------------------------------------------------------------

once() {   # once MARK COMMAND…
  local mark=$DATA/done/$1; shift
  [ -e "$mark" ] && return 0
  "$@" && touch "$mark"
}

# The rows that "nova-manage cell_v2" (map_cell0, create_cell, discover_hosts)
# would write, without three starts of that program.
cells() {
  sql nova_api -e "
    delete from host_mappings; delete from cell_mappings;
    insert into cell_mappings (created_at, uuid, name, transport_url, database_connection, disabled) values
      (utc_timestamp(), '00000000-0000-0000-0000-000000000000', 'cell0', 'none:///', '$DB_URL/nova_cell0?$DB_ARGS', 0),
      (utc_timestamp(), uuid(), 'cell1', '$AMQP_URL', '$DB_URL/nova?$DB_ARGS', 0);
    insert into host_mappings (created_at, cell_id, host)
      select utc_timestamp(), id, '$COMPUTE_HOST' from cell_mappings where name = 'cell1'" ||
    fail 'writing the cells of nova' "$LOG/mariadb.log"
}

keystone_bootstrap() {
  timeout 120 "$VENV/bin/keystone-manage" --config-file "$ETC/keystone.conf" bootstrap \
    --bootstrap-password "$ADMIN_PASSWORD" --bootstrap-region-id "$REGION" --bootstrap-admin-url "$AUTH_URL" \
    --bootstrap-internal-url "$AUTH_URL" --bootstrap-public-url "$AUTH_URL" >"$LOG/bootstrap-keystone.log" 2>&1 ||
    fail 'keystone-manage bootstrap' "$LOG/bootstrap-keystone.log"
}

bootstrap() {
  env -i PATH="$PATH" LC_ALL=C.UTF-8 RIG_AUTH_URL="$AUTH_URL" RIG_REGION="$REGION" \
    RIG_ADMIN_PASSWORD="$ADMIN_PASSWORD" RIG_DEMO_PASSWORD="$DEMO_PASSWORD" RIG_SERVICE_PASSWORD="$SERVICE_PASSWORD" \
    RIG_CINDER="$CINDER" RIG_HEAT="$HEAT" RIG_APPCRED_FILE="$KEYS/appcred" \
    RIG_PORT_GLANCE="$GLANCE_PORT" RIG_PORT_PLACEMENT="$PLACEMENT_PORT" RIG_PORT_NOVA="$NOVA_PORT" \
    RIG_PORT_NEUTRON="$NEUTRON_PORT" RIG_PORT_CINDER="$CINDER_PORT" RIG_PORT_HEAT="$HEAT_PORT" \
    timeout 180 "$VENV/bin/python" "$HERE/python/bootstrap.py" "$1" >"$LOG/bootstrap-$1.log" 2>&1 ||
    fail "bootstrap: $(tail -n 1 "$LOG/bootstrap-$1.log" | cut -c1-200)" "$LOG/bootstrap-$1.log"
}
