//! Who is at the other end of a loopback connection: its user, and its process. Facts: proc(5), `/proc/net/tcp`. Linux
//! only; elsewhere nobody is found.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::Path;

/// The end of a connection that is not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Peer {
    pub(crate) uid: u32,
    pub(crate) inode: u64,
}

/// The socket that is bound to `theirs` and connected to `ours`.
pub(crate) fn peer(theirs: SocketAddr, ours: SocketAddr) -> Option<Peer> {
    let (SocketAddr::V4(theirs), SocketAddr::V4(ours)) = (theirs, ours) else { return None };
    find(&std::fs::read_to_string("/proc/net/tcp").ok()?, theirs, ours)
}

fn find(table: &str, theirs: SocketAddrV4, ours: SocketAddrV4) -> Option<Peer> {
    table.lines().skip(1).find_map(|line| {
        let mut words = line.split_whitespace();
        let local = address(words.nth(1)?)?;
        let remote = address(words.next()?)?;
        if local != theirs || remote != ours {
            return None;
        }
        let uid = words.nth(4)?.parse().ok()?;
        let inode = words.nth(1)?.parse().ok()?;
        Some(Peer { uid, inode })
    })
}

/// `0100007F:1F90` as the kernel of this computer writes it.
fn address(text: &str) -> Option<SocketAddrV4> {
    let (address, port) = text.split_once(':')?;
    let number = u32::from_str_radix(address, 16).ok()?;
    Some(SocketAddrV4::new(Ipv4Addr::from(number.to_ne_bytes()), u16::from_str_radix(port, 16).ok()?))
}

/// The processes that hold a socket.
pub(crate) fn holders(inode: u64) -> Vec<u32> {
    let wanted = format!("socket:[{inode}]");
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    processes
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| {
            std::fs::read_dir(format!("/proc/{pid}/fd")).is_ok_and(|mut files| {
                files.any(|file| {
                    file.is_ok_and(|file| {
                        std::fs::read_link(file.path()).is_ok_and(|link| link == Path::new(&wanted))
                    })
                })
            })
        })
        .collect()
}

/// The name of the program that a process runs.
pub(crate) fn program(pid: u32) -> Option<String> {
    let path = std::fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    let name = path.file_name()?.to_str()?;
    Some(name.strip_suffix(" (deleted)").unwrap_or(name).to_owned())
}

#[cfg(all(test, target_endian = "little"))]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_kernels_table_is_read() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
                     0: 0100007F:C350 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 424242 1 0 20 4 30 10 -1\n";
        let theirs = "127.0.0.1:50000".parse().unwrap();
        let ours = "127.0.0.1:8080".parse().unwrap();
        assert_eq!(find(table, theirs, ours), Some(Peer { uid: 1000, inode: 424_242 }));
        assert_eq!(find(table, ours, theirs), None);
    }
}
