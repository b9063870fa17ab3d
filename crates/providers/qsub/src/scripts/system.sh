# Queues, nodes, the server.
case $cm_dialect in
  openpbs)
    cm_run queues qstat -Q -f -F json
    cm_run nodes pbsnodes -av -F json
    cm_run server qstat -B -f -F json ;;
  torque)
    cm_run queues qstat -Q -f
    cm_run nodes pbsnodes -x
    cm_run server qstat -B -f ;;
  gridengine)
    cm_run queues qstat -g c -xml
    cm_run nodes qhost -q -xml
    cm_run server qstat -help ;;
esac
cm_section end
