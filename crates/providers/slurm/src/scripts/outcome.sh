# Whether attempt $2 in folder $1 ended with a refusal for sure, so that nothing was submitted. Sets
# cm_code and cm_text to what sbatch said. Builtins only. After the words listed here nobody knows.
cm_refused() {
  cm_text=
  cm_code=
  { IFS= read -r cm_code <"$1/exit$2"; } 2>/dev/null || return 1
  { while IFS= read -r cm_line || [ -n "$cm_line" ]; do
      cm_text="$cm_text$cm_line
"
      [ ${#cm_text} -gt 4000 ] && break
    done <"$1/said$2"; } 2>/dev/null
  case $cm_code in 0 | 12[89] | 1[3-9][0-9] | 2[0-4][0-9]) return 1 ;; esac
  case $cm_text in
    *"ontact slurm controller (connect failure)"*) return 0 ;;
    '' | *"timed out"* | *"Zero Bytes"* | *"Unexpected message"* | *"eceive failure"* | *"reset by peer"* | \
    *"not connected"* | *"roken pipe"* | *"nspecified error"* | *"nterrupted"* | *"ontact slurm controller"*) return 1 ;;
  esac
  return 0
}
