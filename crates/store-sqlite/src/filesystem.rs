//! Whether a folder lies on a network file system. SQLite's write-ahead log needs memory that all its
//! processes share, so that they must be on one computer; a network file system cannot promise that.

use std::path::Path;

/// What the folder of a store lies on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FileSystem {
    /// Find out.
    #[default]
    Detect,
    /// A disk of this computer.
    Local,
    /// Something that other computers may write to as well.
    Network,
}

impl FileSystem {
    /// Whether to treat `folder` as one on a network.
    pub(crate) fn is_network(self, folder: &Path) -> bool {
        match self {
            Self::Local => false,
            Self::Network => true,
            Self::Detect => detect(folder),
        }
    }
}

#[cfg(target_os = "linux")]
fn detect(folder: &Path) -> bool {
    /// FUSE says nothing of what is behind it; the table of mounts does.
    const FUSE: u32 = 0x6573_5546;
    let Ok(found) = rustix::fs::statfs(folder) else { return false };
    // The kernel's type differs from computer to computer; the magic numbers are 32 bits wide.
    let magic = (found.f_type as u64 & 0xffff_ffff) as u32;
    if magic == FUSE { fuse_is_network(folder) } else { is_network_magic(magic) }
}

#[cfg(not(target_os = "linux"))]
fn detect(_: &Path) -> bool {
    false
}

/// The magic numbers of statfs(2) and of the file systems of clusters.
#[cfg(target_os = "linux")]
fn is_network_magic(magic: u32) -> bool {
    const NETWORK: [u32; 15] = [
        0x6969,      // NFS
        0x517b,      // SMB
        0xff53_4d42, // CIFS
        0xfe53_4d42, // SMB 2 and 3
        0x5346_414f, // AFS
        0x6b41_4653, // AFS of the kernel
        0x7375_7245, // Coda
        0x564c,      // NCP
        0x00c3_6400, // Ceph
        0x0bd0_0bd0, // Lustre
        0x4750_4653, // GPFS
        0x1983_0326, // BeeGFS
        0x7461_636f, // OCFS2
        0x0116_1970, // GFS2
        0x0102_1997, // 9P: folders of a host in its guests
    ];
    NETWORK.contains(&magic)
}

#[cfg(target_os = "linux")]
fn fuse_is_network(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (Ok(metadata), Ok(mounts)) = (folder.metadata(), std::fs::read_to_string("/proc/self/mountinfo"))
    else {
        return true;
    };
    let (major, minor) = (rustix::fs::major(metadata.dev()), rustix::fs::minor(metadata.dev()));
    fuse_type(&mounts, &format!("{major}:{minor}")).is_none_or(|kind| !is_local_fuse(kind))
}

/// The type of the mount of this device in the text of `mountinfo`.
#[cfg(target_os = "linux")]
fn fuse_type<'a>(mounts: &'a str, device: &str) -> Option<&'a str> {
    mounts
        .lines()
        .find(|line| line.split(' ').nth(2) == Some(device))
        .and_then(|line| line.split_once(" - "))
        .and_then(|(_, after)| after.split(' ').next())
}

/// What is not known to lie on a disk of this computer is taken for a network.
#[cfg(target_os = "linux")]
fn is_local_fuse(kind: &str) -> bool {
    const LOCAL: [&str; 9] = [
        "bindfs",
        "cryfs",
        "encfs",
        "exfat-fuse",
        "fuse-overlayfs",
        "gocryptfs",
        "mergerfs",
        "ntfs-3g",
        "securefs",
    ];
    kind == "fuseblk" || kind.strip_prefix("fuse.").is_some_and(|kind| LOCAL.contains(&kind))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_known_by_their_magic_number() {
        for magic in [0x6969, 0xff53_4d42, 0xfe53_4d42, 0x0bd0_0bd0] {
            assert!(is_network_magic(magic), "{magic:x}");
        }
        // ext4, tmpfs, btrfs, XFS, overlay
        for magic in [0xef53, 0x0102_1994, 0x9123_683e, 0x5846_5342, 0x794c_7630] {
            assert!(!is_network_magic(magic), "{magic:x}");
        }
    }

    #[test]
    fn fuse_is_judged_by_the_table_of_mounts() {
        let mounts = "36 35 0:52 / /home/a rw,nosuid shared:1 - fuse.sshfs host: rw\n\
                      37 35 8:17 / /mnt rw - fuseblk /dev/sdb1 rw\n";
        assert_eq!(fuse_type(mounts, "0:52"), Some("fuse.sshfs"));
        assert_eq!(fuse_type(mounts, "8:17"), Some("fuseblk"));
        assert_eq!(fuse_type(mounts, "1:1"), None);
        assert!(!is_local_fuse("fuse.sshfs") && !is_local_fuse("fuse.s3fs") && !is_local_fuse("fuse"));
        assert!(is_local_fuse("fuseblk") && is_local_fuse("fuse.gocryptfs"));
    }

    #[test]
    fn the_disk_under_the_tests_is_local() {
        assert!(!FileSystem::Detect.is_network(Path::new("/proc")));
    }
}
