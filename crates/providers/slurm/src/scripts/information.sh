# Partitions, and facts about the cluster.
cm_section partitions
cm_ask sinfo -h -o "%P$cm_us%a$cm_us%l$cm_us%F$cm_us%C$cm_rs"
cm_code=$?
cm_section features
cm_ask sinfo -h -o "%P$cm_us%G$cm_us%f$cm_rs"
cm_section configuration
scontrol show config
cm_section sinfo-code
echo "$cm_code"
cm_section end
