# All jobs that the system knows.
cm_section user
id -un
case $cm_dialect in
  openpbs)
    cm_run jobs qstat -x -f -F json
    case $cm_code in 0) ;; *) cm_run jobs qstat -f -F json ;; esac ;;
  torque) cm_run jobs qstat -t -x ;;
  gridengine)
    cm_run jobs qstat -xml -u '*' -s prs
    cm_run ended qstat -xml -u '*' -s z ;;
esac
cm_section end
