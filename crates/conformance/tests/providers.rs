//! Every case of the contract at every peer that is there: the simulator and this computer always, a real
//! OpenStack and a real Slurm where the environment names them.
//!
//! `CLOUDMESH_TEST_OPENSTACK` names a `clouds.yaml` with the clouds `rig` and `rig-appcred`;
//! `CLOUDMESH_TEST_SLURM_SSH_CONFIG` an SSH configuration file, and `CLOUDMESH_TEST_SLURM_HOST` an alias in it.
//! `CLOUDMESH_SOAK=1` adds what takes minutes.
//! A peer that is not there is printed; with `CI=true` it is a failed test.

#![expect(clippy::print_stderr, reason = "a test says what it leaves out")]

mod peers;

use std::path::Path;
use std::process::ExitCode;

use cloudmesh_conformance::{
    BatchSetup, ComputeSetup, DEVIATIONS, LAGS, Outcome, batch_cases, compute_cases, deviation, run_batch,
    run_compute,
};
use libtest_mimic::{Arguments, Failed, Trial};
use peers::{Kind, Open, Peer};

fn main() -> ExitCode {
    // The provider `local` keeps a helper process: this very program, executed again.
    if std::env::args_os().nth(1).is_some_and(|word| word == cloudmesh_local::RUNNER_COMMAND) {
        let home = std::env::var_os("CLOUDMESH_HOME").unwrap_or_default();
        return match cloudmesh_local::runner::run(Path::new(&home)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    let arguments = Arguments::from_args();
    let mut said = Vec::new();
    let mut trials = Vec::new();
    let mut names = Vec::new();
    for peer in peers::all() {
        match peer.kind {
            Kind::Absent(why) => {
                said.push(format!("left out: {}: {why}", peer.name));
                trials.push(absent(peer.name, why));
            }
            Kind::Compute { capabilities, ref features, ref open } => {
                for case in compute_cases() {
                    match case.left_out(capabilities, features) {
                        Some(why) => said.push(format!("left out: {}::{}: {why}", peer.name, case.name)),
                        None => {
                            let open: Open<ComputeSetup> = open.clone();
                            names.push((peer.name, case.name));
                            trials.push(trial(&peer, case.name, move || async move {
                                run_compute(case, open().await?).await
                            }));
                        }
                    }
                }
            }
            Kind::Batch { capabilities, ref features, ref open } => {
                for case in batch_cases() {
                    match case.left_out(capabilities, features) {
                        Some(why) => said.push(format!("left out: {}::{}: {why}", peer.name, case.name)),
                        None => {
                            let open: Open<BatchSetup> = open.clone();
                            names.push((peer.name, case.name));
                            trials.push(trial(&peer, case.name, move || async move {
                                run_batch(case, open().await?).await
                            }));
                        }
                    }
                }
            }
        }
    }
    said.extend(LAGS.iter().map(|lag| format!("lag: {}: up to {:?}: {}", lag.peer, lag.within, lag.why)));
    said.extend(
        DEVIATIONS.iter().map(|known| format!("deviation: {}::{}: {}", known.peer, known.case, known.why)),
    );
    trials.push(Trial::test("every_deviation_names_a_case", || {
        let compute = compute_cases().into_iter().map(|case| case.name);
        let known: Vec<&str> = compute.chain(batch_cases().into_iter().map(|case| case.name)).collect();
        match DEVIATIONS.iter().find(|line| !known.contains(&line.case) || !peers::NAMES.contains(&line.peer))
        {
            Some(line) => Err(Failed::from(format!("there is no {}::{}", line.peer, line.case))),
            None => Ok(()),
        }
    }));
    if !arguments.list {
        for line in said {
            eprintln!("{line}");
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A peer that is not there: not run, or failed where everything that `rigs/` starts has to be there.
fn absent(name: &'static str, why: String) -> Trial {
    let needed =
        std::env::var("CI").is_ok_and(|value| value == "true") && !peers::WITHOUT_RIG.contains(&name);
    Trial::test(format!("{name}::is_there"), move || Err(Failed::from(why))).with_ignored_flag(!needed)
}

fn trial<F: Future<Output = Outcome>>(
    peer: &Peer,
    case: &'static str,
    run: impl FnOnce() -> F + Send + 'static,
) -> Trial {
    let peer = peer.name;
    Trial::test(format!("{peer}::{case}"), move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let outcome = runtime.block_on(run());
        runtime.shutdown_background();
        match (outcome, deviation(peer, case)) {
            (Ok(()), None) => Ok(()),
            (Err(failure), None) => Err(Failed::from(failure.to_string())),
            (Err(failure), Some(known)) => {
                eprintln!("deviation: {peer}::{case}: {}: {failure}", known.why);
                Ok(())
            }
            (Ok(()), Some(_)) => Err(Failed::from("it holds: strike it from the list of deviations")),
        }
    })
}
