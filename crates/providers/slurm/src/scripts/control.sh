# Holds, releases, requeues and alters jobs. Input: for each a line with the verb, one with the id, one with the
# number of settings, then the settings; `done` at the end: half of it might mean something else.
cm_all=$(cat)
case $cm_all in
  done | *"
done") ;;
  *) cm_section cut; cm_section end; exit 0 ;;
esac
cm_section control
printf '%s\n' "$cm_all" | while IFS= read -r cm_verb && [ "$cm_verb" != done ]; do
  IFS= read -r cm_id
  read -r cm_count
  set --
  while [ "$cm_count" -gt 0 ]; do
    IFS= read -r cm_line
    set -- "$@" "$cm_line"
    cm_count=$((cm_count - 1))
  done
  case $cm_verb in
    hold) cm_said=$(scontrol hold "$cm_id" </dev/null 2>&1) ;;
    release) cm_said=$(scontrol release "$cm_id" </dev/null 2>&1) ;;
    requeue) cm_said=$(scontrol requeue "$cm_id" </dev/null 2>&1) ;;
    alter) cm_said=$(scontrol update "JobId=$cm_id" "$@" </dev/null 2>&1) ;;
  esac
  printf '%s\037%s\036' "$?" "$cm_said"
done
cm_section end
