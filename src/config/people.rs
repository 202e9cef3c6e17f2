//! Settings about people: what the owner of the data directory may, and who reaches the socket.

use serde::Deserialize;

/// `[people]`
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PeopleConfig {
    pub directory_owner: DirectoryOwner,
    pub socket: SocketReach,
}

/// What the operating-system user who owns the data directory (and the superuser) is here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DirectoryOwner {
    /// All rights.
    #[default]
    Everything,
    /// The role `admin`, unless a user is mapped to them.
    Admin,
    /// Whoever a user is mapped to, and nobody otherwise.
    Nobody,
}

/// Who can open the socket; what they may then do is another matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SocketReach {
    #[default]
    Owner,
    Group,
    Everyone,
}

impl SocketReach {
    /// Permission bits of the socket: who may write to it may connect (unix(7)).
    pub fn mode(self) -> u32 {
        match self {
            Self::Owner => 0o600,
            Self::Group => 0o660,
            Self::Everyone => 0o666,
        }
    }
}
