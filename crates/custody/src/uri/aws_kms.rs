//! `awskms://[ENDPOINT]/KEY?region=…&profile=…`: a key in AWS KMS.
//!
//! | part | what it is |
//! |---|---|
//! | `ENDPOINT` | a host and, if need be, a port; empty for AWS's own endpoint of the region |
//! | `KEY` | a key id, `alias/NAME`, or the ARN of either; empty for the service alone |
//! | `region` | the region; an ARN holds it already, else the configuration of AWS names it |
//! | `profile` | a profile of the configuration of AWS, which says where credentials come from |
//!
//! A loopback endpoint is reached by `http`, every other one by `https`, and no URI says otherwise.

use core::net::{Ipv4Addr, Ipv6Addr};
use std::fmt;

use greatseal_core::error::Quoted;

use super::{query, quoted};
use crate::fault::CustodyFault;

/// Characters of the longest key, as the service bounds it, and of a host.
const KEY_LENGTH: usize = 2_048;
const HOST_LENGTH: usize = 253;
/// Characters of a region or profile, above all that there are.
const WORD_LENGTH: usize = 128;

/// A key in AWS KMS, or the service alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsKmsUri {
    endpoint: Option<String>,
    key: Option<String>,
    /// What the URI says; never what an ARN says already.
    region: Option<String>,
    profile: Option<String>,
}

impl AwsKmsUri {
    /// Reads the whole URI, scheme included.
    ///
    /// # Errors
    /// [`CustodyFault::Uri`], naming what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, CustodyFault> {
        Self::read(text).map_err(|problem| CustodyFault::Uri { found: quoted(text), problem })
    }

    fn read(text: &str) -> Result<Self, String> {
        const FORM: &str = "the form is awskms://[ENDPOINT]/KEY?region=REGION&profile=PROFILE";
        let rest = text.strip_prefix("awskms://").ok_or(FORM)?;
        let (place, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let (endpoint, key) = place.split_once('/').ok_or(FORM)?;
        let mut uri = Self { endpoint: None, key: None, region: None, profile: None };
        if !endpoint.is_empty() {
            is_endpoint(endpoint)?;
            uri.endpoint = Some(endpoint.into());
        }
        if !key.is_empty() {
            is_key(key)?;
            uri.key = Some(key.into());
        }
        for (name, value) in query::parse(parameters, '&')? {
            match name {
                "region" => uri.region = Some(is_region(&value).map(|()| value)?),
                "profile" if value.is_empty() || value.len() > WORD_LENGTH => {
                    return Err(format!("a profile has 1 to {WORD_LENGTH} characters"));
                }
                "profile" => uri.profile = Some(value),
                _ => return Err(format!("`{}` is no parameter; there are region and profile", name.escape_debug())),
            }
        }
        let within = uri.key.as_deref().and_then(region_of);
        match (&uri.region, within) {
            (Some(said), Some(within)) if said != within => {
                Err(format!("the ARN is of the region {within}, the parameter says {said}"))
            }
            // Once is enough.
            (Some(_), Some(_)) => Ok(Self { region: None, ..uri }),
            _ => Ok(uri),
        }
    }

    /// Returns the same place with another key in it.
    ///
    /// # Errors
    /// [`CustodyFault::Uri`] for what is no key, or one of another region.
    pub fn with_key(&self, key: &str) -> Result<Self, CustodyFault> {
        // What a service says is held to what a person may write.
        is_key(key).map_err(|problem| CustodyFault::Uri { found: Quoted::new(key), problem })?;
        Self::parse(&Self { key: Some(key.into()), ..self.clone() }.to_string())
    }

    /// Returns the key's id, alias or ARN, if the URI names one.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Says whether the key is named by an alias, which can be pointed at another key.
    #[must_use]
    pub fn is_alias(&self) -> bool {
        let alias = |key: &str| resource_of(key).starts_with("alias/");
        self.key.as_deref().is_some_and(alias)
    }

    /// Returns the region, by the parameter or the key's ARN.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref().or_else(|| self.key.as_deref().and_then(region_of))
    }

    /// Returns the profile of the configuration of AWS.
    #[must_use]
    pub fn profile(&self) -> Option<&str> {
        self.profile.as_deref()
    }

    /// Returns the endpoint, if it is not AWS's own.
    #[must_use]
    pub fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    /// Says whether the endpoint is on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let Some(endpoint) = &self.endpoint else { return false };
        let host = host_of(endpoint);
        host.eq_ignore_ascii_case("localhost")
            || host.parse().is_ok_and(|address: Ipv4Addr| address.is_loopback())
            || v6_of(host).is_some_and(|address| address.is_loopback())
    }
}

