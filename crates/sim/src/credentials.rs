//! What somebody needs to log in to a simulated cloud.

use serde::{Deserialize, Serialize};

/// The ways into one cloud. The passwords are known ones: they guard nothing but simulated things on loopback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloudCredentials {
    /// The cloud's name.
    pub cloud: String,
    /// Where Keystone is.
    pub auth_url: String,
    /// The regions, the first one being the default.
    pub regions: Vec<String>,
    /// The name of the domain of all users and projects.
    pub domain: String,
    /// An ordinary user.
    pub user: String,
    /// Its password.
    pub password: String,
    /// Its project.
    pub project: String,
    /// A user with the role admin.
    pub admin_user: String,
    /// Its password.
    pub admin_password: String,
    /// Its project.
    pub admin_project: String,
    /// A credential of the ordinary user for its project.
    pub application_credential: ApplicationCredential,
}

/// An application credential of Keystone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationCredential {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its secret.
    pub secret: String,
}
