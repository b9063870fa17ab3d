# Reads the file of one attempt, $1: who began it (cm_holder, cm_host), the id that sbatch gave, its exit
# code and whatever else it said. A line without its newline does not count. Builtins only.
cm_attempt() {
  cm_id= cm_code= cm_text= cm_holder= cm_host=
  {
    IFS=' ' read -r cm_holder cm_host cm_line
    while IFS= read -r cm_line; do
      case ${cm_line%%;*} in
        '' | *[!0-9]*)
          case $cm_line in
            "exit "*) cm_code=${cm_line#exit } ;;
            *) [ ${#cm_text} -gt 4000 ] || cm_text="$cm_text$cm_line
" ;;
          esac ;;
        *) cm_id=$cm_line ;;
      esac
    done
  } <"$1"
}
# Whether what was read last is a refusal for sure, so that nothing was submitted. After the words
# listed here, and after a signal, nobody knows.
cm_refused() {
  [ -z "$cm_id" ] || return 1
  case $cm_code in '' | 0 | 12[89] | 1[3-9][0-9] | 2[0-4][0-9]) return 1 ;; esac
  case $cm_text in
    *"ontact slurm controller (connect failure)"*) return 0 ;;
    '' | *"timed out"* | *"Zero Bytes"* | *"Unexpected message"* | *"eceive failure"* | *"reset by peer"* | \
    *"not connected"* | *"roken pipe"* | *"nspecified error"* | *"nterrupted"* | *"ontact slurm controller"*) return 1 ;;
  esac
  return 0
}
# Where the job in folder $1 stands: the newest attempt's number in cm_n (0: none), and as above. Succeeds
# if there is an id.
cm_stand() {
  cm_n=0 cm_id= cm_code= cm_text=
  while [ -e "$1/attempt$((cm_n + 1))" ]; do
    cm_n=$((cm_n + 1))
    cm_attempt "$1/attempt$cm_n"
    [ -z "$cm_id" ] || return 0
  done
  [ "$cm_n" -gt 0 ] && [ -e "$1/adopted" ] && { IFS= read -r cm_id <"$1/adopted"; } && [ -n "$cm_id" ]
}
