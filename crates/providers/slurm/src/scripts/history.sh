# What accounting tells of jobs. Input: `mine` or `all`; since when, in UTC.
IFS= read -r cm_whose
IFS= read -r cm_since
cm_section sacct
cm_used=JobID,State,ExitCode,User,Partition,NNodes,NCPUS,Submit,Start,End,Reason,Comment,WorkDir,ElapsedRaw,TotalCPU,MaxRSS,Account,TimelimitRaw,JobName
case $cm_whose in
  mine) cm_ask sacct -n -p --delimiter="$cm_us" -S "$cm_since" -E now -u "$(id -un)" -o "$cm_used" ;;
  all) cm_ask sacct -n -p --delimiter="$cm_us" -S "$cm_since" -E now -a -o "$cm_used" ;;
esac
cm_code=$?
cm_section sacct-code
echo "$cm_code"
cm_section end
