//! Seeded identities and secrets. The n-th value depends on the seed and on n alone, so that runs repeat and a state
//! file can carry on where it stopped.

use serde::{Deserialize, Serialize};

/// A source of ids that repeats for the same seed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Seeded {
    seed: u64,
    drawn: u64,
}

impl Seeded {
    pub(crate) fn new(seed: u64, name: &str) -> Self {
        Self { seed: mix(seed, name.as_bytes()), drawn: 0 }
    }

    fn next(&mut self) -> fastrand::Rng {
        self.drawn += 1;
        fastrand::Rng::with_seed(self.seed ^ self.drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn bits(&mut self) -> u128 {
        self.next().u128(..)
    }

    /// A version 4 UUID with dashes, as Nova, Glance and Neutron use them.
    pub(crate) fn uuid(&mut self) -> String {
        let bits = self.bits() & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
        let hex = format!("{bits:032x}");
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }

    /// 32 hexadecimal digits, as Keystone names users and projects.
    pub(crate) fn hex(&mut self) -> String {
        format!("{:032x}", self.bits())
    }

    /// Letters and digits, for passwords and reservation ids.
    pub(crate) fn letters(&mut self, length: usize) -> String {
        let mut rng = self.next();
        (0..length).map(|_| rng.alphanumeric()).collect()
    }

    /// A hardware address with the prefix of OpenStack.
    pub(crate) fn hardware_address(&mut self) -> String {
        let mut rng = self.next();
        format!("fa:16:3e:{:02x}:{:02x}:{:02x}", rng.u8(..), rng.u8(..), rng.u8(..))
    }
}

/// A number that depends on both.
pub(crate) fn mix(seed: u64, bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for byte in bytes {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash ^ (hash >> 29)
}

/// A secret that nobody can guess: not seeded, from the operating system.
pub(crate) fn secret() -> std::io::Result<String> {
    use std::io::Read;
    let mut bytes = [0_u8; 32];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_ids_and_another_seed_others() {
        let draw = |seed| {
            let mut seeded = Seeded::new(seed, "sim");
            [seeded.uuid(), seeded.hex(), seeded.letters(8), seeded.hardware_address()]
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn uuids_are_of_version_four() {
        let mut seeded = Seeded::new(1, "");
        for _ in 0..100 {
            let uuid = seeded.uuid();
            assert_eq!(uuid.len(), 36);
            assert_eq!(&uuid[14..15], "4");
            assert!("89ab".contains(&uuid[19..20]), "{uuid}");
        }
    }
}
