# What only the records know. Input: ids for accounting, comma separated; ids whose exit code is
# wanted from the controller; the experiment folder; then marks of jobs that the controller does not know.
IFS= read -r cm_ids
IFS= read -r cm_codes
IFS= read -r cm_folder
if [ -n "$cm_ids" ]; then
  cm_section sacct
  cm_ask sacct -X -n -p --delimiter="$cm_us" -j "$cm_ids" -o "$cm_past"
  cm_code=$?
  cm_section sacct-code
  echo "$cm_code"
fi
if [ -n "$cm_codes" ]; then
  cm_section codes
  squeue -h -a -t all -j "$cm_codes" -O "JobArrayID:.40,exit_code:.20" 2>/dev/null
fi
cm_section files
cd && cd -- "$cm_folder" 2>/dev/null && while IFS= read -r cm_mark; do
  [ -e "$cm_mark/attempt1" ] || continue
  cm_name=
  IFS=' ' read -r cm_holder cm_host cm_name <"$cm_mark/attempt1"
  cm_then=$(stat -c %Y "$cm_mark/attempt1" 2>/dev/null)
  printf '%s\037%s\037%s\036' "$cm_mark" "$cm_then" "$cm_name"
done
cm_section now
date +%s
cm_section end
