# Reservations of nodes.
cm_section reservations
cm_ask scontrol show reservation -o
cm_code=$?
cm_section scontrol-code
echo "$cm_code"
cm_section end
