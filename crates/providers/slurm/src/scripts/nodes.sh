# Nodes: one record for each node and partition, then how much memory of each is given away.
cm_section nodes
cm_ask sinfo -h -N -o "%N$cm_us%P$cm_us%T$cm_us%C$cm_us%m$cm_us%G$cm_us%f$cm_us%E$cm_rs"
cm_code=$?
cm_section memory
sinfo -h -N -O "NodeList:.90,AllocMem:.20" 2>/dev/null
cm_section sinfo-code
echo "$cm_code"
cm_section end
