# When a job would start. Input: the number of options, the options, then the script. Submits nothing.
read -r cm_count
set --
while [ "$cm_count" -gt 0 ]; do
  IFS= read -r cm_line
  set -- "$@" "$cm_line"
  cm_count=$((cm_count - 1))
done
cm_section test
cm_ask sbatch --test-only "$@" 2>&1
cm_code=$?
cm_section test-code
echo "$cm_code"
cm_section end
