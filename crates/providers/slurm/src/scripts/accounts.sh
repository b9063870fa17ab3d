# Accounts that we may charge.
cm_section accounts
sacctmgr -n -P show associations user="$(id -un)" format=Account,Partition,QOS,MaxSubmitJobs
cm_code=$?
cm_section default
sacctmgr -n -P show user "$(id -un)" format=DefaultAccount
cm_section sacctmgr-code
echo "$cm_code"
cm_section end
