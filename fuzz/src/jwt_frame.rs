//! The frame of tokens: whatever decodes has exactly the header, and is nothing but its three parts.

use data_encoding::{BASE64, BASE64URL, BASE64URL_NOPAD};
use greatseal_core::StatementId;
use greatseal_core::error::DecodeFault;
use greatseal_core::issue::{IssueFault, Signable, Unsigned};
use greatseal_core::signature::Signature;
use greatseal_core::statement::Kind;
use greatseal_token::wascap::{Claims, decode};
use sha2::{Digest, Sha256};

use crate::input::Input;
use crate::naive::token::{self, HEADER};

/// Headers that are not the one.
const OTHER_HEADERS: [&[u8]; 8] = [
    br#"{"typ":"JWT","alg":"Ed25519"}"#,
    br#"{"typ":"jwt","alg":"EdDSA"}"#,
    br#"{"alg":"Ed25519","typ":"jwt"}"#,
    br#"{"typ":"jwt","alg":"ed25519-nkey"}"#,
    br#"{"typ":"jwt","alg":"none"}"#,
    br#"{"typ":"jwt", "alg":"Ed25519"}"#,
    br#"{"typ":"jwt","alg":"Ed25519","crit":[]}"#,
    br#"["jwt","Ed25519"]"#,
];

/// Claims that can be read.
const CLAIMS: [&str; 4] = [
    r#""jti":"a","iat":1,"iss":"OAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QZVT","sub":"x""#,
    r#""jti":"a","iat":1,"iss":"AAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QPZV","sub":"x","wascap":null"#,
    r#""jti":"","iat":0,"iss":"x","sub":"x""#,
    r#""jti":"a","iat":1,"iss":"OAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QZVT","sub":"x","iat":1"#,
];

/// Takes a token, or, behind a byte that no token begins with, what one is made of.
pub fn check(data: &[u8]) {
    match data.first() {
        Some(0..=3) => text(&made(&mut Input::new(data))),
        _ => text(data),
    }
}

/// Writes a token out of parts, most of them right.
fn made(input: &mut Input<'_>) -> Vec<u8> {
    input.byte();
    let header = match input.byte() {
        choice @ 0..8 => OTHER_HEADERS[usize::from(choice)],
        8..16 => {
            let length = usize::from(input.byte());
            input.take(length)
        }
        _ => HEADER,
    };
    let claims = match input.byte() {
        choice @ 0..128 => {
            // Long enough, with the longest filling, for a token that is too long.
            let filling = "a".repeat(usize::from(input.byte()) * 197 + usize::from(input.byte()));
            format!("{{{},\"filling\":\"{filling}\"}}", CLAIMS[usize::from(choice) % CLAIMS.len()]).into_bytes()
        }
        _ => {
            let length = usize::from(input.byte());
            input.take(length).to_vec()
        }
    };
    let signature = match input.byte() {
        0..32 => {
            let length = usize::from(input.byte()) % 80;
            input.take(length).to_vec()
        }
        _ => input.array::<64>().to_vec(),
    };
    let encodings = input.byte();
    let mut parts = [header, &claims, &signature].map(|part| BASE64URL_NOPAD.encode(part));
    for (at, part) in parts.iter_mut().enumerate() {
        let bytes = [header, &claims, &signature][at];
        match encodings >> (2 * at) & 3 {
            1 => *part = BASE64URL.encode(bytes),
            2 => *part = BASE64.encode(bytes).trim_end_matches('=').to_owned(),
            _ => {}
        }
    }
    let mut token = parts.join(".").into_bytes();
    match encodings >> 6 {
        1 => token.push(b'.'),
        2 => token.push(b'\n'),
        3 => token.insert(0, b' '),
        _ => {}
    }
    input.edit(&mut token);
    token
}

fn text(token: &[u8]) {
    let expected = token::frame(token);
    match decode(token) {
        Ok(decoded) => {
            let frame = expected.expect("a naive reader refuses this frame");
            assert_eq!(decoded.received(), token);
            assert_eq!(decoded.signature().as_bytes(), &frame.signature);
            assert_eq!(token::join(HEADER, &frame.claims, &frame.signature), token);

            // The signature covers everything before the last dot, and the id is of just that.
            let dot = token.iter().rposition(|byte| *byte == b'.').expect("a token has dots");
            assert_eq!(decoded.signed(), &token[..dot]);
            assert_eq!(decoded.id().as_bytes()[..], Sha256::digest(&token[..dot])[..]);
            assert_eq!(decoded.id(), StatementId::of(decoded.signed()));

            // What is read from a token is what would be shown before signing it.
            assert_eq!(Kind::of(decoded.signed()), Some(Kind::WascapToken));
            let unsigned = Unsigned::<Claims>::new(decoded.signed().to_vec()).expect("a reader takes it");
            assert_eq!(unsigned.content(), decoded.content());
            assert_eq!(Claims::assemble(decoded.signed(), decoded.signature()), token);
        }
        Err(fault) => {
            let framed = !matches!(
                fault,
                DecodeFault::Empty
                    | DecodeFault::TooLarge { .. }
                    | DecodeFault::Frame { .. }
                    | DecodeFault::Header { .. }
            );
            assert_eq!(framed, expected.is_some(), "{fault}");
        }
    }
    signable(token);
}

/// Nothing is signed that no reader would take.
fn signable(token: &[u8]) {
    let dot = token.iter().rposition(|byte| *byte == b'.').unwrap_or(token.len());
    let message = &token[..dot];
    match Unsigned::<Claims>::new(message.to_vec()) {
        Ok(unsigned) => {
            let finished = Claims::assemble(message, &Signature::new([0; 64]));
            let decoded = decode(&finished).expect("what is about to be signed can be read");
            assert_eq!(decoded.content(), unsigned.content());
        }
        Err(IssueFault::Kind) => assert!(!message.starts_with(Kind::WascapToken.prefix())),
        Err(IssueFault::Content(_)) => {}
        Err(IssueFault::Result(fault)) => panic!("nothing was signed: {fault}"),
    }
}
