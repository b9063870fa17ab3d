# shellcheck shell=bash disable=SC2154 # the settings are the rig's
# Database, message broker and cache of the OpenStack rig. Sourced by rig.

# unpacked COMMAND…: runs something from $ROOT with the libraries there.
DEB_LIBS=$ROOT/usr/lib/$(uname -m)-linux-gnu:$ROOT/lib/$(uname -m)-linux-gnu
unpacked() { env LD_LIBRARY_PATH="$DEB_LIBS" "$@"; }

# ---- MariaDB: a socket, no port --------------------------------------------

DB_SOCKET=$RUN/db.socket
sql() { unpacked "$ROOT/usr/bin/mariadb" --no-defaults --socket="$DB_SOCKET" -u root "$@"; }

db_options() {
  printf '%s\n' --no-defaults --basedir="$ROOT/usr" --datadir="$DATA/mysql" --tmpdir="$DATA/tmp" \
    --lc-messages-dir="$ROOT/usr/share/mysql" --plugin-dir="$ROOT/usr/lib/mysql/plugin" \
    --character-sets-dir="$ROOT/usr/share/mysql/charsets" --user="$(id -un)"
}

db_init() {
  [ -e "$DATA/mysql/.complete" ] && return 0
  local options share=$ROOT/usr/share/mysql
  mapfile -t options < <(db_options)
  rm -rf "$DATA/mysql"; mkdir -p "$DATA/mysql"
  # What mariadb-install-db feeds to the server, less its look-ups of host names
  # and helper programs. The account root, open to whoever may reach the socket,
  # is made by the second file; the folder of the rig is closed to others.
  {
    printf '%s;\n' 'create database mysql' 'use mysql' 'set @auth_root_socket = null'
    cat "$share/mysql_system_tables.sql" "$share/mysql_performance_tables.sql" \
      "$share/mysql_system_tables_data.sql" "$share/maria_add_gis_sp_bootstrap.sql" |
      grep -v '@current_hostname'
  } | unpacked timeout 120 "$ROOT/usr/sbin/mariadbd" "${options[@]}" --bootstrap --log-warnings=0 \
    >"$LOG/db-init.log" 2>&1 || fail 'making the database' "$LOG/db-init.log"
  touch "$DATA/mysql/.complete"
}

db_start() {
  local options
  mapfile -t options < <(db_options)
  # What a loss of power would cost does not matter here, so nothing is synced.
  proc_start mariadb env LD_LIBRARY_PATH="$DEB_LIBS" "$ROOT/usr/sbin/mariadbd" "${options[@]}" \
    --socket="$DB_SOCKET" --skip-networking --pid-file="$RUN/db.own-pid" --skip-log-bin --performance-schema=OFF \
    --innodb-buffer-pool-size=256M --innodb-log-file-size=96M --innodb-flush-log-at-trx-commit=0 \
    --innodb-doublewrite=0 --innodb-flush-method=nosync --max-connections=500 --thread-cache-size=64
}

# ---- RabbitMQ ---------------------------------------------------------------

rabbit_start() {
  local home=$DATA/rabbit server
  server=$(echo "$ROOT"/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server)
  [ -x "$server" ] || fail 'RabbitMQ was not unpacked'
  mkdir -p "$home"
  [ -s "$home/plugins" ] || echo '[].' >"$home/plugins"
  render "$HERE/conf/rabbitmq.conf" "$ETC/rabbitmq.conf" 600
  proc_start epmd "$ROOT/usr/lib/erlang/bin/epmd" -address 127.0.0.1 -port "$EPMD_PORT"
  await 15 epmd 'the port mapper of Erlang' port_open "$EPMD_PORT"
  # A clean environment: RabbitMQ reads a great many variables.
  proc_start rabbitmq env -i HOME="$home" LC_ALL=C.UTF-8 LD_LIBRARY_PATH="$DEB_LIBS" \
    PATH="$ROOT/usr/lib/erlang/bin:/usr/sbin:/usr/bin:/sbin:/bin" ERL_ROOTDIR="$ROOT/usr/lib/erlang" \
    ERL_EPMD_PORT="$EPMD_PORT" ERL_EPMD_ADDRESS=127.0.0.1 \
    RABBITMQ_NODENAME=rig@localhost RABBITMQ_DIST_PORT="$ERLANG_PORT" \
    RABBITMQ_CONF_ENV_FILE=/dev/null RABBITMQ_CONFIG_FILE="$ETC/rabbitmq.conf" \
    RABBITMQ_ADVANCED_CONFIG_FILE="$ETC/rabbitmq-none" RABBITMQ_ENABLED_PLUGINS_FILE="$home/plugins" \
    RABBITMQ_MNESIA_BASE="$home/mnesia" RABBITMQ_GENERATED_CONFIG_DIR="$home/config" \
    RABBITMQ_SCHEMA_DIR="$home/schema" RABBITMQ_LOG_BASE="$LOG" RABBITMQ_LOGS=- \
    RABBITMQ_PID_FILE="$RUN/rabbitmq.own-pid" \
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +sbwt none' \
    "$server"
}

# ---- all three --------------------------------------------------------------

