# Records of ended jobs of Grid Engine. Input: `ids`, then ids in one line parted by blanks; or `since`, then days.
IFS= read -r cm_what
IFS= read -r cm_value
case $cm_what in
  ids)
    cm_section accounting
    for cm_id in $cm_value; do qacct -j "$cm_id" </dev/null 2>/dev/null; done
    cm_section accounting-code
    echo 0 ;;
  mine) cm_run accounting qacct -o "$(id -un)" -d "$cm_value" -j ;;
  all) cm_run accounting qacct -o '*' -d "$cm_value" -j ;;
esac
cm_section end
