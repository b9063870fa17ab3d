# Which system it is, and where its commands are.
cm_run version qstat --version
cm_run help qstat -help
cm_section kind
head -c 300 "$(command -v qstat)" 2>/dev/null | head -n 1 | tr -d '\000'
cm_section beside
for cm_c in showq msub sbatch qacct pbs_rstat; do command -v "$cm_c"; done
cm_section end
