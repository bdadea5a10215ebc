//! `pkcs11:token=…;object=…;id=…?module-path=…`: a key in a token (RFC 7512).

use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};

use greatseal_core::error::Quoted;
use greatseal_core::limits::UCAN_BYTES;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::query;
use crate::fault::CustodyFault;

const SCHEME: &str = "pkcs11:";

/// What is escaped before the question mark: all but RFC 3986's unreserved characters.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Bytes of the smallest message that a token may be limited to: less than that holds no token of ours.
const LEAST_MESSAGE: usize = 2_000;

/// A key in a token, or the token alone.
///
/// Before the question mark stands which token and which key, behind it how to reach them:
///
/// ```text
/// pkcs11:token=acme;object=payments;id=%01?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/run/pin
/// ```
///
/// | attribute | names |
/// |---|---|
/// | `token`, `manufacturer`, `model`, `serial`, `slot-id` | the token; at least one of them |
/// | `object`, `id` | the key, by its label and its identifier; neither names the token alone |
/// | `type` | nothing but `private`, which is meant anyway |
/// | `module-path` | the PKCS#11 module, as an absolute path |
/// | `pin-source` | the file with the PIN in its first line; without it somebody is asked |
/// | `x-max-message` | bytes of the largest message that the token takes |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pkcs11Uri {
    token: TokenMarks,
    object: Option<String>,
    id: Option<Vec<u8>>,
    module_path: PathBuf,
    pin_source: Option<PathBuf>,
    max_message: Option<usize>,
}

/// By what a token is known; what is not given is not looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenMarks {
    /// Its label.
    pub label: Option<String>,
    /// Who made it.
    pub manufacturer: Option<String>,
    /// Which model it is.
    pub model: Option<String>,
    /// Its serial number.
    pub serial: Option<String>,
    /// The slot that it is in.
    pub slot: Option<u64>,
}

impl Pkcs11Uri {
    /// Reads the whole URI, scheme included.
    ///
    /// # Errors
    /// [`CustodyFault::Uri`], naming what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, CustodyFault> {
        read(text).map_err(|problem| {
            // A PIN that stands there all the same is not repeated.
            let found = if text.contains("pin-value") {
                Quoted::sentence("a pkcs11: URI with a pin-value (not repeated)")
            } else {
                Quoted::new(text)
            };
            CustodyFault::Uri { found, problem }
        })
    }

    /// Returns the same token with one key in it.
    #[must_use]
    pub fn with_key(&self, object: &str, id: &[u8]) -> Self {
        Self { object: Some(object.into()), id: Some(id.into()), ..self.clone() }
    }

    /// Returns by what the token is known.
    #[must_use]
    pub const fn token(&self) -> &TokenMarks {
        &self.token
    }

    /// Returns the label of the key.
    #[must_use]
    pub fn object(&self) -> Option<&str> {
        self.object.as_deref()
    }

    /// Returns the identifier of the key.
    #[must_use]
    pub fn id(&self) -> Option<&[u8]> {
        self.id.as_deref()
    }

    /// Writes an identifier as RFC 7512 recommends: every byte escaped.
    #[must_use]
    pub fn spell_id(id: &[u8]) -> String {
        id.iter().fold(String::new(), |mut text, byte| {
            // Writing to a string does not fail.
            let _ = write!(text, "%{byte:02X}");
            text
        })
    }

    /// Says whether a key is named, and not the token alone.
    #[must_use]
    pub const fn names_key(&self) -> bool {
        self.object.is_some() || self.id.is_some()
    }

    /// Returns the file of the module.
    #[must_use]
    pub fn module_path(&self) -> &Path {
        &self.module_path
    }

    /// Returns the file with the PIN.
    #[must_use]
    pub fn pin_source(&self) -> Option<&Path> {
        self.pin_source.as_deref()
    }

    /// Returns the bytes of the largest message: as stated, or those of the largest statement there is.
    #[must_use]
    pub fn max_message(&self) -> usize {
        self.max_message.unwrap_or(UCAN_BYTES)
    }
}