impl fmt::Display for AwsKmsUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoint, key, region, profile } = self;
        write!(f, "awskms://{}/{}", endpoint.as_deref().unwrap_or_default(), key.as_deref().unwrap_or_default())?;
        let mut separator = '?';
        for (name, value) in [("region", region), ("profile", profile)] {
            if let Some(value) = value {
                write!(f, "{separator}{name}={}", query::encode(value))?;
                separator = '&';
            }
        }
        Ok(())
    }
}

fn is_endpoint(text: &str) -> Result<(), String> {
    if text.contains('@') {
        return Err("credentials do not belong into a URI: the configuration of AWS has them".into());
    }
    let host = host_of(text);
    let port = text.get(host.len()..).unwrap_or_default();
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0) && !port.starts_with(['+', '0']);
    if !(port.is_empty() || port.strip_prefix(':').is_some_and(is_port)) {
        return Err("the endpoint's port is no number from 1 to 65535".into());
    }
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if v6_of(host).is_some() || (host.len() <= HOST_LENGTH && host.split('.').all(is_label)) {
        Ok(())
    } else {
        Err("the endpoint is a host name or an address, and nothing else stands before the /".into())
    }
}

/// Returns the host of an endpoint; an address of IPv6 keeps its brackets.
fn host_of(endpoint: &str) -> &str {
    match endpoint.rsplit_once(':') {
        Some((host, _)) if !endpoint.ends_with(']') => host,
        _ => endpoint,
    }
}

fn v6_of(host: &str) -> Option<Ipv6Addr> {
    host.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

fn is_key(text: &str) -> Result<(), String> {
    if text.len() > KEY_LENGTH {
        return Err(format!("a key has at most {KEY_LENGTH} characters"));
    }
    let is_id = |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let is_alias_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/_-".contains(&byte))
    };
    let good = if let Some(arn) = text.strip_prefix("arn:") {
        let mut parts = arn.splitn(5, ':');
        let partition = parts.next().is_some_and(|part| part.starts_with("aws") && is_id(part));
        let service = parts.next() == Some("kms");
        let region = parts.next().is_some_and(|part| is_region(part).is_ok());
        let account = parts.next().is_some_and(is_id);
        let resource = parts.next().is_some_and(|part| {
            part.strip_prefix("key/").is_some_and(is_id) || part.strip_prefix("alias/").is_some_and(is_alias_name)
        });
        partition && service && region && account && resource
    } else if let Some(name) = text.strip_prefix("alias/") {
        is_alias_name(name)
    } else {
        is_id(text)
    };
    if good { Ok(()) } else { Err("a key is a key id, alias/NAME, or arn:aws:kms:REGION:ACCOUNT:key/ID".into()) }
}

fn is_region(text: &str) -> Result<(), String> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=WORD_LENGTH).contains(&text.len()) && text.bytes().all(allowed) {
        Ok(())
    } else {
        Err("a region is of lower-case letters, digits and hyphens, such as eu-central-1".into())
    }
}

/// Returns what an ARN names, and other keys as they are.
fn resource_of(key: &str) -> &str {
    if key.starts_with("arn:") { key.splitn(6, ':').nth(5).unwrap_or_default() } else { key }
}

