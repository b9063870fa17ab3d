# Submits the jobs whose marks are given, one after the other. Beside sbatch nothing is forked.
trap '' HUP PIPE
cm_root=$1 cm_stage=$2 cm_sbatch=$3 cm_here=$4
shift 4
cm_nl='
'
for cm_mark do
  cd "$cm_root/$cm_mark" 2>/dev/null || continue
  cm_n=0 cm_id=
  while [ -e "lock$((cm_n + 1))" ]; do
    cm_n=$((cm_n + 1))
    { IFS= read -r cm_id <"id$cm_n"; } 2>/dev/null && [ -n "$cm_id" ] && break
    cm_id=
  done
  [ -z "$cm_id" ] || continue
  if [ "$cm_n" -gt 0 ]; then
    [ ! -e adopted ] || continue
    if [ ! -e "$cm_stage/free-$cm_mark-$cm_n" ]; then
      # Somebody may be at it this moment: wait a little for the outcome.
      cm_i=0
      while [ "$cm_i" -lt 25 ] && [ ! -e "exit$cm_n" ]; do sleep 0.2 2>/dev/null || sleep 1; cm_i=$((cm_i + 1)); done
      { IFS= read -r cm_id <"id$cm_n"; } 2>/dev/null && [ -n "$cm_id" ] && continue
      cm_refused . "$cm_n" || continue
    fi
  fi
  cm_n=$((cm_n + 1))
  set -C
  if { echo "$$ $cm_here" >"lock$cm_n"; } 2>/dev/null; then set +C; else set +C; continue; fi
  (
    set --
    cm_kind= cm_item= cm_work=$cm_root/$cm_mark
    while IFS= read -r cm_line; do
      cm_text=${cm_line#?}
      case $cm_line in n*) cm_item=$cm_item$cm_nl$cm_text; continue ;; esac
      case $cm_kind in
        o | a) set -- "$@" "$cm_item" ;;
        w)
          case $cm_item in /*) cm_work=$cm_item/$cm_mark ;; *) cm_work=$HOME/$cm_item/$cm_mark ;; esac
          mkdir -p -m 700 -- "$cm_work" || exit 73 ;;
        s) set -- "$@" "--chdir=$cm_work" "$cm_root/$cm_mark/$cm_item" ;;
        c) set -- "$@" "--chdir=$cm_work" "$cm_stage/scripts/$cm_item" ;;
        e) export "$cm_item" ;;
      esac
      cm_kind=${cm_line%"$cm_text"} cm_item=$cm_text
    done <call
    exec "$cm_sbatch" --parsable "$@"
  ) >"id$cm_n" 2>"said$cm_n" </dev/null
  echo $? >"exit$cm_n"
done