impl fmt::Display for Pkcs11Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TokenMarks { label, manufacturer, model, serial, slot } = &self.token;
        let slot = slot.map(|slot| slot.to_string());
        let named = [
            ("token", label.as_ref()),
            ("manufacturer", manufacturer.as_ref()),
            ("model", model.as_ref()),
            ("serial", serial.as_ref()),
            ("slot-id", slot.as_ref()),
            ("object", self.object.as_ref()),
        ];
        let mut separator = SCHEME;
        for (name, value) in named {
            let Some(value) = value else { continue };
            write!(f, "{separator}{name}={}", utf8_percent_encode(value, ESCAPED))?;
            separator = ";";
        }
        if let Some(id) = &self.id {
            write!(f, "{separator}id={}", Self::spell_id(id))?;
        }
        write!(f, "?module-path={}", query::encode(&self.module_path.to_string_lossy()))?;
        if let Some(path) = &self.pin_source {
            write!(f, "&pin-source=file:{}", query::encode(&path.to_string_lossy()))?;
        }
        if let Some(bytes) = self.max_message {
            write!(f, "&x-max-message={bytes}")?;
        }
        Ok(())
    }
}

fn read(text: &str) -> Result<Pkcs11Uri, String> {
    let rest = text.strip_prefix(SCHEME).ok_or("it does not begin with pkcs11:")?;
    let (path, behind) = rest.split_once('?').unwrap_or((rest, ""));
    let mut token = TokenMarks::default();
    let (mut object, mut id, mut kind) = (None, None, None);
    for pair in path.split(';').filter(|pair| !pair.is_empty()) {
        let (name, value) =
            pair.split_once('=').ok_or_else(|| format!("`{}` is no name=value", pair.escape_debug()))?;
        let place = match name {
            "id" => {
                put(&mut id, name, identifier(value)?)?;
                continue;
            }
            "slot-id" => {
                put(&mut token.slot, name, number(name, value)?)?;
                continue;
            }
            "token" => &mut token.label,
            "manufacturer" => &mut token.manufacturer,
            "model" => &mut token.model,
            "serial" => &mut token.serial,
            "object" => &mut object,
            "type" => &mut kind,
            "pin-value" => return Err(PIN_VALUE.into()),
            other => {
                return Err(format!(
                    "`{}` is not among token, manufacturer, model, serial, slot-id, object, id and type",
                    other.escape_debug()
                ));
            }
        };
        put(place, name, filled(name, query::decode(value)?)?)?;
    }
    if kind.as_deref().is_some_and(|kind| kind != "private") {
        return Err("a key that signs has type=private".into());
    }
    if token == TokenMarks::default() {
        return Err("it names no token: add `token=LABEL`, `serial=NUMBER` or `slot-id=NUMBER`".into());
    }
    let (mut module_path, mut pin_source, mut max_message) = (None, None, None);
    if behind.split('&').any(|pair| pair.split('=').next() == Some("pin-value")) {
        return Err(PIN_VALUE.into());
    }
    for (name, value) in query::parse(behind, '&')? {
        match name {
            "module-path" => module_path = Some(absolute(name, &value)?),
            "pin-source" => pin_source = Some(pin_file(&value)?),
            "x-max-message" => max_message = Some(message_bytes(name, &value)?),
            "module-name" => return Err("a module is named by its path: `module-path=/…`".into()),
            other => {
                return Err(format!(
                    "`{}` is not among module-path, pin-source and x-max-message",
                    other.escape_debug()
                ));
            }
        }
    }
    let module_path = module_path
        .ok_or("it names no module: add `?module-path=/…`, such as /usr/lib/softhsm/libsofthsm2.so for SoftHSM")?;
    Ok(Pkcs11Uri { token, object, id, module_path, pin_source, max_message })
}

