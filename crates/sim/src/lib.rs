//! Simulators of the services that Cloudmesh drives: stateful, seeded, speaking the real protocols on loopback.
//!
//! What lives here: a simulator of OpenStack (Keystone, Nova, Glance, Neutron, a little Cinder) that the official
//! client works on unmodified, and the faults that a test can ask of it. Nothing of Cloudmesh is imported, because a
//! type shared between a client and its simulator is a misreading shared between them.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use cloudmesh_sim::{CloudOptions, FaultSettings, Options, Simulator};
//! let mut options = Options::default();
//! options.clouds = vec![CloudOptions::named("sim")];
//! let simulator = Simulator::start(options).await?;
//! println!("{}", simulator.auth_url("sim"));
//! if let Some(faults) = simulator.faults("sim") {
//!     faults.set(FaultSettings { latency_ms: Some(50), ..FaultSettings::default() });
//! }
//! simulator.stop().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Nothing leaves the machine
//!
//! The simulator listens on loopback only and refuses any other address. Fixed and floating addresses of simulated
//! servers are taken from 127.0.0.0/8 (each cloud and region has a /16 of its own, one half for fixed and one for
//! floating addresses), whatever range a user gave a subnet, so that no packet to a simulated server can ever leave
//! the computer.
//!
//! # Who may log in to simulated servers
//!
//! A simulated server answers on ssh as the user who runs the simulator. Besides the server's own key pair, the
//! connection must come from a process of that same user (or of root): anybody else on the computer is refused before
//! `sshd` sees a byte.

mod answer;
mod call_log;
mod catalog;
mod cinder;
mod clock;
mod control;
mod credentials;
mod dispatch;
mod faults;
mod glance;
mod http;
mod keystone;
mod kill;
mod md5;
mod neutron;
mod nova;
mod options;
mod paging;
mod persist;
mod random;
mod request;
mod seeding;
mod serving;
mod simulator;
mod sockets;
mod ssh;
mod ssh_listener;
mod state;
mod stop_client;

pub use call_log::{CallOutcome, CallRecord};
pub use clock::{Clock, ManualClock, SystemClock};
pub use credentials::{ApplicationCredential, CloudCredentials};
pub use faults::{DeadMode, Failure, FaultHandle, FaultSettings, Selection, Throttle};
pub use options::{CloudOptions, Options, Quotas, SshdOption};
pub use simulator::{CloudStatus, RegionStatus, Simulator, Status, serve};
pub use ssh::SshStatus;
pub use stop_client::{StopClient, StopMoment, StopReport, StopTarget};
