//! Runs a simulator in the foreground and says how to reach it: `cargo run -p cloudmesh-sim --example serve -- 5000`.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};

use cloudmesh_sim::{CloudOptions, Options, SshdOption, serve};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let port = arguments.next().and_then(|port| port.parse().ok()).unwrap_or(0);
    let clouds = arguments.next().and_then(|count| count.parse().ok()).unwrap_or(1);
    let servers = arguments.next().and_then(|count| count.parse().ok()).unwrap_or(0);
    let like = CloudOptions { servers, ..CloudOptions::default() };
    let mut options = Options {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        ssh: SshdOption::Auto { port: 0 },
        ..Options::default()
    };
    options = if clouds > 1 {
        options.with_clouds(clouds, &like)
    } else {
        Options { clouds: vec![like], ..options }
    };
    let until = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    serve(
        options,
        |simulator| {
            let mut out = std::io::stdout().lock();
            for name in simulator.cloud_names().into_iter().take(3) {
                if let Some(credentials) = simulator.credentials(&name) {
                    writeln!(out, "{credentials:#?}")?;
                }
            }
            writeln!(out, "control: {} with token {}", simulator.control_url(), simulator.control_token())?;
            writeln!(out, "ssh: {:?}", simulator.ssh())
        },
        until,
    )
    .await
}