const PIN_VALUE: &str = "a PIN does not belong into a table or a command: write it into a file of its own and name \
                         that with `pin-source=file:/…`, or leave it out and be asked";

fn put<T>(place: &mut Option<T>, name: &str, value: T) -> Result<(), String> {
    if place.replace(value).is_some() { Err(format!("`{name}` stands there twice")) } else { Ok(()) }
}

fn filled(name: &str, value: String) -> Result<String, String> {
    if value.is_empty() { Err(format!("`{name}` is empty")) } else { Ok(value) }
}

fn number(name: &str, text: &str) -> Result<u64, String> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain).ok_or_else(|| format!("`{name}` is no number"))
}

/// Reads the bytes of an identifier, which need not be text.
fn identifier(text: &str) -> Result<Vec<u8>, String> {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('%') {
        let digits = after.get(..2).filter(|two| two.bytes().all(|byte| byte.is_ascii_hexdigit()));
        digits.ok_or("a % is not followed by two hexadecimal digits")?;
        rest = after.get(2..).unwrap_or_default();
    }
    let id: Vec<u8> = percent_decode_str(text).collect();
    if id.is_empty() { Err("`id` is empty".into()) } else { Ok(id) }
}

/// A relative path would be looked for wherever the loader looks.
fn absolute(name: &str, text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.is_absolute() { Ok(path) } else { Err(format!("`{name}` is no absolute path")) }
}

fn pin_file(text: &str) -> Result<PathBuf, String> {
    if text.starts_with('|') {
        return Err("`pin-source` names a file; programs are not run for it".into());
    }
    let path = text.strip_prefix("file://").or_else(|| text.strip_prefix("file:")).unwrap_or(text);
    // Behind `file:`, two slashes in front would be read as what comes before a host.
    if path.starts_with('/') {
        return absolute("pin-source", &format!("/{}", path.trim_start_matches('/')));
    }
    absolute("pin-source", path)
}