infra_start() {
  mkdir -p "$DATA/tmp"
  proc_start memcached env LD_LIBRARY_PATH="$DEB_LIBS" "$ROOT/usr/bin/memcached" -u "$(id -un)" \
    -l 127.0.0.1 -p "$MEMCACHED_PORT" -U 0 -m 64 -c 1024 -t 2
  rabbit_start
  db_init
  db_start
  await 15 memcached 'the cache' port_open "$MEMCACHED_PORT"
  await 60 mariadb 'the database' sql -e 'select 1'
}

infra_stop() {
  proc_signal_stop rabbitmq
  proc_signal_stop mariadb
  proc_stop memcached 5
  proc_stop rabbitmq 20
  proc_stop mariadb 40
  proc_stop epmd 5
}

# ---- databases of the services ----------------------------------------------

databases() {   # NAME SERVICE, the service being what owns the schema
  printf '%s\n' 'keystone keystone' 'glance glance' 'placement openstack-placement' \
    'nova_api nova' 'nova_cell0 nova' 'nova nova' 'neutron neutron'
  [ "$CINDER" = 0 ] || echo 'cinder cinder'
  [ "$HEAT" = 0 ] || echo 'heat openstack-heat'
}

# Loads schema/NAME.sql.gz, which is what the service's own "db sync" made for
# the version that its first line names; for another version, runs the sync.
schemas_load() {
  local db service version missing=()
  while read -r db service; do
    [ -e "$DATA/done/schema.$db" ] && continue
    sql -e "drop database if exists $db; create database $db character set utf8mb3;
      create user if not exists rig@localhost identified by '$DB_PASSWORD'; grant all on $db.* to rig@localhost" ||
      fail "making the database $db" "$LOG/mariadb.log"
    version=$(sed -n "s/^$service==//p" "$HERE"/locks/{services,cinder,heat}.lock)
    if [ -z "${RIG_SYNC:-}" ] && [ "$(zcat "$HERE/schema/$db.sql.gz" 2>/dev/null | head -n 1)" = "-- $service $version" ]; then
      zcat "$HERE/schema/$db.sql.gz" | sql "$db" >"$LOG/schema.log" 2>&1 || fail "loading schema/$db.sql.gz" "$LOG/schema.log"
      touch "$DATA/done/schema.$db"
    else
      missing+=("$db")
    fi
  done < <(databases)
  [ ${#missing[@]} = 0 ] || schemas_sync "${missing[@]}"
}

schemas_sync() {
  local db pids=()
  say "schemas of ${missing[*]} by the services' own synchronisation (minutes)"
  for db in "$@"; do
    case $db in nova_api | nova_cell0) continue ;; esac
    schema_sync "$db" >"$LOG/sync-$db.log" 2>&1 9>&- & pids+=("$!:$db")
  done
  for db in "${pids[@]}"; do
    wait "${db%:*}" || fail "db sync of ${db#*:}" "$LOG/sync-${db#*:}.log"
  done
  for db in "$@"; do touch "$DATA/done/schema.$db"; done
}

manage() { timeout 600 "$VENV/bin/$1" "${@:2}"; }
schema_sync() {
  case $1 in
    keystone) manage keystone-manage --config-file "$ETC/keystone.conf" db_sync ;;
    glance) manage glance-manage --config-file "$ETC/glance-api.conf" db_sync ;;
    placement) manage placement-manage --config-file "$ETC/placement.conf" db sync ;;
    neutron) manage neutron-db-manage --config-file "$ETC/neutron.conf" upgrade heads ;;
    cinder) manage cinder-manage --config-file "$ETC/cinder.conf" db sync ;;
    heat) manage heat-manage --config-file "$ETC/heat.conf" db_sync ;;
    nova)
      manage nova-manage --config-file "$ETC/nova/nova.conf" api_db sync &&
        manage nova-manage --config-file "$ETC/nova/nova.conf" cell_v2 map_cell0 \
          --database_connection "$DB_URL/nova_cell0?$DB_ARGS" &&
        manage nova-manage --config-file "$ETC/nova/nova.conf" db sync
      ;;
  esac
}

# Writes schema/ from the running database. To be run on a rig that has been
# wiped and brought up with RIG_SYNC=1, which no object of anybody's is in.
schemas_dump() {
  local db service version dir=$RIG_DIR/debs/client
  mkdir -p "$dir/root"
  { download_debs "$dir" mariadb-client && dpkg-deb -x "$dir"/mariadb-client_*.deb "$dir/root"; } >"$LOG/debs.log" 2>&1 ||
    fail 'apt-get download mariadb-client' "$LOG/debs.log"
  while read -r db service; do
    version=$(sed -n "s/^$service==//p" "$HERE"/locks/{services,cinder,heat}.lock)
    {
      echo "-- $service $version"
      unpacked "$dir/root/usr/bin/mariadb-dump" --no-defaults --socket="$DB_SOCKET" -u root \
        --skip-dump-date --skip-comments --order-by-primary "$db" || fail "mariadb-dump $db"
    } | gzip -9n >"$HERE/schema/$db.sql.gz.new" && mv "$HERE/schema/$db.sql.gz.new" "$HERE/schema/$db.sql.gz"
  done < <(databases)
  rm -rf "$dir"
}
