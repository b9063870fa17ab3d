# Common to all scripts. An answer is sections: \035NAME, then a body. Records end with \036, fields are parted by
# \037. The first line of input says which system it is.
cm_section() { printf '\035%s\n' "$1"; }
if ! command -v qstat >/dev/null 2>&1; then
  for cm_d in /opt/pbs/bin /opt/torque/bin /usr/local/torque/bin /usr/local/pbs/bin /opt/sge/bin /opt/maui/bin /usr/local/bin; do
    if [ -x "$cm_d/qstat" ]; then PATH=$PATH:$cm_d; export PATH; break; fi
  done
fi
if ! command -v qstat >/dev/null 2>&1; then
  cm_section no-qstat
  exit 0
fi
TZ=UTC0
export TZ
# Runs a command: its output is section $1, its exit code $1-code, what it said on standard error $1-errors.
cm_errors=$(mktemp) || exit 0
trap 'rm -f "$cm_errors"' 0
cm_run() {
  cm_name=$1
  shift
  cm_section "$cm_name"
  "$@" </dev/null 2>"$cm_errors"
  cm_code=$?
  cm_section "$cm_name-code"
  echo "$cm_code"
  cm_section "$cm_name-errors"
  head -c 4000 "$cm_errors"
}
IFS= read -r cm_dialect
