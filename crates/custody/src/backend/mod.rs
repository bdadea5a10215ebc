//! Which backend serves which URI. Each is a feature of its own, outside the default build.

#[cfg(feature = "awskms")]
mod aws_kms;
#[cfg(feature = "pkcs11")]
mod pkcs11;
#[cfg(feature = "ssh-agent")]
mod ssh_agent;
#[cfg(feature = "vault")]
mod vault;

use greatseal_core::key::Spelled;

use crate::custodian::{Custodian, Deadline};
use crate::fault::CustodyFault;
use crate::place::{Generate, Import, Placed, Surroundings};
use crate::uri::KeyUri;

/// Opens the custodian of a key that is in no file; nothing is reached yet.
///
/// # Errors
/// [`CustodyFault::Unsupported`] for a place that this build does not reach, [`CustodyFault::Setup`]
/// when something is missing on this machine.
#[allow(unused_variables, reason = "a build without any backend opens none")]
pub(crate) fn custodian(
    uri: KeyUri,
    pinned: Spelled,
    around: &Surroundings,
) -> Result<Box<dyn Custodian>, CustodyFault> {
    match uri {
        #[cfg(feature = "ssh-agent")]
        KeyUri::SshAgent(uri) => ssh_agent::custodian(uri, pinned, around),
        #[cfg(feature = "pkcs11")]
        KeyUri::Pkcs11(uri) => pkcs11::custodian(uri, pinned, around),
        #[cfg(feature = "vault")]
        KeyUri::Vault(uri) => vault::custodian(uri, pinned, around),
        #[cfg(feature = "awskms")]
        KeyUri::AwsKms(uri) => aws_kms::custodian(uri, pinned, around),
        other => Err(absent(&other)),
    }
}

/// Looks a key up that is in a place already, to pin it: where exactly it is, and its public half.
///
/// # Errors
/// What keeps the place from answering; [`CustodyFault::NoSuchKey`] when it has none.
#[allow(unused_variables, reason = "a build without any backend asks none")]
pub fn look_up(uri: &KeyUri, around: &Surroundings, deadline: Deadline) -> Result<Placed, CustodyFault> {
    let public_key = match uri {
        #[cfg(feature = "ssh-agent")]
        KeyUri::SshAgent(uri) => ssh_agent::public_key(uri, around, deadline),
        #[cfg(feature = "pkcs11")]
        KeyUri::Pkcs11(uri) => pkcs11::public_key(uri, around, deadline),
        #[cfg(feature = "vault")]
        KeyUri::Vault(uri) => return vault::look_up(uri, around, deadline),
        #[cfg(feature = "awskms")]
        KeyUri::AwsKms(uri) => return aws_kms::look_up(uri, around, deadline),
        other => Err(absent(other)),
    };
    public_key.map(|public_key| Placed { uri: uri.clone(), public_key })
}

/// Opens a place in which keys can be made; `uri` names it without a key.
///
/// # Errors
/// [`CustodyFault::Unsupported`] for one that makes none.
#[allow(unused_variables, reason = "a build without any backend opens none")]
pub fn generator(uri: &KeyUri, around: &Surroundings) -> Result<Box<dyn Generate>, CustodyFault> {
    match uri {
        #[cfg(feature = "pkcs11")]
        KeyUri::Pkcs11(uri) => pkcs11::generator(uri, around),
        #[cfg(feature = "vault")]
        KeyUri::Vault(uri) => vault::generator(uri, around),
        #[cfg(feature = "awskms")]
        KeyUri::AwsKms(uri) => aws_kms::generator(uri, around),
        #[cfg(feature = "ssh-agent")]
        KeyUri::SshAgent(_) => Err(CustodyFault::Unsupported {
            problem: "an agent makes no keys: make one with `greatseal key create` and bring it in".into(),
        }),
        other => Err(absent(other)),
    }
}

/// Opens a place to which keys can be brought; `uri` names it without a key.
///
/// # Errors
/// [`CustodyFault::Unsupported`] for one that takes none.
#[allow(unused_variables, reason = "a build without any backend opens none")]
pub fn importer(uri: &KeyUri, around: &Surroundings) -> Result<Box<dyn Import>, CustodyFault> {
    match uri {
        #[cfg(feature = "ssh-agent")]
        KeyUri::SshAgent(uri) => ssh_agent::importer(uri, around),
        #[cfg(feature = "pkcs11")]
        KeyUri::Pkcs11(uri) => pkcs11::importer(uri, around),
        #[cfg(feature = "vault")]
        KeyUri::Vault(uri) => vault::importer(uri, around),
        #[cfg(feature = "awskms")]
        KeyUri::AwsKms(_) => Err(CustodyFault::Unsupported {
            problem: "AWS KMS takes no key that was made elsewhere in a form that we could send: let it make one"
                .into(),
        }),
        other => Err(absent(other)),
    }
}

/// Says which feature a place needs, or that it is none of this kind.
fn absent(uri: &KeyUri) -> CustodyFault {
    let feature = match uri {
        KeyUri::SshAgent(_) => "ssh-agent",
        KeyUri::Pkcs11(_) => "pkcs11",
        KeyUri::Vault(_) => "vault",
        KeyUri::AwsKms(_) => "awskms",
        KeyUri::File(_) | KeyUri::Offline => {
            return CustodyFault::Unsupported { problem: format!("{uri} is no place of this kind") };
        }
    };
    let problem = format!("this build does not reach {uri}: build greatseal with `--features {feature}`");
    CustodyFault::Unsupported { problem }
}
