//! Keys that the service makes, under aliases that are made of their names here.

use std::time::Duration;

use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use greatseal_core::error::Quoted;
use greatseal_core::key::PublicKey;

use super::service::{Again, Service};
use crate::custodian::Deadline;
use crate::fault::CustodyFault;
use crate::name::KeyName;
use crate::place::{Algorithm, Generate, Placed};
use crate::uri::{AwsKmsUri, KeyUri};

/// How long to wait before a key that was just made is asked for again: it takes a moment until
/// all of the service knows it.
const SETTLING: Duration = Duration::from_millis(200);

/// The service, as a place in which keys can be made.
pub(super) struct AwsKmsGenerator {
    uri: AwsKmsUri,
    service: Service,
}

impl AwsKmsGenerator {
    /// Takes the service by its URI, without a key; nothing is reached yet.
    pub(super) fn new(uri: AwsKmsUri) -> Self {
        let service = Service::new(&uri);
        Self { uri, service }
    }

    /// Refuses an alias that points somewhere. The service makes keys without names, so that this
    /// is asked before there is one that nobody wants.
    fn is_free(&self, name: &KeyName, alias: &str, deadline: Deadline) -> Result<(), CustodyFault> {
        let call = self.service.about("describe the alias", alias);
        let (told, id) = (call.clone(), alias.to_owned());
        let answer = self.service.call(&call, Again::Unanswered, deadline, move |client| {
            let (call, id) = (told.clone(), id.clone());
            async move { client.describe_key().key_id(id).send().await.map_err(|error| call.trouble(error)) }
        });
        match answer {
            Ok(_) => Err(CustodyFault::Exists { name: name.clone() }),
            Err(CustodyFault::NoSuchKey { .. }) => Ok(()),
            Err(fault) => Err(fault),
        }
    }

    /// Makes a key without a name, and returns its ARN. This is asked once: whoever asks twice may
    /// have two keys, and pays for both.
    fn make(&self, name: &KeyName, spec: KeySpec, deadline: Deadline) -> Result<String, CustodyFault> {
        let call = self.service.about("make a key", "");
        let (told, words) = (call.clone(), format!("greatseal {name}"));
        self.service.call(&call, Again::Untouched, deadline, move |client| {
            let (call, make) = (told.clone(), client.create_key().description(words.clone()).key_spec(spec.clone()));
            async move {
                let answer =
                    make.key_usage(KeyUsageType::SignVerify).send().await.map_err(|error| call.trouble(error))?;
                let arn = answer.key_metadata().and_then(|key| key.arn());
                arn.map(Into::into).ok_or_else(|| call.nonsense("a new key without its name"))
            }
        })
    }

    /// Gives a key its alias.
    fn name(&self, arn: &str, alias: &str, deadline: Deadline) -> Result<(), CustodyFault> {
        let call = self.service.about("name the key", arn);
        let (told, arn, alias) = (call.clone(), arn.to_owned(), alias.to_owned());
        self.service.call(&call, Again::Untouched, deadline, move |client| {
            let (call, name) = (told.clone(), client.create_alias().alias_name(&alias).target_key_id(&arn));
            async move { name.send().await.map(|_| ()).map_err(|error| call.trouble(error)) }
        })
    }
}

/// Asks about a key that was just made, until the service knows it everywhere.
fn settled<T>(deadline: Deadline, ask: impl Fn() -> Result<T, CustodyFault>) -> Result<T, CustodyFault> {
    loop {
        match ask() {
            Err(CustodyFault::NoSuchKey { .. }) if deadline.remaining()? > SETTLING => std::thread::sleep(SETTLING),
            answer => return answer,
        }
    }
}

impl Generate for AwsKmsGenerator {
    fn generate(&self, name: &KeyName, algorithm: Algorithm, deadline: Deadline) -> Result<Placed, CustodyFault> {
        let alias = format!("alias/greatseal/{name}");
        self.is_free(name, &alias, deadline)?;
        let spec = match algorithm {
            Algorithm::Ed25519 => KeySpec::EccNistEdwards25519,
            Algorithm::P256 => KeySpec::EccNistP256,
        };
        let arn = self.make(name, spec, deadline)?;
        // From here on there is a key, and a fault has to say which.
        let stray = |fault: CustodyFault| CustodyFault::Answer {
            place: format!("AWS KMS made {arn}, but then"),
            message: Quoted::sentence(&fault.to_string()),
        };
        settled(deadline, || self.name(&arn, &alias, deadline)).map_err(stray)?;
        let held = settled(deadline, || self.service.public_key(&arn, deadline)).map_err(stray)?;
        match (algorithm, held.public_key) {
            (Algorithm::Ed25519, PublicKey::Ed25519(_)) | (Algorithm::P256, PublicKey::P256(_)) => {}
            (_, other) => {
                let place = format!("AWS KMS made {arn}, but then");
                let message = Quoted::sentence(&format!("it is of another algorithm: {}", other.algorithm()));
                return Err(CustodyFault::Answer { place, message });
            }
        }
        Ok(Placed { uri: KeyUri::AwsKms(self.uri.with_key(&arn)?), public_key: held.public_key })
    }
}
