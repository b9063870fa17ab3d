//! Nouns of clouds beside servers: networks, subnets, routers, ports, security groups, volumes and their
//! snapshots, server groups.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::noun::ColumnKind::{Flag, Integer, List, Text, Time};
use crate::noun::Shown::{Detail, List as InList};
use crate::{Column, Mark, NativeId, Noun, Record, Row, RowBuilder, ThingId};

/// A value that stands in a cell.
trait Cell {
    fn put(&self, row: RowBuilder) -> RowBuilder;
}

impl Cell for String {
    fn put(&self, row: RowBuilder) -> RowBuilder {
        row.cell(self)
    }
}

impl Cell for bool {
    fn put(&self, row: RowBuilder) -> RowBuilder {
        row.maybe(Some(*self))
    }
}

impl Cell for u64 {
    fn put(&self, row: RowBuilder) -> RowBuilder {
        row.maybe(Some(*self))
    }
}

impl<T: std::fmt::Display> Cell for Option<T> {
    fn put(&self, row: RowBuilder) -> RowBuilder {
        row.maybe(self.as_ref())
    }
}

impl Cell for Vec<String> {
    fn put(&self, row: RowBuilder) -> RowBuilder {
        row.list(self.iter().map(String::as_str))
    }
}

impl Cell for Vec<SecurityRule> {
    fn put(&self, row: RowBuilder) -> RowBuilder {
        let rules: Vec<String> = self.iter().map(SecurityRule::to_string).collect();
        row.list(rules.iter().map(String::as_str))
    }
}

