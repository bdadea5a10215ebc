//! UCANs in files: one token or a container of several, in binary or as text.

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD};
use greatseal_core::decide::Candidate;
use greatseal_core::error::{Fault, UcanFault};
use greatseal_core::limits::{CONTAINER_BYTES, UCAN_BYTES};
use greatseal_core::statement::Statement;
use greatseal_token::ucan::{Ucan, container};

/// How the base64 of a UCAN begins: an array of two, whose first is 64 bytes.
const TEXT_START: &[u8] = b"glhA";

/// The header bytes of containers whose rest is text, and of those whose rest is binary; gzip under
/// three more in one peer, which are refused by name.
const TEXT_HEADERS: &[u8] = b"BCOP";
const BINARY_HEADERS: &[u8] = b"@MDEF";

/// The UCANs of one file, not yet decoded, in their order.
#[derive(Clone, Debug)]
pub(crate) struct Ucans {
    pub(crate) tokens: Vec<Vec<u8>>,
    /// Whether they came in a container.
    pub(crate) contained: bool,
}

/// What the beginning of a file says of its size: none for what is no UCAN.
pub(super) fn limit(head: &[u8]) -> Option<u64> {
    match form(head)? {
        // As text it takes a third more.
        Form::Token | Form::TokenText => Some(UCAN_BYTES as u64 * 3 / 2),
        Form::Container => Some(CONTAINER_BYTES as u64),
    }
}

/// Reads the UCANs of a file; none for what is something else.
pub(super) fn read(bytes: &[u8]) -> Option<Result<Ucans, Fault>> {
    let text = bytes.trim_ascii_end();
    Some(match form(bytes)? {
        Form::Token => Ok(Ucans { tokens: vec![bytes.to_vec()], contained: false }),
        Form::TokenText => match of_text(text) {
            Some(token) => Ok(Ucans { tokens: vec![token], contained: false }),
            None => Err(envelope("is base64 that was changed or cut off")),
        },
        Form::Container => {
            // The line break at the end of a text file is nobody's.
            let is_text = bytes.first().is_some_and(|first| TEXT_HEADERS.contains(first));
            match container::read(if is_text { text } else { bytes }) {
                Ok(tokens) => Ok(Ucans { tokens, contained: true }),
                Err(fault) => Err(fault.into()),
            }
        }
    })
}

enum Form {
    Token,
    TokenText,
    Container,
}

fn form(bytes: &[u8]) -> Option<Form> {
    let (first, second) = (bytes.first().copied()?, bytes.get(1).copied());
    // An array of CBOR, as short as it can be or not, and of another count only where 64 bytes
    // follow: what is nearly a UCAN is told what it lacks, and a picture is none.
    let is_array = match first {
        0x82 | 0x9f => true,
        0x98 => second == Some(2),
        0x99..=0x9b => second == Some(0),
        0x80..=0x97 => bytes.get(1..3) == Some(&[0x58, 0x40]),
        _ => false,
    };
    if is_array {
        return Some(Form::Token);
    }
    if bytes.starts_with(TEXT_START) {
        return Some(Form::TokenText);
    }
    // What follows is a map, or gzip.
    if BINARY_HEADERS.contains(&first) && second.is_some_and(|byte| (0xa0..0xc0).contains(&byte) || byte == 0x1f) {
        return Some(Form::Container);
    }
    let text = bytes.trim_ascii_end();
    // Other tokens have dots, and keys are of capital letters only.
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_+/=".contains(byte);
    let is_text = text.iter().all(is_base64) && text.iter().any(u8::is_ascii_lowercase);
    (TEXT_HEADERS.contains(&first) && is_text).then_some(Form::Container)
}

fn of_text(text: &[u8]) -> Option<Vec<u8>> {
    [BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD].iter().find_map(|encoding| encoding.decode(text).ok())
}

fn envelope(rule: &'static str) -> Fault {
    greatseal_core::error::DecodeFault::from(UcanFault::Envelope { rule }).into()
}

impl Ucans {
    /// Chooses the token that is asked about, by its position: the one invocation, or among
    /// delegations the one that no other of them rests on.
    ///
    /// # Errors
    /// When there are several, or none.
    pub(crate) fn target(&self, read: &[Candidate<Ucan>]) -> Result<usize, Fault> {
        let container = |rule| Fault::from(greatseal_core::error::DecodeFault::from(UcanFault::Container { rule }));
        let invocations: Vec<usize> = positions(read, |candidate| candidate.content().grant().invocation().is_some());
        match invocations.as_slice() {
            [only] => return Ok(*only),
            [] => {}
            [..] => return Err(container("holds several invocations; unpack it to verify each by itself")),
        }
        let issuers: Vec<_> = read.iter().map(|candidate| candidate.content().signer()).collect();
        let last = |candidate: &Candidate<Ucan>| {
            candidate.content().grant().delegation().is_some_and(|it| !issuers.contains(&it.audience))
        };
        match positions(read, last).as_slice() {
            [only] => Ok(*only),
            [] => Err(container("holds no token to ask about")),
            [..] => Err(container("holds delegations to several; unpack it to verify each by itself")),
        }
    }
}

fn positions(read: &[Candidate<Ucan>], is: impl Fn(&Candidate<Ucan>) -> bool) -> Vec<usize> {
    read.iter().enumerate().filter(|(_, candidate)| is(candidate)).map(|(at, _)| at).collect()
}