fn region_of(key: &str) -> Option<&str> {
    key.strip_prefix("arn:")?.split(':').nth(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

    fn uri(text: &str) -> AwsKmsUri {
        AwsKmsUri::parse(text).unwrap()
    }

    #[test]
    fn text_goes_both_ways() {
        for text in [
            "awskms:///".to_owned(),
            "awskms:///?region=eu-central-1".into(),
            format!("awskms:///{ID}"),
            "awskms:///mrk-1234abcd12ab34cd56ef1234567890ab?region=eu-central-1&profile=signing".into(),
            format!("awskms:///arn:aws:kms:eu-central-1:111122223333:key/{ID}?profile=a%20b"),
            "awskms:///arn:aws-us-gov:kms:us-gov-west-1:111122223333:alias/a/b_c".into(),
            "awskms:///alias/greatseal/acme/payments-1?region=us-east-1".into(),
            format!("awskms://vpce-1.kms.eu-central-1.vpce.amazonaws.com/{ID}?region=eu-central-1"),
            format!("awskms://127.0.0.1:8080/{ID}?region=eu-central-1"),
            format!("awskms://[::1]:8080/{ID}"),
        ] {
            assert_eq!(uri(&text).to_string(), text);
        }
    }

    #[test]
    fn the_parts_are_told() {
        let whole = uri(&format!("awskms://kms.example:8443/{ID}?profile=p&region=eu-central-1"));
        assert_eq!((whole.endpoint(), whole.key()), (Some("kms.example:8443"), Some(ID)));
        assert_eq!((whole.region(), whole.profile()), (Some("eu-central-1"), Some("p")));
        let least = uri("awskms:///");
        assert_eq!((least.endpoint(), least.key(), least.region(), least.profile()), (None, None, None, None));
    }

    #[test]
    fn an_arn_says_its_region() {
        let arn = format!("arn:aws:kms:eu-central-1:111122223333:key/{ID}");
        assert_eq!(uri(&format!("awskms:///{arn}")).region(), Some("eu-central-1"));
        assert_eq!(uri(&format!("awskms:///{arn}?region=eu-central-1")).to_string(), format!("awskms:///{arn}"));
        let message = AwsKmsUri::parse(&format!("awskms:///{arn}?region=us-east-1")).unwrap_err().to_string();
        assert!(message.contains("of the region eu-central-1"), "{message}");
        let placed = uri("awskms://kms.example/?region=eu-central-1&profile=p").with_key(&arn).unwrap();
        assert_eq!(placed.to_string(), format!("awskms://kms.example/{arn}?profile=p"));
        assert!(uri("awskms:///?region=us-east-1").with_key(&arn).is_err());
        assert!(uri("awskms:///").with_key("a?profile=b").is_err());
    }

    #[test]
    fn aliases_are_told_from_keys() {
        assert!(uri("awskms:///alias/a").is_alias());
        assert!(uri("awskms:///arn:aws:kms:eu-central-1:111122223333:alias/a").is_alias());
        assert!(!uri(&format!("awskms:///arn:aws:kms:eu-central-1:111122223333:key/{ID}")).is_alias());
        assert!(!uri(&format!("awskms:///{ID}")).is_alias() && !uri("awskms:///").is_alias());
    }

    #[test]
    fn only_this_machine_is_reached_in_the_clear() {
        for host in ["localhost", "LOCALHOST:1", "127.0.0.1", "127.9.9.9:80", "[::1]", "[::1]:80"] {
            assert!(uri(&format!("awskms://{host}/")).is_loopback(), "{host}");
        }
        for host in ["", "localhost.example", "128.0.0.1", "127.0.0.1.example", "127.1", "[::2]:80", "10.0.0.1"] {
            assert!(!uri(&format!("awskms://{host}/")).is_loopback(), "{host}");
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        let long = "a".repeat(2_049);
        for rest in [
            "",
            ":",
            ":/",
            ":///",
            "//",
            "//host",
            "///a b",
            "///a%20b",
            "///a#b",
            "///../a",
            "///a/b",
            "///alias/",
            "///alias/a b",
            "///alias/ä",
            "///key/a",
            "///arn:",
            "///arn:aws:s3:eu-central-1:1:key/a",
            "///arn:aws:kms:eu-central-1:111122223333:key/",
            "///arn:aws:kms:EU:111122223333:key/a",
            "///arn:x:kms:eu-central-1:1:key/a",
            "///arn:aws:kms:eu-central-1:1:key/a/b",
            "///arn:aws:kms::1:key/a",
            "//user:secret@host/a",
            "//ho st/a",
            "//host:/a",
            "//host:0/a",
            "//host:65536/a",
            "//host:+1/a",
            "//-host/a",
            "//host-/a",
            "//a..b/a",
            "//.a/a",
            "//[::1/a",
            "//::1/a",
            "//[::g]/a",
            "//hö/a",
            "//http://host/a",
            "///a?region=",
            "///a?region=EU",
            "///a?region=a&region=a",
            "///a?profile=",
            "///a?profile=%0a",
            "///a?key=1",
            "///a?region",
            "///a?region=a.b",
            &long,
        ] {
            let text = format!("awskms:{rest}");
            assert!(matches!(AwsKmsUri::parse(&text), Err(CustodyFault::Uri { .. })), "{text}");
        }
        assert!(AwsKmsUri::parse("AWSKMS:///a").is_err());
    }
}
