# The ids of our jobs: the first line of every attempt. Input: the experiment folder.
IFS= read -r cm_folder
cm_section marks
if cd && cd -- "$cm_folder" 2>/dev/null; then
  find . -maxdepth 2 -name 'attempt[0-9]*' -exec grep -H -m 1 '^[0-9]' {} + 2>/dev/null
fi
cm_section end
