# Submits jobs, each exactly once. Input: the experiment folder, the settle time in seconds, when the
# oldest mark was made, then a tar archive: `worker`, `marks`, `calls/N`, `scripts/HASH`, `jobs/MARK/`, `whole`.
#
# A job's folder appears in one move. Its attempt N is begun by making `attemptN` (noclobber: one of
# all that try), to which sbatch itself appends its id. So whoever is killed, whenever, leaves behind what
# tells the next one where it stands. A cut connection does not stop what was begun.
trap '' HUP PIPE
IFS= read -r cm_folder
IFS= read -r cm_settle
IFS= read -r cm_since
cm_fault() { cm_section fault; printf '%s\n' "$1"; exit 0; }
cm_sbatch=$(command -v sbatch) || cm_fault "sbatch is not on PATH"
cm_said=$({ cd && mkdir -p -- "$cm_folder" && cd -- "$cm_folder"; } 2>&1) || cm_fault "$cm_said"
cd && cd -- "$cm_folder" || cm_fault "the folder $cm_folder cannot be entered"
cm_root=$(pwd)
cm_stage=$(mktemp -d "$cm_root/.incoming-XXXXXXXX" 2>&1) || cm_fault "$cm_stage"
trap 'rm -rf "$cm_stage"' 0
find "$cm_root" -maxdepth 1 -name '.incoming-*' -mtime +1 -exec rm -rf {} + 2>/dev/null
cm_said=$(LC_ALL=C tar -xf - -C "$cm_stage" 2>&1) || cm_fault "$cm_said"
# An archive that was cut between two entries unpacks without complaint.
[ -e "$cm_stage/whole" ] || cm_fault "the archive is not whole"
[ -d .scripts ] || mkdir -p -m 700 .scripts
cm_said=$(mv -f -- "$cm_stage/scripts"/* .scripts/ 2>&1) || cm_fault "$cm_said"
# A folder that is there already stays as it is: an earlier call of ours made it.
(cd "$cm_stage/jobs" && mv -- * "$cm_root"/ 2>/dev/null)
cm_here=$(uname -n)

# Attempts of earlier calls that left neither an id nor a refusal. Once they can no longer take
# effect, Slurm is searched for what they may have submitted: it is adopted, or the way is free.
cm_stale=
while IFS= read -r cm_mark; do
  [ -e "$cm_mark/attempt1" ] || continue
  cm_stand "$cm_mark" && continue
  cm_refused && continue
  : >"$cm_stage/now"
  cm_now=$(stat -c %Y "$cm_stage/now")
  cm_then=$(stat -c %Y "$cm_mark/attempt$cm_n") || continue
  cm_age=$((cm_now - cm_then))
  if [ -n "$cm_code" ]; then cm_alive=no
  elif [ "$cm_host" = "$cm_here" ]; then
    if kill -0 "$cm_holder" 2>/dev/null; then cm_alive=yes; else cm_alive=no; fi
  else cm_alive=unknown; fi
  if [ "$cm_age" -ge "$cm_settle" ] && [ "$cm_alive" = no ] || [ "$cm_age" -ge $((cm_settle * 10)) ]; then
    cm_stale="$cm_stale $cm_mark/$cm_n"
  fi
done <"$cm_stage/marks"
if [ -n "$cm_stale" ]; then
  cm_sure=yes
  squeue -h -a -t all -u "$(id -un)" -o "%F %T %r %k %Z" >"$cm_stage/found" 2>/dev/null || cm_sure=no
  for cm_states in "" "-s CA"; do
    TZ=UTC0 sacct -X -n -P --delimiter=' ' -S "$cm_since" -E now $cm_states -o JobID,State,Reason,Comment,WorkDir >>"$cm_stage/found" 2>"$cm_stage/said" ||
      case $(cat "$cm_stage/said") in *"storage is disabled"* | *"not found"*) ;; *) cm_sure=no ;; esac
  done
  for cm_attempt in $cm_stale; do
    cm_mark=${cm_attempt%/*}
    cm_n=${cm_attempt#*/}
    cm_id=
    while IFS= read -r cm_line; do
      # Slurm keeps a record of some submissions that it refused.
      case $cm_line in *" FAILED BadConstraints "*) continue ;; *"$cm_mark"*) cm_id=${cm_line%%[!0-9]*}; break ;; esac
    done <"$cm_stage/found"
    if [ -n "$cm_id" ]; then printf '%s\n' "$cm_id" >"$cm_stage/adopted" && mv -f "$cm_stage/adopted" "$cm_mark/adopted"
    elif [ "$cm_sure" = yes ]; then : >"$cm_stage/free-$cm_mark-$cm_n"; fi
  done
fi

(cd "$cm_stage/calls" && ls) | xargs -n 1 -P 4 sh "$cm_stage/worker" "$cm_root" "$cm_stage" "$cm_sbatch" "$cm_here" >/dev/null 2>&1

cm_section jobs
while IFS= read -r cm_mark; do
  if cm_stand "$cm_mark"; then cm_class=id; cm_text=$cm_id
  elif [ "$cm_n" = 0 ]; then cm_class=missing; cm_text="the job's folder could not be made"
  elif cm_refused; then cm_class=refused
  else cm_class=uncertain; fi
  printf '%s\037%s\037%s\037%s\036' "$cm_mark" "$cm_class" "$cm_code" "$cm_text"
done <"$cm_stage/marks"
cm_section end
