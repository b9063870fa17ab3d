//! What the hard trials share: simulated clouds in this process, folders of settings of their own, the
//! program under a name of its own, and a look at a cloud that owes nothing to the program.

pub(crate) mod cloud;
pub(crate) mod program;
pub(crate) mod simulated;

/// Whether the long form of the trials was asked for.
pub(crate) fn soak() -> bool {
    std::env::var_os("CLOUDMESH_SOAK").is_some_and(|value| value == "1")
}

/// Says that a trial is left out; where everything must run, that is a failure.
pub(crate) fn left_out(trial: &str, reason: &str) {
    assert!(std::env::var_os("CI").is_none_or(|value| value != "true"), "{trial} was left out: {reason}");
    eprintln!("left out: {trial}: {reason}");
}

/// Runs `each` on every case, `at_once` at a time; the worker's number tells it which cloud is its own.
pub(crate) fn in_parallel<T: Send>(at_once: usize, cases: Vec<T>, each: impl Fn(usize, T) + Sync) {
    let cases = std::sync::Mutex::new(cases.into_iter());
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..at_once)
            .map(|worker| {
                let (cases, each) = (&cases, &each);
                scope.spawn(move || {
                    loop {
                        let Some(case) = cases.lock().unwrap().next() else { return };
                        each(worker, case);
                    }
                })
            })
            .collect();
        let failed = workers.into_iter().filter_map(|worker| worker.join().err()).next();
        if let Some(failure) = failed {
            std::panic::resume_unwind(failure);
        }
    });
}
