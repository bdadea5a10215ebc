//! AWS KMS: keys that never leave Amazon's modules, reached with Amazon's own client.
//!
//! The client is asynchronous and custody is not: a thread per custodian drives it ([`service`]),
//! and callers wait for their answer until their deadline. Credentials, roles and proxies are the
//! client's business, by its standard configuration; nothing here reads or tells them.
//!
//! Service reference: AWS KMS API 2014-11-01, operations Sign, GetPublicKey, DescribeKey,
//! CreateKey and CreateAlias.

mod formats;
mod key;
mod making;
mod service;
mod trouble;

use greatseal_core::key::Spelled;

use crate::custodian::{Custodian, Deadline};
use crate::fault::CustodyFault;
use crate::place::{Generate, Placed, Surroundings};
use crate::uri::{AwsKmsUri, KeyUri};

use key::AwsKmsCustodian;
use making::AwsKmsGenerator;
use service::Service;

/// Opens the custodian of a key; nothing is reached yet.
pub(super) fn custodian(
    uri: AwsKmsUri,
    pinned: Spelled,
    _around: &Surroundings,
) -> Result<Box<dyn Custodian>, CustodyFault> {
    Ok(Box::new(AwsKmsCustodian::new(uri, pinned)?))
}

/// Looks a key up that is there already, to pin it: by its ARN, because an alias can be pointed at
/// another key at any time.
pub(super) fn look_up(uri: &AwsKmsUri, _around: &Surroundings, deadline: Deadline) -> Result<Placed, CustodyFault> {
    let held = Service::new(uri).public_key(key::named(uri)?, deadline)?;
    Ok(Placed { uri: KeyUri::AwsKms(uri.with_key(&held.arn)?), public_key: held.public_key })
}

/// Opens the service as a place in which keys can be made; nothing is reached yet.
pub(super) fn generator(uri: &AwsKmsUri, _around: &Surroundings) -> Result<Box<dyn Generate>, CustodyFault> {
    if let Some(key) = uri.key() {
        let problem =
            format!("the key's name there is made of its name here: leave {key} out, as in awskms:///?region=…");
        return Err(CustodyFault::Unsupported { problem });
    }
    Ok(Box::new(AwsKmsGenerator::new(uri.clone())))
}
