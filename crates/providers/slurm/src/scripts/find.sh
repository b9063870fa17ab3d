# Everything that may carry one of our marks. Input: the experiment folder; when the oldest mark was
# made; then the marks.
IFS= read -r cm_folder
IFS= read -r cm_since
cm_section files
cd && cd -- "$cm_folder" 2>/dev/null && while IFS= read -r cm_mark; do
  for cm_file in "$cm_mark"/attempt[0-9]* "$cm_mark"/adopted; do
    [ -e "$cm_file" ] || continue
    cm_name=
    case $cm_file in
      */adopted) { IFS= read -r cm_id <"$cm_file"; } || continue ;;
      *) cm_attempt "$cm_file"; IFS=' ' read -r cm_holder cm_host cm_name <"$cm_file" ;;
    esac
    [ -z "$cm_id" ] || printf '%s\037%s\037%s\036' "$cm_mark" "$cm_id" "$cm_name"
  done
done
cm_section squeue
cm_ask squeue -h -a -t all -u "$(id -un)" -o "$cm_rows"
cm_code=$?
cm_section squeue-code
echo "$cm_code"
cm_section sacct
# A job that was cancelled while it was held never became eligible: only its state finds it.
cm_ask sacct -X -n -p --delimiter="$cm_us" -S "$cm_since" -o "$cm_past" &&
  cm_ask sacct -X -n -p --delimiter="$cm_us" -S "$cm_since" -E now -s CA -o "$cm_past"
cm_code=$?
cm_section sacct-code
echo "$cm_code"
cm_section end
