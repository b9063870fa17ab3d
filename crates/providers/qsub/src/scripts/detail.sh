# Everything about all jobs, for those whose id is not known: Grid Engine shows a job's variables only here.
cm_run detail qstat -j '*'
cm_section end