/// A kind of thing with what all of them have: our id, the cloud's, the place, a name, a mark.
macro_rules! cloud_thing {
    (
        $(#[$doc:meta])* $name:ident, $noun:ident, $word:literal, $plural:literal,
        { $( $(#[$field_doc:meta])* $field:ident: $type:ty => $kind:ident, $shown:ident, $about:literal; )* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub struct $name {
            /// Our id.
            pub id: ThingId,
            /// The cloud's id; missing while it is planned.
            pub native: Option<NativeId>,
            /// The cloud.
            pub place: String,
            /// Its name there. Names need not be unique.
            pub name: String,
            $( $(#[$field_doc])* pub $field: $type, )*
            /// Our mark on it, whichever installation's.
            pub mark: Option<Mark>,
        }

        #[doc = concat!("Columns of ", $plural, ".")]
        pub static $noun: Noun = Noun {
            name: $word,
            plural: $plural,
            columns: &[
                Column { name: "name", kind: Text, shown: InList, about: "Its name" },
                $( Column { name: stringify!($field), kind: $kind, shown: $shown, about: $about }, )*
                Column { name: "cloud", kind: Text, shown: InList, about: "Cloud it is on" },
                Column { name: "native_id", kind: Text, shown: Detail, about: "Id in the cloud" },
                Column { name: "id", kind: Text, shown: Detail, about: "Cloudmesh's own id" },
                Column { name: "ours", kind: Flag, shown: Detail, about: "Whether it carries a mark of Cloudmesh" },
            ],
        };

        impl Record for $name {
            const NOUN: &'static Noun = &$noun;

            fn id(&self) -> &ThingId {
                &self.id
            }

            fn place(&self) -> &str {
                &self.place
            }

            fn row(&self) -> Row {
                let mut row = RowBuilder::new().cell(&self.name);
                $( row = Cell::put(&self.$field, row); )*
                row.cell(&self.place)
                    .maybe(self.native.as_ref())
                    .cell(self.id.as_str())
                    .maybe(Some(self.mark.is_some()))
                    .finish()
            }
        }
    };
}

cloud_thing!(
    /// A network that servers are on, or that floating addresses come from.
    Network, NETWORK, "network", "networks",
    {
        /// State in the cloud's words, lower case.
        status: String => Text, InList, "State in the cloud's words";
        /// Whether floating addresses come from it.
        external: bool => Flag, InList, "Whether floating addresses come from it";
        /// Whether other projects may use it too.
        shared: bool => Flag, InList, "Whether other projects may use it too";
        /// The cloud's ids of its subnets.
        subnets: Vec<String> => List, Detail, "Native ids of its subnets";
    }
);

cloud_thing!(
    /// A range of addresses of a network.
    Subnet, SUBNET, "subnet", "subnets",
    {
        /// Its range: `10.0.0.0/24`.
        range: String => Text, InList, "Its addresses";
        /// The address of the gateway.
        gateway: Option<String> => Text, InList, "Address of the gateway";
        /// Name (or else native id) of its network.
        network: String => Text, InList, "Its network";
        /// Whether servers get their addresses by DHCP.
        dhcp: bool => Flag, Detail, "Whether servers get their addresses by DHCP";
        /// Name servers.
        name_servers: Vec<String> => List, Detail, "Name servers";
    }
);

cloud_thing!(
    /// A router between networks.
    Router, ROUTER, "router", "routers",
    {
        /// State in the cloud's words, lower case.
        status: String => Text, InList, "State in the cloud's words";
        /// Name (or else native id) of the external network that it leads to.
        gateway: Option<String> => Text, InList, "External network that it leads to";
    }
);

cloud_thing!(
    /// A port of a network: where a server, a router or an address is plugged in.
    Port, PORT, "port", "ports",
    {
        /// State in the cloud's words, lower case.
        status: String => Text, InList, "State in the cloud's words";
        /// Its addresses.
        addresses: Vec<String> => List, InList, "Its addresses";
        /// Name (or else native id) of its network.
        network: String => Text, InList, "Its network";
        /// The cloud's id of what is plugged in.
        device: Option<String> => Text, InList, "Native id of what is plugged in";
        /// What kind of thing is plugged in, in the cloud's words.
        owner: Option<String> => Text, Detail, "What kind of thing is plugged in";
        /// Its hardware address.
        hardware_address: String => Text, Detail, "Hardware address";
    }
);

/// One rule of a security group: what may come in, or go out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct SecurityRule {
    /// Whether it lets traffic in; out otherwise.
    pub incoming: bool,
    /// `tcp`, `udp`, `icmp` or another name or number; any protocol without it.
    pub protocol: Option<String>,
    /// First port (for ICMP: the type); any without it.
    pub from: Option<u16>,
    /// Last port (for ICMP: the code).
    pub to: Option<u16>,
    /// The other side's addresses: `0.0.0.0/0`. Everywhere without it.
    pub range: Option<String>,
    /// Name (or else native id) of the group whose members the other side must be among.
    pub group: Option<String>,
    /// Whether it is about IPv6.
    #[serde(default)]
    pub version_six: bool,
}

impl SecurityRule {
    /// The same rule as every cloud writes it: what means "any" is left out. Neutron takes ports 1 to 65535 of
    /// TCP and UDP for any port, and shows them so (seen with Neutron 28).
    #[must_use]
    pub fn normal(mut self) -> Self {
        self.protocol = self.protocol.map(|protocol| protocol.to_ascii_lowercase());
        if self.protocol.as_deref() == Some("any") {
            self.protocol = None;
        }
        if matches!((self.from, self.to), (Some(0 | 1), Some(65_535))) {
            (self.from, self.to) = (None, None);
        }
        self.range = self.range.filter(|range| !matches!(range.as_str(), "0.0.0.0/0" | "::/0"));
        self
    }
}

impl std::fmt::Display for SecurityRule {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(if self.incoming { "in" } else { "out" })?;
        write!(formatter, ":{}", self.protocol.as_deref().unwrap_or("any"))?;
        match (self.from, self.to) {
            (Some(from), Some(to)) if from == to => write!(formatter, ":{from}")?,
            (Some(from), Some(to)) => write!(formatter, ":{from}-{to}")?,
            (Some(from), None) => write!(formatter, ":{from}")?,
            _ => {}
        }
        match (&self.range, &self.group) {
            (Some(range), _) => write!(formatter, ":{range}"),
            (None, Some(group)) => write!(formatter, ":group={group}"),
            (None, None) => formatter.write_str(if self.version_six { ":::/0" } else { ":0.0.0.0/0" }),
        }
    }
}

cloud_thing!(
    /// A security group: which traffic a server's ports let through.
    SecurityGroup, SECURITY_GROUP, "secgroup", "secgroups",
    {
        /// A line about it; our mark is left out.
        description: String => Text, InList, "A line about it";
        /// Its rules.
        rules: Vec<SecurityRule> => List, InList, "Its rules: direction, protocol, ports, the other side";
    }
);

cloud_thing!(
    /// A disk of its own.
    Volume, VOLUME, "volume", "volumes",
    {
        /// State in the cloud's words, lower case.
        status: String => Text, InList, "State in the cloud's words";
        /// GiB.
        size: u64 => Integer, InList, "Size in GiB";
        /// Name of its type.
        volume_type: String => Text, InList, "Its type";
        /// The cloud's ids of the servers that have it.
        attached_to: Vec<String> => List, InList, "Native ids of the machines that have it";
        /// The devices that it is there.
        devices: Vec<String> => List, Detail, "The devices that it is there";
        /// Whether a server can boot from it.
        bootable: bool => Flag, Detail, "Whether a machine can boot from it";
        /// Availability zone.
        zone: Option<String> => Text, Detail, "Availability zone";
        /// When it was made.
        created: Option<Timestamp> => Time, InList, "When it was made";
    }
);

cloud_thing!(
    /// A copy of a volume as it was at one moment.
    VolumeSnapshot, VOLUME_SNAPSHOT, "volume_snapshot", "volume snapshots",
    {
        /// State in the cloud's words, lower case.
        status: String => Text, InList, "State in the cloud's words";
        /// GiB.
        size: u64 => Integer, InList, "Size in GiB";
        /// The cloud's id of the volume.
        volume: String => Text, InList, "Native id of the volume";
        /// When it was made.
        created: Option<Timestamp> => Time, InList, "When it was made";
    }
);

cloud_thing!(
    /// Servers that are to be near to each other, or far from each other.
    ServerGroup, SERVER_GROUP, "server_group", "server groups",
    {
        /// `affinity`, `anti-affinity`, or a soft form of one.
        policy: String => Text, InList, "affinity, anti-affinity, soft-affinity or soft-anti-affinity";
        /// The cloud's ids of its members.
        members: Vec<String> => List, InList, "Native ids of its members";
    }
);
