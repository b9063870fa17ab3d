# Cancels, holds, releases, requeues, alters. Input: lines of verb, id and number of options, then the options;
# `done` at the end: half of it might mean something else.
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
    case $cm_line in "@begin "*) cm_line=$(date -d "+${cm_line#@begin } seconds" +%Y%m%d%H%M.%S) ;; esac
    set -- "$@" "$cm_line"
    cm_count=$((cm_count - 1))
  done
  case $cm_verb:$cm_dialect in
    cancel:*) cm_said=$(qdel "$cm_id" </dev/null 2>&1) ;;
    hold:*) cm_said=$(qhold "$cm_id" </dev/null 2>&1) ;;
    release:*) cm_said=$(qrls "$cm_id" </dev/null 2>&1) ;;
    requeue:gridengine) cm_said=$(qmod -rj "$cm_id" </dev/null 2>&1) ;;
    requeue:*) cm_said=$(qrerun "$cm_id" </dev/null 2>&1) ;;
    alter:*) cm_said=$(qalter "$@" "$cm_id" </dev/null 2>&1) ;;
  esac
  printf '%s\037%s\036' "$?" "$cm_said"
done
cm_section end
