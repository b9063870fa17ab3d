# What stands in the jobs' own folders. Input: the experiment folder; then marks, or nothing for all of them.
IFS= read -r cm_folder
cm_section files
if cd && cd -- "$cm_folder" 2>/dev/null; then
  while IFS= read -r cm_mark; do
    [ -d "$cm_mark" ] || continue
    for cm_file in "$cm_mark"/attempt[0-9]* "$cm_mark"/ended*; do
      [ -e "$cm_file" ] || continue
      printf '%s\037%s\037%s\036' "$cm_file" "$(stat -c %Y "$cm_file" 2>/dev/null)" "$(head -c 300 "$cm_file")"
    done
  done
fi
cm_section now
date +%s
cm_section end