fn message_bytes(name: &str, text: &str) -> Result<usize, String> {
    let fits = |bytes: &usize| (LEAST_MESSAGE..=UCAN_BYTES).contains(bytes);
    usize::try_from(number(name, text)?)
        .ok()
        .filter(fits)
        .ok_or_else(|| format!("`{name}` is not between {LEAST_MESSAGE} and {UCAN_BYTES}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODULE: &str = "?module-path=/usr/lib/softhsm/libsofthsm2.so";

    fn parse(text: &str) -> Result<Pkcs11Uri, CustodyFault> {
        Pkcs11Uri::parse(text)
    }

    #[test]
    fn text_goes_both_ways() {
        for text in [
            format!("pkcs11:token=acme{MODULE}"),
            format!("pkcs11:token=acme;object=acme%2Fpayments-1;id=%01%FF%00{MODULE}&pin-source=file:/run/pin"),
            format!("pkcs11:token=a%20b;manufacturer=M;model=X%3B;serial=0f;slot-id=7;object=k{MODULE}"),
            format!("pkcs11:serial=1;id=%01{MODULE}&x-max-message=2000"),
            format!("pkcs11:token=%C3%A4{MODULE}"),
        ] {
            assert_eq!(parse(&text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn one_meaning_has_one_spelling() {
        let plain = parse(&format!("pkcs11:token=acme;object=k;id=AB{MODULE}&pin-source=file:/p")).unwrap();
        for text in [
            format!("pkcs11:id=%41%42;object=%6b;type=private;token=acme{MODULE}&pin-source=/p"),
            format!("pkcs11:token=acme;object=k;id=%41B?pin-source=file:///p&{}", &MODULE[1..]),
        ] {
            assert_eq!(parse(&text).unwrap(), plain);
        }
        assert!(plain.to_string().contains("id=%41%42"), "{plain}");
    }

    #[test]
    fn whatever_is_read_is_written_so_that_it_is_read_again() {
        let plain = parse(&format!("pkcs11:token=acme{MODULE}&pin-source=file:/run/pin")).unwrap();
        for source in ["//run/pin", "///run/pin", "file://///run/pin", "file:////run/pin", "%2F%2Frun/pin"] {
            let uri = parse(&format!("pkcs11:token=acme{MODULE}&pin-source={source}")).unwrap();
            assert_eq!(uri, plain, "{source}");
        }
        let module = parse("pkcs11:token=acme?module-path=//usr/lib/a.so").unwrap();
        for uri in [plain, module] {
            assert_eq!(parse(&uri.to_string()).unwrap(), uri);
        }
    }

    #[test]
    fn a_uri_without_a_key_names_the_token_alone() {
        let place = parse(&format!("pkcs11:token=acme{MODULE}")).unwrap();
        assert!(!place.names_key());
        assert_eq!(place.max_message(), UCAN_BYTES);
        let key = place.with_key("acme/k", &[1]);
        assert!(key.names_key());
        assert_eq!(key.to_string(), format!("pkcs11:token=acme;object=acme%2Fk;id=%01{MODULE}"));
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (text, words) in [
            ("pkcs11:".to_owned(), "names no token"),
            (format!("pkcs11:object=k{MODULE}"), "names no token"),
            ("pkcs11:token=acme".into(), "names no module"),
            ("pkcs11:token=acme?module-path=softhsm.so".into(), "no absolute path"),
            (format!("pkcs11:token=acme{MODULE}&module-name=x"), "by its path"),
            (format!("pkcs11:token=acme;token=b{MODULE}"), "twice"),
            (format!("pkcs11:token=acme{MODULE}&{}", &MODULE[1..]), "twice"),
            (format!("pkcs11:token={MODULE}"), "empty"),
            (format!("pkcs11:token=acme;id={MODULE}"), "empty"),
            (format!("pkcs11:token=acme;id=%1{MODULE}"), "hexadecimal"),
            (format!("pkcs11:token=acme;object=%ff{MODULE}"), "UTF-8"),
            (format!("pkcs11:token=acme;object=%00{MODULE}"), "control"),
            (format!("pkcs11:token=acme;object{MODULE}"), "no name=value"),
            (format!("pkcs11:token=acme;type=public{MODULE}"), "type=private"),
            (format!("pkcs11:token=acme;slot-id=+7{MODULE}"), "no number"),
            (format!("pkcs11:token=acme;colour=red{MODULE}"), "not among"),
            (format!("pkcs11:token=acme{MODULE}&colour=red"), "not among"),
            (format!("pkcs11:token=acme{MODULE}&pin-source=pin"), "no absolute path"),
            (format!("pkcs11:token=acme{MODULE}&pin-source=|/bin/pin"), "not run"),
            (format!("pkcs11:token=acme{MODULE}&x-max-message=100"), "between"),
            (format!("pkcs11:token=acme{MODULE}&x-max-message=99999999"), "between"),
        ] {
            let fault = parse(&text).unwrap_err();
            assert!(matches!(fault, CustodyFault::Uri { .. }));
            assert!(fault.to_string().contains(words), "{text}: {fault}");
        }
    }

    #[test]
    fn a_pin_in_a_uri_is_refused_and_not_repeated() {
        for text in [
            format!("pkcs11:token=acme{MODULE}&pin-value=1234"),
            "pkcs11:token=acme?pin-value=1234%".to_owned(),
            "pkcs11:token=acme;pin-value=1234".into(),
            format!("pkcs11:colour=red{MODULE}&pin-value=1234"),
        ] {
            let fault = parse(&text).unwrap_err();
            assert!(!format!("{fault} {fault:?}").contains("1234"), "{fault:?}");
        }
        let fault = parse(&format!("pkcs11:token=acme{MODULE}&pin-value=1234")).unwrap_err().to_string();
        assert!(fault.contains("pin-source=file:"), "{fault}");
    }
}
