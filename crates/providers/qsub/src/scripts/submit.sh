# Submits jobs, each exactly once. Input: the experiment folder, the settle time in seconds, then a tar archive:
# `marks`, `jobs/MARK/` with `script`, `run` and `call`, `whole`.
#
# A job's folder appears in one move. Its attempt N begins by making `attemptN` (noclobber: one of all that try), to
# which qsub itself writes its id. So whoever is killed, whenever, leaves behind what tells the next one where it
# stands. A cut connection does not stop what was begun.
trap '' HUP PIPE
unset TZ
IFS= read -r cm_folder
IFS= read -r cm_settle
cm_fault() { cm_section fault; printf '%s\n' "$1"; exit 0; }
cm_said=$({ cd && mkdir -p -- "$cm_folder" && cd -- "$cm_folder"; } 2>&1) || cm_fault "$cm_said"
cd && cd -- "$cm_folder" || cm_fault "the folder $cm_folder cannot be entered"
cm_root=$(pwd)
cm_stage=$(mktemp -d "$cm_root/.incoming-XXXXXXXX" 2>&1) || cm_fault "$cm_stage"
trap 'rm -rf "$cm_stage" "$cm_errors"' 0
cm_said=$(LC_ALL=C tar -xf - -C "$cm_stage" 2>&1) || cm_fault "$cm_said"
# An archive that was cut between two entries unpacks without complaint.
[ -e "$cm_stage/whole" ] || cm_fault "the archive is not whole"
# A folder that is there already stays as it is: an earlier call of ours made it.
(cd "$cm_stage/jobs" && mv -- * "$cm_root"/ 2>/dev/null)
cm_here=$(uname -n)
cm_read() {
  cm_id= cm_code= cm_text= cm_holder= cm_host=
  {
    IFS=' ' read -r cm_word cm_holder cm_host
    while IFS= read -r cm_line; do
      case $cm_line in
        [0-9]*) [ -n "$cm_id" ] || cm_id=${cm_line%% *} ;;
        "exit "*) cm_code=${cm_line#exit } ;;
        *) [ ${#cm_text} -gt 3000 ] || cm_text="$cm_text$cm_line
" ;;
      esac
    done
  } <"$1"
}
cm_section jobs
while IFS= read -r cm_mark; do
  cm_n=0 cm_id= cm_code= cm_text= cm_class=missing
  if cd "$cm_root/$cm_mark" 2>/dev/null; then
    while [ -z "$cm_id" ] && [ -e "attempt$((cm_n + 1))" ]; do
      cm_n=$((cm_n + 1))
      cm_read "attempt$cm_n"
    done
    cm_go=no
    if [ "$cm_n" = 0 ]; then cm_go=yes
    elif [ -z "$cm_id" ]; then
      cm_age=$(($(date +%s) - $(stat -c %Y "attempt$cm_n")))
      if [ -n "$cm_code" ] && [ "$cm_code" != 0 ] && [ "$cm_code" -lt 128 ]; then cm_go=yes
      elif [ "$cm_age" -ge "$cm_settle" ]; then
        if [ "$cm_host" != "$cm_here" ] || ! kill -0 "$cm_holder" 2>/dev/null; then cm_go=yes; fi
      fi
    fi
    if [ "$cm_go" = yes ]; then
      cm_n=$((cm_n + 1))
      set -C
      if { echo "by $$ $cm_here" >"attempt$cm_n"; } 2>/dev/null; then
        set +C
        (
          set --
          while IFS= read -r cm_line; do
            case $cm_line in "@begin "*) cm_line=$(date -d "+${cm_line#@begin } seconds" +%Y%m%d%H%M.%S) ;; esac
            set -- "$@" "$cm_line"
          done <call
          exec qsub "$@" run
        ) >>"attempt$cm_n" 2>&1 </dev/null
        echo "exit $?" >>"attempt$cm_n"
      fi
      set +C
      cm_read "attempt$cm_n"
    fi
    if [ -n "$cm_id" ]; then cm_class=id cm_text=$cm_id
    elif [ -n "$cm_code" ] && [ "$cm_code" != 0 ]; then cm_class=refused
    else cm_class=uncertain; fi
  fi
  printf '%s\037%s\037%s\037%s\036' "$cm_mark" "$cm_class" "$cm_code" "$cm_text"
done <"$cm_stage/marks"
cm_section end
