# A piece of a job's output. Input: folder, index (empty: none, *: all), file, first byte from 1, count.
IFS= read -r cm_folder
IFS= read -r cm_index
IFS= read -r cm_file
read -r cm_from
read -r cm_count
cd && cd -- "$cm_folder" 2>/dev/null || { cm_section no-folder; exit 0; }
cm_section piece
case $cm_index in
  '*') ls | grep "^$cm_file-[0-9][0-9]*\$" | sort -t - -k 2n | while IFS= read -r cm_one; do cat -- "$cm_one"; done |
    tail -c "+$cm_from" 2>/dev/null | head -c "$cm_count" ;;
  '') [ ! -e "$cm_file" ] || tail -c "+$cm_from" -- "$cm_file" | head -c "$cm_count" ;;
  *) [ ! -e "$cm_file-$cm_index" ] || tail -c "+$cm_from" -- "$cm_file-$cm_index" | head -c "$cm_count" ;;
esac
