# Jobs that the controller knows. Input: `mine`, `all` or `ids`; then the ids, comma separated.
IFS= read -r cm_whose
IFS= read -r cm_ids
cm_section squeue
case $cm_whose in
  mine) cm_ask squeue -h -a -t all -u "$(id -un)" -o "$cm_rows" ;;
  all) cm_ask squeue -h -a -t all -o "$cm_rows" ;;
  ids) cm_ask squeue -h -a -t all -j "$cm_ids" -o "$cm_rows" ;;
esac
cm_code=$?
cm_section squeue-code
echo "$cm_code"
cm_section end
