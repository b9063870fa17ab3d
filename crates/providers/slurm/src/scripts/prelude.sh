# Common to all scripts: where Slurm's commands are, and how answers are laid out.
# An answer is sections: \035NAME, then a body. Records end with \036, fields are parted by \037.
# All names begin with cm_, so that nothing of the user's environment is changed for a job.
cm_us=$(printf '\037')
cm_rs=$(printf '\036')
cm_section() { printf '\035%s\n' "$1"; }
if ! command -v squeue >/dev/null 2>&1; then
  for cm_d in /opt/slurm/bin /usr/local/slurm/bin /opt/slurm/current/bin /cm/shared/apps/slurm/current/bin /usr/local/bin; do
    if [ -x "$cm_d/squeue" ]; then PATH=$PATH:$cm_d; export PATH; break; fi
  done
fi
if ! command -v squeue >/dev/null 2>&1; then
  cm_section no-slurm
  exit 0
fi
cm_rows="%A$cm_us%F$cm_us%K$cm_us%u$cm_us%P$cm_us%T$cm_us%r$cm_us%D$cm_us%C$cm_us%V$cm_us%S$cm_us%e$cm_us%k$cm_us%Z$cm_us%j$cm_rs"
cm_past=JobID,State,ExitCode,User,Partition,NNodes,NCPUS,Submit,Start,End,Reason,Comment,WorkDir,JobName
# Asks in the clock of the world, whatever the cluster's is. $1 is the command.
cm_ask() { TZ=UTC0 SLURM_TIME_FORMAT=standard "$@"; }
