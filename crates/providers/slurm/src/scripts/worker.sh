# Submits the jobs of one file of calls, one after the other. Beside sbatch nothing is forked.
# A call is lines that begin with a letter: m its mark, t its name in one line, o an option, w a
# work folder, c the script, a an argument, e a variable; n goes on with a new line of the item before;
# a full stop ends it.
trap '' HUP PIPE
cm_root=$1 cm_stage=$2 cm_sbatch=$3 cm_here=$4
cm_nl='
'
cm_i=0
exec 3<"$cm_stage/calls/$5"
while IFS= read -r cm_line <&3; do
  # What is left of a call that was passed over is passed over as well.
  case $cm_line in m*) cm_mark=${cm_line#m} ;; *) continue ;; esac
  cd "$cm_root/$cm_mark" 2>/dev/null || continue
  if [ -e attempt1 ]; then
    cm_stand . && continue
    if [ ! -e "$cm_stage/free-$cm_mark-$cm_n" ]; then
      # Somebody may be at it this moment: wait a little for the outcome, once for all calls together.
      while [ "$cm_i" -lt 25 ] && [ -z "$cm_code" ]; do
        [ "$cm_host" != "$cm_here" ] || kill -0 "$cm_holder" 2>/dev/null || break
        sleep 0.2 2>/dev/null || sleep 1
        cm_i=$((cm_i + 1))
        cm_attempt "attempt$cm_n"
      done
      [ -z "$cm_id" ] || continue
      cm_refused || continue
    fi
  else cm_n=0; fi
  cm_n=$((cm_n + 1))
  IFS= read -r cm_line <&3
  set -C
  if { echo "$$ $cm_here ${cm_line#t}" >"attempt$cm_n"; } 2>/dev/null; then set +C; else set +C; continue; fi
  (
    # What is the same for most comes first and is not in the call: whatever stands there counts more.
    set -- --comment="$cm_mark" --job-name="${cm_line#t}" --output=output --error=error
    cm_kind= cm_item= cm_work=$cm_root/$cm_mark
    while IFS= read -r cm_line <&3; do
      cm_text=${cm_line#?}
      case $cm_line in n*) cm_item=$cm_item$cm_nl$cm_text; continue ;; esac
      case $cm_kind in
        o | a) set -- "$@" "$cm_item" ;;
        w)
          case $cm_item in /*) cm_work=$cm_item/$cm_mark ;; *) cm_work=$HOME/$cm_item/$cm_mark ;; esac
          mkdir -p -m 700 -- "$cm_work" || exit 73 ;;
        c) set -- "$@" "--chdir=$cm_work" "$cm_root/.scripts/$cm_item" ;;
        e) export "$cm_item" ;;
      esac
      case $cm_line in .) exec "$cm_sbatch" --parsable "$@" 3<&- ;; esac
      cm_kind=${cm_line%"$cm_text"} cm_item=$cm_text
    done
    echo "the call is not whole"
    exit 74
  ) >>"attempt$cm_n" 2>&1 </dev/null
  echo "exit $?" >>"attempt$cm_n"
done
