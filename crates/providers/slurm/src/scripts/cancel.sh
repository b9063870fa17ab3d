# Cancels jobs. Input: their ids, one per line, then a full stop: half an id may be another job's.
# What has ended or is unknown counts as cancelled.
cm_ids=$(cat)
case $cm_ids in
  *.) ;;
  *) cm_section fault; echo "the list of jobs is not whole"; exit 0 ;;
esac
cm_section scancel
printf '%s\n' "${cm_ids%.}" | xargs -n 500 scancel 2>&1
cm_code=$?
cm_section scancel-code
echo "$cm_code"
cm_section end
